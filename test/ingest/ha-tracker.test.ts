import { describe, expect, it } from 'vitest';
import { HaTracker, type HaVerdict } from '../../src/ingest/ha-tracker.js';
import type { HaElection } from '../../src/storage/catalogue-sink.js';

const OPTIONS = { clusterLabel: 'cluster', replicaLabel: '__replica__', updateTimeoutMs: 15_000, failoverTimeoutMs: 30_000, maxClusters: 2 };

function tracker() {
  const saved: HaElection[] = [];
  const failovers: string[] = [];
  const ha = new HaTracker(OPTIONS, (elections) => saved.push(...elections), (cluster, replica) => failovers.push(`${cluster} ${replica}`));
  return { ha, saved, failovers };
}

describe('HA pairs', () => {
  it('the first replica is elected, the other passed over until the first has been silent for the failover time', () => {
    const { ha, failovers } = tracker();
    const log: [number, string, HaVerdict][] = [
      [0, 'a', 'store'], [1, 'b', 'duplicate'], [15_000, 'a', 'store'], [44_999, 'b', 'duplicate'], [45_000, 'b', 'store'],
      [45_001, 'a', 'duplicate'], [80_000, 'a', 'store'],
    ];
    for (const [now, replica, verdict] of log) expect([now, replica, ha.judge('c', replica, now)]).toEqual([now, replica, verdict]);
    expect(failovers).toEqual(['c b', 'c a']);
  });

  it('what is passed over does not prolong anything', () => {
    const { ha } = tracker();
    ha.judge('c', 'a', 0);
    for (let now = 1000; now < 30_000; now += 1000) expect(ha.judge('c', 'b', now)).toBe('duplicate');
    expect(ha.judge('c', 'b', 30_000)).toBe('store');
  });

  it('clusters do not know each other, and there is a cap of them', () => {
    const { ha } = tracker();
    expect([ha.judge('c', 'a', 0), ha.judge('d', 'b', 0), ha.judge('e', 'a', 0), ha.judge('c', 'a', 1)])
      .toEqual(['store', 'store', 'too_many_clusters', 'store']);
  });

  it('elections are saved at once, times now and then; a restart goes on with them', () => {
    const { ha, saved } = tracker();
    for (const now of [0, 10_000, 16_000, 20_000]) ha.judge('c', 'a', now);
    expect(saved).toEqual([
      { cluster: 'c', replica: 'a', electedMs: 0, receivedMs: 0 }, { cluster: 'c', replica: 'a', electedMs: 0, receivedMs: 16_000 },
    ]);
    const again = tracker().ha;
    again.restore(saved.slice(1));
    expect([again.judge('c', 'b', 45_999), again.judge('c', 'b', 46_000)]).toEqual(['duplicate', 'store']);
  });
});
