import type { Database, Statement } from 'better-sqlite3';
import type { Exemplar } from '../model/exemplar.js';
import { METRIC_NAME, compareLabels } from '../model/labels.js';
import type { Labels } from '../model/labels.js';
import type { Matcher } from '../model/matcher.js';
import type { CatalogueWriteCounts, ExemplarColumns, SeriesText } from './catalogue-batch.js';
import { parseLabelText } from './label-text.js';

interface ExemplarRow {
  readonly timestampMs: number;
  readonly value: Buffer;
  readonly labels: string;
}

/** What the writer knows of a series while it writes one batch. */
interface SeriesState {
  readonly id: number;
  stored: number;
  added: number;
  newest: ExemplarRow | undefined;
}

/**
 * Writes exemplars by Prometheus' rules (its tsdb/exemplar.go): one ring for all series; per
 * series an exemplar equal to the newest is nothing new, one older than the newest (minus the out-of-order window) or
 * at its time with a smaller value is out of order.
 * Measured in batches of 1,000 over 1,000 series, with the ring full from half-way: 17 to 29 us an exemplar on a busy
 * machine. A cache of the newest exemplar per series would save the two selects; nobody sends enough of them yet.
 */
export class ExemplarWriter {
  private readonly selectSeries: Statement<[string], { id: number; stored: number }>;
  private readonly insertSeries: Statement<[string, string]>;
  private readonly addStored: Statement<[number, number]>;
  private readonly deleteEmptySeries: Statement<[number]>;
  private readonly selectNewest: Statement<[number], ExemplarRow>;
  private readonly selectSame: Statement<[number, number, Buffer, string]>;
  private readonly insert: Statement<[number, number, Buffer, string]>;
  private readonly deleteOldestOfSeries: Statement<[number, number]>;
  private readonly deleteOldest: Statement<[number], { series: number }>;
  private readonly deleteBefore: Statement<[number, number], { series: number }>;
  private readonly countStored: Statement<[], { n: number }>;
  private total: number;

  /**
   * @param max exemplars in all, 0 = keep none
   * @param maxPerSeries so that one busy series does not push out all others
   * @param outOfOrderWindowMs how far behind the newest of its series an exemplar may be
   */
  constructor(
    database: Database,
    private readonly max: number,
    private readonly maxPerSeries: number,
    private readonly outOfOrderWindowMs: number,
  ) {
    this.selectSeries = database.prepare('SELECT id, stored FROM exemplar_series WHERE labels = ?');
    this.insertSeries = database.prepare('INSERT INTO exemplar_series (metric, labels, stored) VALUES (?, ?, 0)');
    this.addStored = database.prepare('UPDATE exemplar_series SET stored = stored + ? WHERE id = ?');
    this.deleteEmptySeries = database.prepare('DELETE FROM exemplar_series WHERE id = ? AND stored = 0');
    this.selectNewest = database.prepare(
      'SELECT timestamp_ms AS timestampMs, value, labels FROM exemplar WHERE series = ? ORDER BY timestamp_ms DESC, id DESC LIMIT 1',
    );
    this.selectSame = database.prepare('SELECT 1 FROM exemplar WHERE series = ? AND timestamp_ms = ? AND value = ? AND labels = ?');
    this.insert = database.prepare('INSERT INTO exemplar (series, timestamp_ms, value, labels) VALUES (?, ?, ?, ?)');
    this.deleteOldestOfSeries = database.prepare(
      'DELETE FROM exemplar WHERE id IN (SELECT id FROM exemplar WHERE series = ? ORDER BY timestamp_ms, id LIMIT ?)',
    );
    this.deleteOldest = database.prepare(
      'DELETE FROM exemplar WHERE id IN (SELECT id FROM exemplar ORDER BY id LIMIT ?) RETURNING series',
    );
    // Over all rows, whatever their series: measured 10 ms for 100,000 of them, once in a while.
    this.deleteBefore = database.prepare(
      'DELETE FROM exemplar WHERE id IN (SELECT id FROM exemplar WHERE timestamp_ms < ? LIMIT ?) RETURNING series',
    );
    this.countStored = database.prepare('SELECT coalesce(sum(stored), 0) AS n FROM exemplar_series');
    this.total = this.countStored.get()!.n;
    // The limit may have been lowered since the file was written.
    database.transaction(() => this.trim()).immediate();
  }

