import type { Database } from 'better-sqlite3';
import type { CatalogueBatch, CatalogueWriteCounts } from './catalogue-batch.js';
import { openForWriting } from './connection.js';
import { ExemplarWriter } from './exemplar-table.js';
import { HaElectionTable } from './ha-election-table.js';
import { MetadataWriter } from './metadata-table.js';
import { RejectWriter } from './reject-ledger.js';
import { SettingTable } from './setting-table.js';

export interface CatalogueLimits {
  /** `storage.exemplars.max_exemplars`; 0 keeps none. */
  readonly maxExemplars: number;
  /** `storage.exemplars.max_exemplars_per_series`. */
  readonly maxExemplarsPerSeries: number;
  /** `storage.tsdb.out_of_order_time_window`, ms. */
  readonly outOfOrderWindowMs: number;
  /** Rows of metadata history, in all and per metric family. */
  readonly maxMetadata: number;
  readonly maxMetadataPerFamily: number;
  /** Pairs of reason and source in the reject ledger, and examples of each. */
  readonly maxRejectGroups: number;
  readonly maxRejectExamples: number;
}

export const DEFAULT_CATALOGUE_LIMITS: CatalogueLimits = {
  maxExemplars: 100_000,
  // At one exemplar in 15 s a series reaches back 40 hours.
  maxExemplarsPerSeries: 10_000,
  outOfOrderWindowMs: 30 * 60_000,
  maxMetadata: 200_000,
  maxMetadataPerFamily: 10,
  maxRejectGroups: 1_000,
  maxRejectExamples: 10,
};

const EXPIRE_STEP = 10_000;

/** The writing door of the catalogue. One per data directory, in the maintenance thread. */
export class CatalogueWriter {
  readonly settings: SettingTable;
  private readonly metadata: MetadataWriter;
  private readonly exemplars: ExemplarWriter;
  private readonly rejects: RejectWriter;
  private readonly haElections: HaElectionTable;

  private constructor(private readonly database: Database, limits: CatalogueLimits) {
    this.settings = new SettingTable(database);
    this.metadata = new MetadataWriter(database, limits.maxMetadataPerFamily, limits.maxMetadata);
    this.exemplars = new ExemplarWriter(database, limits.maxExemplars, limits.maxExemplarsPerSeries, limits.outOfOrderWindowMs);
    this.rejects = new RejectWriter(database, limits.maxRejectGroups, limits.maxRejectExamples);
    this.haElections = new HaElectionTable(database);
  }

  /**
   * Opens `file`, creating or migrating it.
   * @param migrationsDirectory of another schema than the installed one (tests)
   * @throws CatalogueError
   */
  static open(file: string, limits: CatalogueLimits = DEFAULT_CATALOGUE_LIMITS, migrationsDirectory?: string): CatalogueWriter {
    return new CatalogueWriter(openForWriting(file, migrationsDirectory), limits);
  }

  /** Writes all of a batch or, if it throws (disk full, for instance), nothing. */
  apply(batch: CatalogueBatch): CatalogueWriteCounts {
    const counts: CatalogueWriteCounts = { exemplarsStored: 0, exemplarsDuplicate: 0, exemplarsOutOfOrder: 0 };
    const write = this.database.transaction(() => {
      this.metadata.write(batch.metadata);
      this.exemplars.write(batch.exemplars, counts);
      this.rejects.write(batch.rejects);
      this.haElections.write(batch.haElections);
    });
    try {
      write.immediate();
    } catch (error) {
      this.exemplars.recount();
      throw error;
    }
    return counts;
  }

  /** Removes exemplars older than `beforeMs`. Returns how many. In steps, so that no transaction is long. */
  expireExemplars(beforeMs: number): number {
    const step = this.database.transaction(() => this.exemplars.expire(beforeMs, EXPIRE_STEP));
    let removed = 0;
    try {
      for (;;) {
        const count = step.immediate();
        removed += count;
        if (count < EXPIRE_STEP) return removed;
      }
    } catch (error) {
      this.exemplars.recount();
      throw error;
    }
  }

  /** Empties the write-ahead log into the file, as far as readers allow, and closes. */
  close(): void {
    this.database.close();
  }
}
