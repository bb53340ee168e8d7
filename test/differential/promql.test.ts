/**
 * Random PromQL over the same data in a real Prometheus and here. More of it, and with other seeds:
 * `node dist/tools/differential/main.js --prometheus PATH --queries 2000 --seed 7,8,9 --storage both`.
 */
import { describe, expect, it } from 'vitest';
import { runDifferential } from '../../src/tools/differential/run.js';
import { peer, peersMissing, peersNote } from './peers.js';

/** Of heads, and again of blocks. */
const QUERIES = 300;

describe.skipIf(peersMissing)(`random queries, there and here${peersNote}`, () => {
  it.each([1, 2] as const)('written by remote write %d.0', async (write) => {
    const { asked, answered, failures } = await runDifferential({
      prometheus: peer('prometheus')!, queries: QUERIES, seed: 40 + write, write, places: ['heads', 'blocks'], notes: true, stats: true,
    });
    expect(failures).toEqual([]);
    expect(asked).toBe(2 * QUERIES);
    // Most questions have an answer, so that equality means something.
    expect(answered).toBeGreaterThan(0.5 * asked);
  });
});