  /** Must run inside the caller's transaction. Adds to `counts`; keeps no reference to `columns`. */
  write(columns: ExemplarColumns, counts: CatalogueWriteCounts): void {
    if (this.max === 0) return;
    const states: (SeriesState | undefined)[] = [];
    const bytes = Buffer.from(columns.values.buffer, columns.values.byteOffset, columns.values.byteLength);
    for (let i = 0; i < columns.labels.length; i++) {
      const index = columns.seriesIndex[i]!;
      const state = (states[index] ??= this.open(columns.series[index]!));
      // The value never becomes a plain number here: its bytes go from column to column.
      this.judge(state, columns.timestamps[i]!, bytes.subarray(i * 8, i * 8 + 8), columns.labels[i]!, counts);
    }
    for (const state of states) if (state) this.settle(state);
    this.trim();
  }

  /** To be called when a transaction that included `write` was rolled back. */
  recount(): void {
    this.total = this.countStored.get()!.n;
  }

  private open({ metric, labels }: SeriesText): SeriesState {
    const row = this.selectSeries.get(labels);
    if (row) return { ...row, added: 0, newest: this.selectNewest.get(row.id) };
    return { id: Number(this.insertSeries.run(metric, labels).lastInsertRowid), stored: 0, added: 0, newest: undefined };
  }

  private judge(state: SeriesState, timestampMs: number, value: Buffer, labels: string, counts: CatalogueWriteCounts): void {
    // Not storable as an integer: such a time is ahead of or behind any window.
    if (!Number.isSafeInteger(timestampMs)) {
      counts.exemplarsOutOfOrder++;
      return;
    }
    const newest = state.newest;
    if (newest) {
      const sameTime = timestampMs === newest.timestampMs;
      if (sameTime && labels === newest.labels && value.equals(newest.value)) {
        counts.exemplarsDuplicate++;
        return;
      }
      if (timestampMs < newest.timestampMs - this.outOfOrderWindowMs || (sameTime && value.readDoubleLE() < newest.value.readDoubleLE())) {
        counts.exemplarsOutOfOrder++;
        return;
      }
      // A request that is sent again repeats exemplars within the window, too.
      if (timestampMs <= newest.timestampMs && this.selectSame.get(state.id, timestampMs, value, labels)) {
        counts.exemplarsDuplicate++;
        return;
      }
    }
    this.insert.run(state.id, timestampMs, value, labels);
    counts.exemplarsStored++;
    state.added++;
    if (!newest || timestampMs >= newest.timestampMs) state.newest = { timestampMs, value, labels };
  }

  private settle(state: SeriesState): void {
    const excess = Math.max(0, state.stored + state.added - this.maxPerSeries);
    if (excess > 0) this.deleteOldestOfSeries.run(state.id, excess);
    const change = state.added - excess;
    if (change !== 0) this.addStored.run(change, state.id);
    if (state.stored + change === 0) this.deleteEmptySeries.run(state.id);
    this.total += change;
  }

  /** Removes at most `max` exemplars older than `beforeMs`, inside the caller's transaction. Returns how many. */
  expire(beforeMs: number, max: number): number {
    return this.removed(this.deleteBefore.all(Math.ceil(beforeMs), max));
  }

  private trim(): void {
    const excess = this.total - this.max;
    if (excess > 0) this.removed(this.deleteOldest.all(excess));
  }

  /** Takes what was deleted from the counts. */
  private removed(rows: readonly { series: number }[]): number {
    const bySeries = new Map<number, number>();
    for (const { series } of rows) bySeries.set(series, (bySeries.get(series) ?? 0) + 1);
    for (const [series, count] of bySeries) {
      this.addStored.run(-count, series);
      this.deleteEmptySeries.run(series);
    }
    this.total -= rows.length;
    return rows.length;
  }
}

/** Of an exemplar or a series besides its labels, which are there as text and as strings: objects and arrays. */
const ROW_BYTES = 250;

interface SeriesRow {
  readonly id: number;
  readonly labels: string;
}

/** All exemplars of a series, as columns of equal length. */
export interface SeriesExemplars {
  readonly series: Labels;
  readonly timestamps: Float64Array;
  /** Bit-exact. */
  readonly values: Float64Array;
  readonly labels: readonly Labels[];
}

