/**
 * The dullest possible server: a map of series to a map of times to values. It says of each row of a request whether it is to be stored
 * and what may be said of it otherwise.
 */
import { AppendStatus } from '../../../src/storage/append-status.js';
import type { Row } from './requests.js';
import type { Sender } from './story.js';

export type Samples = Record<string, Record<number, number>>;

export interface ModelRules {
  readonly windowMs: number;
  readonly maxFutureMs: number;
  readonly maxIdleMs: number;
  readonly updateTimeoutMs: number;
  readonly failoverTimeoutMs: number;
}

export interface Verdict {
  readonly row: Row;
  /** What may be answered. `ok` and `duplicate` are the same to a sender. More than one where it depends on where a sample lies. */
  readonly allowed: readonly number[];
}

interface Elected {
  replica: string;
  heardMs: number;
  savedMs: number;
}

const IN_ORDER_MARGIN_MS = 3_600_000;
const { ok, duplicate, conflict, deltaLate, deltaOverlap, farFuture, outOfBounds, outOfOrder, tooOld, seriesLimit } = AppendStatus;

export class IntakeModel {
  samples: Samples = {};
  private newest = -Infinity;
  private pairs = new Map<string, Elected>();

  constructor(private readonly rules: ModelRules) {}

  /** Whether this replica is the one that is stored. */
  hears({ cluster, replica }: Sender, nowMs: number): boolean {
    const known = this.pairs.get(cluster);
    if (known && known.replica !== replica && nowMs - known.heardMs < this.rules.failoverTimeoutMs) return false;
    const isNew = known?.replica !== replica;
    const isSaved = isNew || nowMs - known!.savedMs >= this.rules.updateTimeoutMs;
    this.pairs.set(cluster, { replica, heardMs: nowMs, savedMs: isSaved ? nowMs : known!.savedMs });
    return true;
  }

  /** The server begins anew with what it wrote down. */
  restart(): void {
    for (const pair of this.pairs.values()) pair.heardMs = pair.savedMs;
  }

  /**
   * Takes the rows of a request. `found` are the server's samples afterwards, for what is not said anywhere: which of several new series
   * of a metric are admitted, and what becomes of a sample that is too late for the window, but newer than its series was before a newer
   * sample of the same request.
   */
  take(rows: readonly Row[], nowMs: number, found: Samples): Verdict[] {
    const before = new Map(Object.keys(this.samples).map((series) => [series, this.newestOf(series)]));
    const globalNewest = this.newest;
    const own = new Map<string, Row>();
    // In one request the order of times does not matter, that of equal times does.
    const byTime = rows.map((row, at) => ({ row, at })).sort((a, b) => a.row.t - b.row.t || a.at - b.at);
    return byTime.map(({ row }) => {
      const isNew = !before.has(row.series);
      const key = `${row.series}@${row.t}`;
      let time = this.judgeTime(row.t, isNew ? -Infinity : before.get(row.series)!, globalNewest, nowMs);
      const isOvertaken = rows.slice(0, rows.indexOf(row)).some((other) => other.series === row.series && other.t > row.t);
      if (time === ok && isOvertaken && this.isBehindWindow(row.t, globalNewest) && found[row.series]?.[row.t] === undefined) time = tooOld;
      const first = own.get(key);
      if (first !== undefined) {
        if (!row.delta || !first.delta) return { row, allowed: [ok] };
        return { row, allowed: [first.value === row.value ? ok : conflict] };
      }
      if (isNew && found[row.series] === undefined) return { row, allowed: time === ok ? [seriesLimit] : [time, seriesLimit] };
      const allowed = row.delta ? this.judgeDelta(row, row.delta.startMs, time, globalNewest, nowMs) : this.judge(row, time);
      if (isFine(allowed[0]!)) own.set(key, row);
      return { row, allowed };
    });
  }

  private judge(row: Row, time: number): number[] {
    const there = this.samples[row.series]?.[row.t];
    if (there === undefined) {
      if (time === ok) this.store(row.series, row.t, row.value);
      return [time];
    }
    if (Object.is(there, row.value)) return [ok];
    return time === ok || time === outOfOrder ? [conflict] : [time, conflict];
  }

  private judgeDelta(row: Row, startMs: number, time: number, globalNewest: number, nowMs: number): number[] {
    const { series, t, value } = row;
    const newest = this.newestOf(series);
    const times = this.samples[series] ?? {};
    if (t <= newest) {
      const there = times[t];
      const last = this.lastBefore(series, t, this.rules.maxIdleMs);
      if (there !== undefined && there === (last?.value ?? 0) + value) return [ok];
      // A stale marker is no total that it could contradict.
      const isTotal = there !== undefined && !Number.isNaN(there);
      const why = isTotal || t === newest ? conflict : deltaLate;
      return time === ok || time === outOfOrder ? [why] : [time, why];
    }
    if (time !== ok) return [time];
    const last = this.lastBefore(series, t, this.rules.maxIdleMs);
    if (last === undefined && startMs > 0) {
      const zeroAt = Math.max(startMs, newest + 1);
      if (zeroAt < t && this.judgeTime(zeroAt, newest, globalNewest, nowMs) === ok) this.store(series, zeroAt, 0);
    }
    this.store(series, t, (last?.value ?? 0) + value);
    return [last !== undefined && startMs > 0 && startMs < last.t ? deltaOverlap : ok];
  }

  /** The newest value before `t` that is one, if it is not too long ago. */
  private lastBefore(series: string, t: number, maxIdleMs: number): { readonly t: number; readonly value: number } | undefined {
    const times = Object.keys(this.samples[series] ?? {}).map(Number).filter((at) => at < t && !Number.isNaN(this.samples[series]![at]));
    const last = Math.max(...times);
    return t - last <= maxIdleMs ? { t: last, value: this.samples[series]![last]! } : undefined;
  }

  private judgeTime(t: number, newestOfSeries: number, newest: number, nowMs: number): number {
    const { windowMs, maxFutureMs } = this.rules;
    const minValid = newest - IN_ORDER_MARGIN_MS;
    if (t > nowMs + maxFutureMs) return farFuture;
    if (t >= minValid && t > newestOfSeries) return ok;
    if (windowMs > 0) return t >= newest - windowMs ? ok : tooOld;
    return t < minValid ? outOfBounds : outOfOrder;
  }

  private isBehindWindow(t: number, newest: number): boolean {
    return this.rules.windowMs > 0 && t < newest - this.rules.windowMs;
  }

  private newestOf(series: string): number {
    return Math.max(...Object.keys(this.samples[series] ?? {}).map(Number));
  }

  private store(series: string, t: number, value: number): void {
    (this.samples[series] ??= {})[t] = value;
    this.newest = Math.max(this.newest, t);
  }
}

/** `duplicate` counts as `ok` for whoever sent it. */
export function isFine(status: number): boolean {
  return status === ok || status === duplicate || status === deltaOverlap;
}
