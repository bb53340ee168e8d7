/**
 * Random PromQL over the same data in a real Prometheus and here. More of it, and with other seeds:
 * `node dist/tools/differential/main.js --prometheus PATH --queries 20000 --seed 7`.
 */
import { describe, expect, it } from 'vitest';
import { runDifferential } from '../../src/tools/differential/run.js';
import { peer, peersMissing, peersNote } from './peers.js';

const QUERIES = 600;

describe.skipIf(peersMissing)(`random queries, there and here${peersNote}`, () => {
  it.each([1, 2] as const)('written by remote write %d.0', async (write) => {
    const { answered, failures } = await runDifferential({ prometheus: peer('prometheus')!, queries: QUERIES, seed: 40 + write, write });
    expect(failures).toEqual([]);
    // Most questions have an answer, so that equality means something.
    expect(answered).toBeGreaterThan(0.5 * QUERIES);
  }, 180_000);
});
