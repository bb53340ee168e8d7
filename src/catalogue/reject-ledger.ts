import type { Database, Statement } from 'better-sqlite3';
import type { RejectExample, RejectRecord } from './catalogue-batch.js';

/** Longest example kept, UTF-16 units. */
const EXAMPLE_LENGTH_MAX = 4_096;

/** Writes what was refused. */
export class RejectWriter {
  private readonly upsert: Statement<[string, string, number, number, number], { id: number }>;
  private readonly upsertExample: Statement<[number, string, number, number]>;
  private readonly trimExamples: Statement<[number, number, number]>;
  private readonly staleGroups: Statement<[number], { id: number }>;
  private readonly deleteExamples: Statement<[number]>;
  private readonly deleteGroup: Statement<[number]>;

  /**
   * @param groupsMax pairs of reason and source kept at most; those not seen for longest go first
   * @param examplesPerGroup newest examples kept of each
   */
  constructor(database: Database, private readonly groupsMax: number, private readonly examplesPerGroup: number) {
    this.upsert = database.prepare(
      `INSERT INTO reject (reason, source, points, first_seen_ms, last_seen_ms) VALUES (?, ?, ?, ?, ?)
       ON CONFLICT (reason, source) DO UPDATE SET points = points + excluded.points, last_seen_ms = max(last_seen_ms, excluded.last_seen_ms)
       RETURNING id`,
    );
    this.upsertExample = database.prepare(
      `INSERT INTO reject_example (reject, example, points, at_ms) VALUES (?, ?, ?, ?)
       ON CONFLICT (reject, example) DO UPDATE SET points = points + excluded.points, at_ms = max(at_ms, excluded.at_ms)`,
    );
    this.trimExamples = database.prepare(
      `DELETE FROM reject_example WHERE reject = ? AND id NOT IN
         (SELECT id FROM reject_example WHERE reject = ? ORDER BY at_ms DESC, id DESC LIMIT ?)`,
    );
    this.staleGroups = database.prepare('SELECT id FROM reject ORDER BY last_seen_ms DESC, id DESC LIMIT -1 OFFSET ?');
    this.deleteExamples = database.prepare('DELETE FROM reject_example WHERE reject = ?');
    this.deleteGroup = database.prepare('DELETE FROM reject WHERE id = ?');
  }

  /** Must run inside the caller's transaction. */
  write(records: readonly RejectRecord[]): void {
    for (const record of records) {
      const { id } = this.upsert.get(record.reason, record.source, record.points, record.firstSeenMs, record.lastSeenMs)!;
      for (const { example, points, atMs } of record.examples) {
        this.upsertExample.run(id, example.slice(0, EXAMPLE_LENGTH_MAX), points, atMs);
      }
      this.trimExamples.run(id, id, this.examplesPerGroup);
    }
    if (records.length === 0) return;
    for (const { id } of this.staleGroups.all(this.groupsMax)) {
      this.deleteExamples.run(id);
      this.deleteGroup.run(id);
    }
  }
}

interface RejectRow {
  readonly id: number;
  readonly reason: string;
  readonly source: string;
  readonly points: number;
  readonly firstSeenMs: number;
  readonly lastSeenMs: number;
}

/** Reads the ledger for status pages. */
export class RejectReader {
  private readonly groups: Statement<[], RejectRow>;
  private readonly examples: Statement<[number], RejectExample>;

  constructor(database: Database) {
    this.groups = database.prepare(
      `SELECT id, reason, source, points, first_seen_ms AS firstSeenMs, last_seen_ms AS lastSeenMs
       FROM reject ORDER BY last_seen_ms DESC, id DESC`,
    );
    this.examples = database.prepare('SELECT example, points, at_ms AS atMs FROM reject_example WHERE reject = ? ORDER BY at_ms, id');
  }

  /** Latest first. */
  rejects(): RejectRecord[] {
    return this.groups.all().map(({ id, ...group }) => ({ ...group, examples: this.examples.all(id) }));
  }
}
