import { setTimeout as sleep } from 'node:timers/promises';

/** Enough for a machine with much else to do; a test that passes does not wait that long. */
const WAIT_MS_MAX = 90_000;
const PAUSE_MS = 20;

/**
 * Waits until `holds`, for what another process or thread does in its own time.
 * @param details what is known then, for the error
 * @throws if it takes longer than any machine should need
 */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>, details: () => string = () => ''): Promise<void> {
  for (const deadline = Date.now() + WAIT_MS_MAX; !(await holds()); await sleep(PAUSE_MS)) {
    if (Date.now() > deadline) throw new Error(`did not happen in ${WAIT_MS_MAX / 1000} s: ${what}\n${details()}`);
  }
}
