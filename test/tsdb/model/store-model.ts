/**
 * The dullest possible store: a map of series to a map of times to values, and the time rules of the specification, one sample at a
 * time. What the real store does is compared with it, value by value.
 *
 * Four views of the same samples: what queries must answer now, what a killed process must still have (acknowledged), what a power loss
 * must leave (synced), and everything that was ever sent, beyond which nothing may appear.
 */
import { encodeHistogram, histogramEncodedSizeMax } from '../../../src/model/histogram-codec.js';
import type { Histogram } from '../../../src/model/histogram.js';
import { AppendStatus } from '../../../src/storage/append-status.js';
import { SERIES } from './requests.js';

export interface Row {
  /** Index of the series in `SERIES`. */
  readonly series: number;
  readonly t: number;
  readonly value: Value;
  /** Start timestamp, ms; 0 without one. */
  readonly start: number;
}

export type Value = { readonly high: number; readonly low: number } | { readonly histogram: Histogram };

/** Samples by series and time; a value is the text of its bits. */
export type Samples = Map<number, Map<number, string>>;

export interface ModelRules {
  readonly windowMs: number;
  readonly maxFutureMs: number;
  readonly keepStarts: boolean;
}

/** Where the samples of a time lie: a repeated sample is known for sure only while a head has it. */
export type Place = 'head' | 'block' | 'nowhere';

export interface Verdict {
  /** More than one where the store may answer either way. */
  readonly allowed: readonly number[];
  readonly stored: boolean;
}

const IN_ORDER_MARGIN_MS = 3_600_000;

export function textOf(value: Value): string {
  if (!('histogram' in value)) return `f:${hex(value.high)}${hex(value.low)}`;
  const bytes = new Uint8Array(histogramEncodedSizeMax(value.histogram));
  return `h:${Buffer.from(bytes.subarray(0, encodeHistogram(value.histogram, bytes, 0))).toString('hex')}`;
}

/** A value and its start timestamp as one text. */
export function storedText(value: Value, startMs: number): string {
  return startMs === 0 ? textOf(value) : `${textOf(value)} since ${startMs}`;
}

/** Whether this value is there, whatever its start. */
export function hasValue(samples: Samples, { series, t, value }: Pick<Row, 'series' | 't' | 'value'>): boolean {
  const text = samples.get(series)?.get(t);
  return text !== undefined && valueText(text) === textOf(value);
}

export function valueText(stored: string): string {
  return stored.split(' ', 1)[0]!;
}

/** The same samples; for comparisons after damage, which may leave later samples with the start before it. */
export function withoutStarts(samples: Samples): Samples {
  return new Map(Array.from(samples, ([series, times]) => [series, new Map(Array.from(times, ([t, text]) => [t, valueText(text)]))]));
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, '0');
}

export class StoreModel {
  visible: Samples = new Map();
  acknowledged: Samples = new Map();
  synced: Samples = new Map();
  /** Series, time and value of everything that was sent. */
  readonly ever = new Set<string>();
  /** Series and times of deleted samples that were not sent again. */
  readonly gone = new Set<string>();
  /** Newest sample of all that the store has seen since its start. */
  newest = -Infinity;

  constructor(readonly rules: ModelRules) {}

  /**
   * Verdicts on the rows of one request, in the order in which the store looks at them. Changes nothing: `store` does.
   */
  judge(rows: readonly Row[], nowMs: number, place: (t: number) => Place): Verdict[] {
    const own = new Map<number, Set<number>>();
    const newest = new Map<number, number>();
    return rows.map((row) => {
      const mine = own.get(row.series) ?? new Set();
      own.set(row.series, mine);
      const newestOfSeries = Math.max(newest.get(row.series) ?? -Infinity, this.newestOf(row.series));
      const verdict = this.judgeRow(row, newestOfSeries, mine, nowMs, place);
      // A second value for a time is passed over in silence if the first is there: a retry of an accepted request is accepted, too.
      if (verdict.allowed[0]! <= AppendStatus.duplicate) mine.add(row.t);
      if (verdict.stored) {
        newest.set(row.series, Math.max(newestOfSeries, row.t));
      }
      return verdict;
    });
  }

  private judgeRow(row: Row, newestOfSeries: number, own: ReadonlySet<number>, nowMs: number, place: (t: number) => Place): Verdict {
    const { windowMs } = this.rules;
    const { t } = row;
    const time = this.judgeTime(t, newestOfSeries, nowMs);
    if (own.has(t)) {
      // Where the time alone forbids everything but exact repetitions (the clock was set back), that comes first.
      const isForbidden = time === AppendStatus.farFuture || t < this.newest - Math.max(windowMs, IN_ORDER_MARGIN_MS);
      if (isForbidden) return { allowed: [AppendStatus.duplicate, time], stored: false };
      // What is settled already, in closed heads and blocks, is compared row by row.
      const isSettled = this.visible.get(row.series)?.has(t) === true && place(t) !== 'head';
      return { allowed: isSettled ? [AppendStatus.duplicate, AppendStatus.conflict] : [AppendStatus.duplicate], stored: false };
    }
    const there = this.visible.get(row.series)?.get(t);
    if (hasValue(this.visible, row)) {
      // In a block nobody looks for it, and there its time is over.
      return { allowed: place(t) === 'head' ? [AppendStatus.duplicate] : [AppendStatus.duplicate, time], stored: false };
    }
    if (there === undefined) return { allowed: [time], stored: time === AppendStatus.ok };
    if (time === AppendStatus.ok || time === AppendStatus.outOfOrder) return { allowed: [AppendStatus.conflict], stored: false };
    // Another value, and too late for any: both are true, and which is said depends on where the stored one lies.
    return { allowed: time === AppendStatus.farFuture ? [time] : [time, AppendStatus.conflict], stored: false };
  }

