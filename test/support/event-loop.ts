/**
 * Run before every test file (vitest.config.ts). Between tests that wait for nothing the event loop does not turn, so that a file of them
 * reads no answer of the runner's as long as it lasts; when that is a minute, on a busy machine, vitest 3 fails the whole run with
 * `Timeout calling "onTaskUpdate"`, although every test passed.
 */
import { setImmediate } from 'node:timers/promises';
import { afterEach } from 'vitest';

// Once may lead from where messages are read to where they would be read next.
afterEach(async () => {
  await setImmediate();
  await setImmediate();
});
