/** Young generations of threads, in a server that is started as `npm start` does it. */
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { tempDirectory } from '../support/store-fixture.js';
import { built } from './fixtures/built.js';

/** Runs in each thread before our code: garbage, part of which survives long enough, makes a young generation as large as it may be. */
const CHURN = `
  const { isMainThread } = require('node:worker_threads');
  if (!isMainThread) {
    const kept = [];
    for (let i = 0; i < 3e6; i++) kept[i % 200_000] = { i, list: [i] };
    const { space_size: bytes } = require('node:v8').getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
    process._rawDebug('young ' + bytes / 2 ** 20);
  }
`;

it('of workers stay small, whatever --max-semi-space-size gives to the main thread', async () => {
  const directory = tempDirectory();
  const preloaded = path.join(directory, 'churn.cjs');
  fs.writeFileSync(preloaded, CHURN);
  const server = spawn(process.execPath, [
    '--max-semi-space-size=64', '--require', preloaded, fileURLToPath(built('main.js')), `--storage.tsdb.path=${path.join(directory, 'data')}`,
    '--web.listen-address=127.0.0.1:0', '--otlp.grpc-listen-address=off', '--otlp.http-listen-address=off',
  ], { stdio: ['ignore', 'ignore', 'pipe'] });
  try {
    const sizes: number[] = [];
    for await (const line of createInterface({ input: server.stderr })) {
      if (line.startsWith('young ')) sizes.push(Number(line.slice(6)));
      // The maintenance and the query worker that start with the server.
      if (sizes.length === 2) break;
    }
    expect(sizes).toHaveLength(2);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(16);
  } finally {
    server.kill('SIGKILL');
    fs.rmSync(directory, { recursive: true, force: true });
  }
});
