/** Label limits hold on the fast path, too: for series that the kernels could store by themselves. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { write } from '../support/remote-write-client.js';
import { query } from './support/query.js';
import { Server } from './support/server.js';

let server: Server;
beforeAll(async () => {
  server = await Server.start({ environment: { NARTHEX_LIMITS_MAX_LABEL_VALUE_LENGTH: '100', NARTHEX_LIMITS_MAX_LABEL_NAMES_PER_SERIES: '30' } });
});
afterAll(() => server.remove());

let t = Date.now() - 60_000;
const one = (labels: Record<string, string>) => ({ labels, samples: [{ timestampMs: (t += 1), value: 1 }] });
const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`l${i}`, 'v']));

it.each([1, 2] as const)('remote write %i', async (version) => {
  // The first body opens the head and is decoded in full; the second goes through the kernels.
  for (const round of ['a', 'b']) {
    const sent = [one({ __name__: 'x', round }), one({ __name__: 'x', round, long: 'y'.repeat(101) }), one({ __name__: 'x', round, ...many })];
    const { status } = await write(server.url, version, sent);
    expect(status).toBe(version === 1 ? 204 : 400);
    expect((await query(server.url, `x{round="${round}"}`)).map(({ labels }) => labels)).toEqual([{ __name__: 'x', round }]);
  }
});