  private judgeTime(t: number, newestOfSeries: number, nowMs: number): number {
    const { windowMs, maxFutureMs } = this.rules;
    const minValid = this.newest - IN_ORDER_MARGIN_MS;
    if (t > nowMs + maxFutureMs) return AppendStatus.farFuture;
    if (t >= minValid && t > newestOfSeries) return AppendStatus.ok;
    if (windowMs > 0) return t >= this.newest - windowMs ? AppendStatus.ok : AppendStatus.tooOld;
    return t < minValid ? AppendStatus.outOfBounds : AppendStatus.outOfOrder;
  }

  /** Takes the rows that are stored. */
  store(rows: readonly Row[], verdicts: readonly Verdict[]): void {
    rows.forEach((row, i) => {
      if (!verdicts[i]!.stored) return;
      put(this.visible, row.series, row.t, storedText(row.value, this.rules.keepStarts ? row.start : 0));
      this.newest = Math.max(this.newest, row.t);
    });
  }

  /** What was sent, whatever becomes of it. */
  sent(rows: readonly Row[]): void {
    for (const { series, t, value } of rows) {
      this.ever.add(keyOf(series, t, textOf(value)));
      this.gone.delete(timeKey(series, t));
    }
  }

  /** The request was acknowledged: all its rows that are there, repeated ones too. */
  acknowledge(rows: readonly Row[], alwaysSynced: boolean): void {
    for (const { series, t } of rows) {
      const value = this.visible.get(series)?.get(t);
      if (value === undefined) continue;
      put(this.acknowledged, series, t, value);
      if (alwaysSynced) put(this.synced, series, t, value);
    }
  }

  /** Everything acknowledged is durable now. */
  syncAll(): void {
    this.synced = copy(this.acknowledged);
  }

  /** The store begins anew with what was found. */
  restart(found: Samples): void {
    this.visible = copy(found);
    this.acknowledged = copy(found);
    this.synced = copy(found);
    this.newest = -Infinity;
    for (const times of found.values()) for (const t of times.keys()) this.newest = Math.max(this.newest, t);
  }

  /**
   * Takes out what was deleted, as far as `found` does not have it; undefined: it is not known what is deleted, so nothing is promised.
   */
  deleted(job: string, mint: number, maxt: number, found: Samples | undefined): void {
    for (const samples of [this.visible, this.acknowledged, this.synced]) {
      for (const [series, times] of samples) {
        if (SERIES[series]!.get('job') !== job) continue;
        for (const t of times.keys()) {
          if (t < mint || t > maxt || found?.get(series)?.has(t) === true) continue;
          times.delete(t);
          if (found) this.gone.add(timeKey(series, t));
        }
      }
    }
  }

  /** A deleted sample that `found` has again; undefined if there is none. */
  returned(found: Samples): { readonly series: number; readonly t: number } | undefined {
    for (const [series, times] of found) {
      for (const t of times.keys()) {
        if (this.gone.has(timeKey(series, t)) && this.visible.get(series)?.has(t) !== true) return { series, t };
      }
    }
    return undefined;
  }

  /** Takes samples before `t` out where the store does not have them any more: dropped by the retention. */
  forgetBefore(t: number, found: Samples): void {
    for (const samples of [this.visible, this.acknowledged, this.synced]) {
      for (const [series, times] of samples) {
        for (const time of times.keys()) if (time < t && found.get(series)?.has(time) !== true) times.delete(time);
      }
    }
  }

  private newestOf(series: number): number {
    let newest = -Infinity;
    for (const t of this.visible.get(series)?.keys() ?? []) newest = Math.max(newest, t);
    return newest;
  }

  /** The n-th sample, in no particular order; undefined if there is none. */
  pick(n: number): { readonly series: number; readonly t: number } | undefined {
    const all = [...this.visible].flatMap(([series, times]) => Array.from(times.keys(), (t) => ({ series, t })));
    return all.length === 0 ? undefined : all[n % all.length];
  }
}

function timeKey(series: number, t: number): string {
  return `${series}@${t}`;
}

export function keyOf(series: number, t: number, value: string): string {
  return `${series}@${t}=${value}`;
}

export function put(samples: Samples, series: number, t: number, value: string): void {
  const times = samples.get(series);
  if (times) times.set(t, value);
  else samples.set(series, new Map([[t, value]]));
}

function copy(samples: Samples): Samples {
  return new Map(Array.from(samples, ([series, times]) => [series, new Map(times)]));
}

/** One line for each sample of `wanted` that `found` does not have as it should be. */
export function missing(wanted: Samples, found: Samples): string[] {
  const lines: string[] = [];
  for (const [series, times] of wanted) {
    for (const [t, value] of times) {
      const there = found.get(series)?.get(t);
      if (there !== value) lines.push(`series ${series} at ${t}: ${value} expected, ${there ?? 'nothing'} found`);
    }
  }
  return lines.slice(0, 20);
}
