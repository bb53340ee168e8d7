import { defineConfig } from 'vitest/config';

/** Ends what hangs, and measures nothing: on a busy machine a server may take half a minute to start. No test waits that long when it passes. */
const TEST_MS_MAX = 180_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/event-loop.ts'],
    // Two cores: servers under test need one of them.
    maxWorkers: 2,
    minWorkers: 1,
    testTimeout: TEST_MS_MAX,
    hookTimeout: TEST_MS_MAX,
    expect: { poll: { timeout: TEST_MS_MAX / 3, interval: 20 } },
  },
});
