import type { Database } from 'better-sqlite3';
import type { Exemplar } from '../model/exemplar.js';
import type { Labels } from '../model/labels.js';
import type { Matcher } from '../model/matcher.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { HaElection } from '../storage/catalogue-sink.js';
import type { ExemplarSource, MetadataSource } from '../storage/metadata-source.js';
import type { RejectRecord } from './catalogue-batch.js';
import { openForLooking, openForReading } from './connection.js';
import { ExemplarReader, type SeriesExemplars } from './exemplar-table.js';
import { HaElectionTable } from './ha-election-table.js';
import { MetadataReader } from './metadata-table.js';
import { RejectReader } from './reject-ledger.js';
import { SettingTable } from './setting-table.js';

/** The reading door of the catalogue: one connection per query worker, never in the writer's way. */
export class CatalogueReader implements MetadataSource, ExemplarSource {
  private readonly metadataReader: MetadataReader;
  private readonly exemplarReader: ExemplarReader;
  private readonly rejectReader: RejectReader;
  private readonly settings: SettingTable;
  private readonly electionTable: HaElectionTable;

  private constructor(private readonly database: Database) {
    this.metadataReader = new MetadataReader(database);
    this.exemplarReader = new ExemplarReader(database);
    this.rejectReader = new RejectReader(database);
    this.settings = new SettingTable(database);
    this.electionTable = new HaElectionTable(database);
  }

  /**
   * The file must exist: open the writer first.
   * @throws CatalogueError
   */
  static open(file: string, migrationsDirectory?: string): CatalogueReader {
    return new CatalogueReader(openForReading(file, migrationsDirectory));
  }

  /**
   * For tools, beside a server or without one: makes no file, and takes no lock that outlives it.
   * @throws CatalogueError
   */
  static look(file: string, migrationsDirectory?: string): CatalogueReader {
    return new CatalogueReader(openForLooking(file, migrationsDirectory));
  }

  metadata(metric: string, limit: number, limitPerMetric: number): Map<string, MetricMetadata[]> {
    return this.metadataReader.metadata(metric, limit, limitPerMetric);
  }

  exemplars(
    matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number, keep?: (bytes: number) => void,
  ): { series: Labels; exemplars: Exemplar[] }[] {
    return this.database.transaction(() => this.exemplarReader.exemplars(matcherSets, startMs, endMs, keep)).deferred();
  }

  /** Every metadata there has been; families in UTF-8 order, oldest first within one. */
  metadataHistory(): MetricMetadata[] {
    return this.metadataReader.history();
  }

  /** As `exemplars`, as columns, bit-exact. */
  exemplarColumns(matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number): SeriesExemplars[] {
    return this.database.transaction(() => this.exemplarReader.columns(matcherSets, startMs, endMs)).deferred();
  }

  rejects(): RejectRecord[] {
    return this.database.transaction(() => this.rejectReader.rejects()).deferred();
  }

  /** Newest first. */
  haElections(): HaElection[] {
    return this.electionTable.all();
  }

  setting(name: string): string | undefined {
    return this.settings.get(name);
  }

  close(): void {
    this.database.close();
  }
}
