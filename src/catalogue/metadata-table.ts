import type { Database, Statement } from 'better-sqlite3';
import { METRIC_TYPES } from '../model/metadata.js';
import type { MetricMetadata, MetricType } from '../model/metadata.js';
import type { SeenMetadata } from './catalogue-batch.js';

interface MetadataRow {
  readonly family: string;
  readonly type: string;
  readonly help: string;
  readonly unit: string;
}

/** Writes the history of metric metadata. */
export class MetadataWriter {
  private readonly upsert: Statement<[string, string, string, string, number, number, number]>;
  private readonly trimFamily: Statement<[string, string, number]>;
  private readonly trimAll: Statement<[number]>;
  private readonly countRows: Statement<[], { n: number }>;
  private order: number;
  private rows: number;

  /**
   * @param versionsPerFamily kept at most; senders that put changing texts into `help` must not fill the disk
   * @param rowsMax kept at most in all; those not seen for longest go first
   */
  constructor(database: Database, private readonly versionsPerFamily: number, private readonly rowsMax: number) {
    this.upsert = database.prepare(
      `INSERT INTO metric_metadata (family, type, help, unit, first_seen_ms, last_seen_ms, seen_order)
       VALUES (?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT (family, type, help, unit) DO UPDATE
         SET last_seen_ms = max(last_seen_ms, excluded.last_seen_ms), seen_order = excluded.seen_order`,
    );
    this.trimFamily = database.prepare(
      `DELETE FROM metric_metadata WHERE family = ? AND seen_order <=
         (SELECT seen_order FROM metric_metadata WHERE family = ? ORDER BY seen_order DESC LIMIT 1 OFFSET ?)`,
    );
    this.trimAll = database.prepare(
      'DELETE FROM metric_metadata WHERE id IN (SELECT id FROM metric_metadata ORDER BY seen_order LIMIT ?)',
    );
    this.countRows = database.prepare('SELECT count(*) AS n FROM metric_metadata');
    const newest = database.prepare<[], { order: number | null }>('SELECT max(seen_order) AS "order" FROM metric_metadata').get()!;
    this.order = newest.order ?? 0;
    this.rows = this.countRows.get()!.n;
  }

  /** Must run inside the caller's transaction. */
  write(entries: readonly SeenMetadata[]): void {
    for (const { metadata, atMs } of entries) {
      const { family, type, help, unit } = metadata;
      this.upsert.run(family, type, help, unit, atMs, atMs, ++this.order);
      this.trimFamily.run(family, family, this.versionsPerFamily);
    }
    // The upsert does not tell a new row from an old one; counting is cheap next to one batch that was written.
    if (entries.length > 0) this.rows = this.countRows.get()!.n;
    if (this.rows > this.rowsMax) this.rows -= this.trimAll.run(this.rows - this.rowsMax).changes;
  }
}

/** SQLite's LIMIT for all rows. */
const NO_LIMIT = -1;

/** Reads metric metadata: see `MetadataSource`. */
export class MetadataReader {
  private readonly firstFamilies: Statement<[number], MetadataRow>;
  private readonly one: Statement<[string], MetadataRow>;
  private readonly oldestFirst: Statement<[], MetadataRow>;

  constructor(database: Database) {
    const columns = 'SELECT family, type, help, unit FROM metric_metadata';
    this.firstFamilies = database.prepare(
      `${columns} WHERE family IN (SELECT DISTINCT family FROM metric_metadata ORDER BY family LIMIT ?) ORDER BY family, seen_order DESC`);
    this.one = database.prepare(`${columns} WHERE family = ? ORDER BY seen_order DESC`);
    this.oldestFirst = database.prepare(`${columns} ORDER BY family, seen_order`);
  }

  /** Families in UTF-8 order, newest first within one. `metric` '' = all; limits of 0 = none. */
  metadata(metric: string, limit: number, limitPerMetric: number): Map<string, MetricMetadata[]> {
    const families = new Map<string, MetricMetadata[]>();
    const rows = metric === '' ? this.firstFamilies.all(limit > 0 ? limit : NO_LIMIT) : this.one.all(metric);
    for (const row of rows) {
      let versions = families.get(row.family);
      if (!versions) families.set(row.family, (versions = []));
      if (limitPerMetric > 0 && versions.length === limitPerMetric) continue;
      versions.push({ family: row.family, type: metricType(row.type), help: row.help, unit: row.unit });
    }
    return families;
  }

  /** Everything that families ever had, oldest first within one: written again in this order, the newest is the newest. */
  history(): MetricMetadata[] {
    return this.oldestFirst.all().map(({ family, type, help, unit }) => ({ family, type: metricType(type), help, unit }));
  }
}

/** A type that a later version may have written is unknown to this one. */
function metricType(text: string): MetricType {
  return METRIC_TYPES.find((type) => type === text) ?? 'unknown';
}