/** Reads exemplars: see `ExemplarSource`. */
export class ExemplarReader {
  private readonly allSeries: Statement<[], SeriesRow>;
  private readonly seriesOfMetric: Statement<[string], SeriesRow>;
  private readonly metrics: Statement<[], { metric: string }>;
  private readonly range: Statement<[number, number, number], ExemplarRow>;

  constructor(database: Database) {
    this.allSeries = database.prepare('SELECT id, labels FROM exemplar_series');
    this.seriesOfMetric = database.prepare('SELECT id, labels FROM exemplar_series WHERE metric = ?');
    this.metrics = database.prepare('SELECT DISTINCT metric FROM exemplar_series');
    this.range = database.prepare(
      `SELECT timestamp_ms AS timestampMs, value, labels FROM exemplar
       WHERE series = ? AND timestamp_ms BETWEEN ? AND ? ORDER BY timestamp_ms, id`,
    );
  }

  /** Must run inside a read transaction, so that series and exemplars are of one moment. */
  exemplars(
    matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number, keep: (bytes: number) => void = () => {},
  ): { series: Labels; exemplars: Exemplar[] }[] {
    const selected = new Map<number, Labels>();
    for (const matchers of matcherSets) this.select(matchers, selected, keep);
    const found: { series: Labels; exemplars: Exemplar[] }[] = [];
    for (const [id, series] of selected) {
      const exemplars: Exemplar[] = [];
      for (const row of this.range.all(id, startMs, endMs)) {
        keep(ROW_BYTES + row.labels.length * 2);
        exemplars.push(toExemplar(row));
      }
      if (exemplars.length > 0) found.push({ series, exemplars });
    }
    return found.sort((a, b) => compareLabels(a.series, b.series));
  }

  /** As `exemplars`, as columns, bit-exact. Exemplars of one time come by rising value, which is the order that a writer accepts. */
  columns(matcherSets: readonly (readonly Matcher[])[], startMs: number, endMs: number): SeriesExemplars[] {
    const selected = new Map<number, Labels>();
    for (const matchers of matcherSets) this.select(matchers, selected, () => {});
    const found: SeriesExemplars[] = [];
    for (const [id, series] of selected) {
      const rows = this.range.all(id, startMs, endMs);
      if (rows.length === 0) continue;
      rows.sort((a, b) => a.timestampMs - b.timestampMs || byValue(a.value.readDoubleLE(), b.value.readDoubleLE()));
      const values = new Float64Array(rows.length);
      const bytes = new Uint8Array(values.buffer);
      rows.forEach((row, i) => bytes.set(row.value, i * 8));
      const timestamps = Float64Array.from(rows, (row) => row.timestampMs);
      found.push({ series, values, timestamps, labels: rows.map((row) => parseLabelText(row.labels)) });
    }
    return found.sort((a, b) => compareLabels(a.series, b.series));
  }

  private select(matchers: readonly Matcher[], into: Map<number, Labels>, keep: (bytes: number) => void): void {
    const byName = matchers.filter((matcher) => matcher.name === METRIC_NAME);
    const others = matchers.filter((matcher) => matcher.name !== METRIC_NAME);
    const poll = (): void => keep(0);
    for (const row of this.candidates(byName, poll)) {
      if (into.has(row.id)) continue;
      keep(ROW_BYTES + row.labels.length * 2);
      const labels = parseLabelText(row.labels);
      if (others.every((matcher) => matcher.matches(labels.get(matcher.name), poll))) into.set(row.id, labels);
    }
  }

  /** Series whose metric name matches. Without a name, all are looked at: measured 3 us each. */
  private *candidates(byName: readonly Matcher[], poll: () => void): Iterable<SeriesRow> {
    if (byName.length === 0) {
      yield* this.allSeries.all();
      return;
    }
    const exact = byName.find((matcher) => matcher.type === '=');
    const metrics = exact ? [exact.value] : this.metrics.all().map((row) => row.metric);
    for (const metric of metrics) {
      if (byName.every((matcher) => matcher.matches(metric, poll))) yield* this.seriesOfMetric.all(metric);
    }
  }
}

/** NaNs last: an exemplar is never out of order because of one. */
function byValue(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number(Number.isNaN(a)) - Number(Number.isNaN(b));
  return a - b;
}

function toExemplar(row: ExemplarRow): Exemplar {
  return { labels: parseLabelText(row.labels), value: row.value.readDoubleLE(), timestampMs: row.timestampMs };
}
