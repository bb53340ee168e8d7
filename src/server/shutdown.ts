import type { OtlpListeners } from '../grpc/otlp-listeners.js';
import type { Listener } from '../http/listener.js';
import { systemClock } from '../io/clock.js';
import type { Logger } from '../telemetry/logger.js';

/**
 * How long a shutdown waits for requests and queries in flight. With `storage.head.snapshot_timeout` behind it as much as Docker waits
 * before it kills; Kubernetes waits 30 s, systemd 90 s.
 */
const DRAIN_MS = 5_000;

/** The orderly end, once; a second signal ends the process at once. */
export class Shutdown {
  begun = false;

  constructor(private readonly logger: Logger, private readonly end: () => Promise<void>) {}

  begin(reason: string): void {
    if (this.begun) {
      this.logger.warn(`${reason} while stopping: ending at once`);
      process.exit(1);
    }
    this.begun = true;
    this.logger.info(`stopping because of ${reason}`);
    this.end().then(() => {
      this.logger.info('stopped');
      process.exit(0);
    }, (error: unknown) => {
      this.logger.fatal({ err: error }, 'the shutdown failed');
      process.exit(1);
    });
  }
}

/** Waits for requests in flight, and breaks their connections if they take too long. */
export async function drain(listeners: readonly (Listener | OtlpListeners | undefined)[], logger: Logger): Promise<void> {
  const late = systemClock.after(DRAIN_MS, () => {
    logger.warn(`requests are still in flight after ${DRAIN_MS} ms, closing their connections`);
    for (const listener of listeners) listener?.closeAllConnections();
  });
  await Promise.all(listeners.map((listener) => listener?.close()));
  late.cancel();
}
