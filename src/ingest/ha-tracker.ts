/**
 * Pairs of identical senders: of each cluster one replica is elected and stored, the others are passed over until it has been silent
 * for the failover time. After Mimir's HA tracker (`pkg/distributor/ha_tracker.go`): times are those of this server's clock.
 */
import type { HaElection } from '../storage/catalogue-sink.js';

export interface HaOptions {
  /** Names of the labels; a series without both is stored as it is. */
  readonly clusterLabel: string;
  readonly replicaLabel: string;
  /** How often the time of the elected replica is written down. */
  readonly updateTimeoutMs: number;
  /** Silence after which another replica is elected. */
  readonly failoverTimeoutMs: number;
  readonly maxClusters: number;
}

export type HaVerdict = 'store' | 'duplicate' | 'too_many_clusters';

interface Cluster {
  replica: string;
  electedMs: number;
  receivedMs: number;
  /** `receivedMs` when it was last written down. */
  savedMs: number;
}

export class HaTracker {
  private readonly clusters = new Map<string, Cluster>();

  /**
   * @param save keeps what must survive a restart
   * @param onFailover called when another replica than before is elected
   */
  constructor(
    readonly options: HaOptions,
    private readonly save: (elections: readonly HaElection[]) => void,
    private readonly onFailover: (cluster: string, replica: string) => void = () => {},
  ) {
    // A state that is older than the failover time would elect anybody after a restart.
    if (options.updateTimeoutMs >= options.failoverTimeoutMs) throw new RangeError('the update timeout must be below the failover timeout');
  }

  /** What was saved before a restart. */
  restore(elections: Iterable<HaElection>): void {
    for (const { cluster, replica, electedMs, receivedMs } of elections) {
      if (this.clusters.size >= this.options.maxClusters) return;
      this.clusters.set(cluster, { replica, electedMs, receivedMs, savedMs: receivedMs });
    }
  }

  /** Who is elected now, for `restore` of another tracker. */
  elections(): HaElection[] {
    return Array.from(this.clusters, ([cluster, { replica, electedMs, receivedMs }]) => ({ cluster, replica, electedMs, receivedMs }));
  }

  get size(): number {
    return this.clusters.size;
  }

  /** Whether what this replica sends now is to be stored. */
  judge(cluster: string, replica: string, nowMs: number): HaVerdict {
    const known = this.clusters.get(cluster);
    if (known === undefined) {
      if (this.clusters.size >= this.options.maxClusters) return 'too_many_clusters';
      const elected = { replica, electedMs: nowMs, receivedMs: nowMs, savedMs: nowMs };
      this.clusters.set(cluster, elected);
      this.keep(cluster, elected, nowMs);
      return 'store';
    }
    if (known.replica !== replica) {
      if (nowMs - known.receivedMs < this.options.failoverTimeoutMs) return 'duplicate';
      known.replica = replica;
      known.electedMs = nowMs;
      known.receivedMs = nowMs;
      this.onFailover(cluster, replica);
      this.keep(cluster, known, nowMs);
      return 'store';
    }
    known.receivedMs = nowMs;
    if (nowMs - known.savedMs >= this.options.updateTimeoutMs) this.keep(cluster, known, nowMs);
    return 'store';
  }

  /** What `judge` would say, changing nothing. */
  foresee(cluster: string, replica: string, nowMs: number): HaVerdict {
    const known = this.clusters.get(cluster);
    if (known === undefined) return this.clusters.size >= this.options.maxClusters ? 'too_many_clusters' : 'store';
    return known.replica === replica || nowMs - known.receivedMs >= this.options.failoverTimeoutMs ? 'store' : 'duplicate';
  }

  private keep(cluster: string, state: Cluster, nowMs: number): void {
    state.savedMs = nowMs;
    this.save([{ cluster, replica: state.replica, electedMs: state.electedMs, receivedMs: state.receivedMs }]);
  }
}
