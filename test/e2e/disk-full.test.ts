/**
 * A server on a file system of 32 MiB that runs full: writes are refused with 503 until there is room again, queries go on, and every
 * acknowledged sample is there afterwards, also after a kill. Needs the right to mount a tmpfs; without it the test is left out.
 */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { value } from './support/query.js';
import { Server } from './support/server.js';

const SERIES = 2000;
const ballast = 'ballast';

function mountSmall(): string | undefined {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', directory], { stdio: 'ignore' });
    return directory;
  } catch {
    fs.rmdirSync(directory);
    return undefined;
  }
}

const mounted = process.platform === 'linux' ? mountSmall() : undefined;
let server: Server | undefined;
afterAll(async () => {
  await server?.kill();
  if (mounted === undefined) return;
  execFileSync('umount', [mounted]);
  fs.rmdirSync(mounted);
});

it.skipIf(mounted === undefined)('a full disk costs 503 answers and nothing else', async () => {
  server = await Server.start({ directory: path.join(mounted!, 'data') });
  const filler = path.join(mounted!, ballast);
  const firstMs = Date.now() - 600_000;
  const acknowledged = new Set<number>();
  const send = async (step: number): Promise<{ status: number; text: string; retryAfter: string | null }> => {
    const series = Array.from({ length: SERIES }, (_, s) => ({
      labels: { __name__: 'full_total', s: String(s) }, samples: [{ timestampMs: firstMs + step * 1000, value: step + s / 7 }],
    }));
    const { status, text, headers } = await write(server!.url, 1, series);
    if (status === 204) acknowledged.add(step);
    return { status, text, retryAfter: headers.get('retry-after') };
  };
  expect((await send(0)).status).toBe(204);

  // All the room but a little, and then the log takes the rest.
  const { bavail, bsize } = fs.statfsSync(mounted!);
  fs.writeFileSync(filler, Buffer.alloc(bavail * bsize - 256 * 1024));
  let step = 1;
  let refused = await send(step);
  while (refused.status === 204 && step < 100) refused = await send(++step);
  expect(refused.status, refused.text).toBe(503);
  expect(refused.text).toMatch(/log.*(ENOSPC|no space)/i);
  expect(Number(refused.retryAfter)).toBeGreaterThan(0);
  expect((await send(step)).status, 'a retry while the disk is full').toBe(503);
  expect(await value(server.url, `count(full_total)`, (firstMs + 1000) / 1000)).toBe(SERIES);

  fs.rmSync(filler);
  await eventually('the refused request is taken once there is room', async () => (await send(step)).status === 204, () => server!.log);
  await send(++step);
  await server.kill();
  server = await server.again();
  const end = (firstMs + step * 1000) / 1000;
  expect(await value(server.url, `count(count_over_time(full_total[10m]) == ${acknowledged.size})`, end)).toBe(SERIES);
  const sum = [...acknowledged].reduce((total, one) => total + one, 0);
  expect(await value(server.url, 'sum_over_time(full_total{s="0"}[10m])', end)).toBe(sum);
});
