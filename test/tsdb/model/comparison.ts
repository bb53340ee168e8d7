/** Reads the store, and compares what it has with what the model has. */
import { expect } from 'vitest';
import { Matcher } from '../../../src/model/matcher.js';
import { SampleColumns } from '../../../src/model/sample-columns.js';
import type { HeadSet } from '../../../src/tsdb/head-set.js';
import { T0 } from '../../support/store-fixture.js';
import { indexOf, SERIES, valueAt } from './requests.js';
import { missing, put, storedText, type Samples, type StoreModel } from './store-model.js';
import type { ToldStore } from './told-store.js';

/** Any time of a sample is between them, ms. */
const EARLIEST_MS = -8e15;
const LATEST_MS = 8e15;

export class Comparison {
  /** @param retentionMs 0: everything is kept */
  constructor(private readonly store: ToldStore, private readonly model: StoreModel, private readonly retentionMs: number) {}

  /** All samples of the store. */
  read(): Samples {
    return readSamples(this.store.heads);
  }

  /** All samples of the store; the model drops what the retention may have dropped of them. */
  readAfterRetention(): Samples {
    const found = this.read();
    if (this.retentionMs > 0) this.model.forgetBefore(this.model.newest - this.retentionMs, found);
    return found;
  }

  /** The store has what the model has, and nothing else. */
  expectSame(): void {
    const found = this.readAfterRetention();
    this.expectAll(found, 'missing');
    this.expectNothingElse(found, 'not expected');
    expect(this.store.db.stats().newestMs).toBe(this.model.newest);
    expect(this.store.complaints).toEqual([]);
  }

  expectAll(found: Samples, message: string): void {
    expect(missing(this.model.visible, found), message).toEqual([]);
  }

  expectNothingElse(found: Samples, message: string): void {
    expect(missing(this.withinRetention(found), this.model.visible), message).toEqual([]);
  }

  /** A copy of the store has what the store itself has. */
  expectCopy(found: Samples): void {
    const here = this.read();
    expect(missing(here, found), 'missing in the copy').toEqual([]);
    expect(missing(this.withinRetention(found), here), 'more in the copy').toEqual([]);
  }

  /** A query for a job and a range has what the model has there. `fromMs` is measured from the newest sample. */
  expectRange(job: string, fromMs: number, lengthMs: number): void {
    const mint = Math.max(this.model.newest, T0) + fromMs;
    const maxt = mint + lengthMs;
    const found = readSamples(this.store.heads, [new Matcher('=', 'job', job)], mint, maxt);
    const wanted: Samples = new Map();
    for (const [series, times] of this.model.visible) {
      if (SERIES[series]!.get('job') !== job) continue;
      for (const [t, value] of times) if (t >= mint && t <= maxt) put(wanted, series, t, value);
    }
    expect(missing(wanted, found), `missing in [${mint}, ${maxt}]`).toEqual([]);
    expect(missing(this.withinRetention(found), wanted), `too much in [${mint}, ${maxt}]`).toEqual([]);
    this.expectLabels(mint, maxt);
  }

  /** Indexes know series, not samples: at least what is in the range, at most what is anywhere. */
  private expectLabels(mint: number, maxt: number): void {
    const { heads } = this.store;
    const values = new Set(heads.labelValues('job', [], mint, maxt));
    const names = new Set(heads.labelNames([], mint, maxt));
    for (const [series, times] of this.model.visible) {
      if (![...times.keys()].some((t) => t >= mint && t <= maxt)) continue;
      const labels = SERIES[series]!;
      for (const name of labels.names) if (!names.has(name)) expect.fail(`label name ${name} is missing`);
      const value = labels.get('job');
      if (value !== '' && !values.has(value)) expect.fail(`value ${value} of label job is missing`);
    }
    const known = new Set(SERIES.map((labels) => labels.get('job')));
    for (const value of values) if (!known.has(value)) expect.fail(`a value of job that nobody sent: ${value}`);
  }

  /** Without what the retention may have dropped: a file that could not be removed is back after a start. */
  private withinRetention(found: Samples): Samples {
    if (this.retentionMs === 0) return found;
    const from = this.model.newest - this.retentionMs;
    return new Map(Array.from(found, ([series, times]) => [series, new Map([...times].filter(([t]) => t >= from))]));
  }
}

/** What a query has, which must select each series once and read its times in order. */
export function readSamples(heads: HeadSet, matchers: readonly Matcher[] = [], mint = EARLIEST_MS, maxt = LATEST_MS): Samples {
  const found: Samples = new Map();
  const columns = new SampleColumns(4);
  const seen = new Set<number>();
  for (const series of heads.select(matchers, mint, maxt)) {
    const index = indexOf(series.labels);
    if (seen.has(index)) expect.fail(`selected twice: ${series.labels.toString()}`);
    seen.add(index);
    columns.clear();
    series.read(columns, mint, maxt);
    for (let i = 0; i < columns.length; i++) {
      const t = columns.timestamps[i]!;
      if (i > 0 && t <= columns.timestamps[i - 1]!) expect.fail(`${series.labels.toString()}: ${t} after ${columns.timestamps[i - 1]}`);
      put(found, index, t, storedText(valueAt(columns, i), columns.startTimestamps?.[i] ?? 0));
    }
  }
  return found;
}
