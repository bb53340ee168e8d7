import type { Database, Statement } from 'better-sqlite3';
import type { HaElection } from '../storage/catalogue-sink.js';

interface Row {
  readonly cluster: string;
  readonly replica: string;
  readonly elected_ms: number;
  readonly received_ms: number;
}

/** The elected replicas of clusters of identical senders. */
export class HaElectionTable {
  private readonly select: Statement<[], Row>;
  private readonly upsert: Statement<[string, string, number, number]> | undefined;

  constructor(database: Database) {
    // The newest first: whoever reads them has a cap.
    this.select = database.prepare('SELECT cluster, replica, elected_ms, received_ms FROM ha_election ORDER BY received_ms DESC');
    this.upsert = database.readonly ? undefined : database.prepare(
      `INSERT INTO ha_election (cluster, replica, elected_ms, received_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (cluster) DO UPDATE
         SET replica = excluded.replica, elected_ms = excluded.elected_ms, received_ms = excluded.received_ms`,
    );
  }

  all(): HaElection[] {
    return this.select.all().map(({ cluster, replica, elected_ms: electedMs, received_ms: receivedMs }) =>
      ({ cluster, replica, electedMs, receivedMs }));
  }

  /** Must run inside the caller's transaction. */
  write(elections: readonly HaElection[]): void {
    for (const { cluster, replica, electedMs, receivedMs } of elections) this.upsert?.run(cluster, replica, electedMs, receivedMs);
  }
}
