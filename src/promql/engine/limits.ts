import type { MemoryAccount } from '../../storage/memory-account.js';
import { QueryError } from './engine-api.js';

/** Values between two polls: a millisecond or two, at 5 to 10 ns each. */
const WORK_PER_POLL = 200_000;
/** What the labels of a series cost (compared, reduced, looked up: up to a microsecond), in values. */
const LABELS_WORK = 100;
/** The same where they may have to be read from storage. */
const READ_LABELS_WORK = 500;
/** What is kept of a selected or computed series besides its samples: objects, and labels that no cache shares. */
const SERIES_BYTES = 300;
/** A float and its kind, and for most accumulators a second float. */
const CELL_BYTES = 16;
/** A time and a value. */
const POINT_BYTES = 16;
/** With a dozen spans and some dozen buckets. */
const HISTOGRAM_BYTES = 600;

/**
 * What one query may use, and what it has used. Samples are counted as Prometheus counts them: the samples of a
 * result are held until the result that is computed from them replaces them.
 */
export class QueryLimits {
  /** Samples read from storage and looked at, once for each step that looks at them. */
  queryable = 0;
  /** Samples read from storage: as `queryable`, but those that overlapping windows share count once. */
  read = 0;
  peak = 0;
  private held = 0;
  /** Work since the last poll. */
  private unpolled = 0;
  private series = 0;
  /** The most points of one series that were in memory at a time. */
  private scratchPoints = 0;

  constructor(
    private readonly maxSamples: number,
    /** 0 = no limit. */
    private readonly maxSeries: number,
    private readonly stopRequested: () => 'canceled' | 'timeout' | undefined,
    private readonly memory?: MemoryAccount,
  ) {}

  /** Called at least once per series, so that a query stops within milliseconds. @throws QueryError */
  poll(): void {
    this.unpolled = 0;
    throwIfStopped(this.stopRequested);
  }

  /**
   * Called where one series can be much work (overlapping windows, sorting), with the values looked at: polls once in a while.
   * @throws QueryError
   */
  worked(values: number): void {
    this.unpolled += values;
    if (this.unpolled >= WORK_PER_POLL) this.poll();
  }

  /** The same for work on labels: called once for each series or comparison. @throws QueryError */
  handledLabels(): void {
    this.worked(LABELS_WORK);
  }

  /** The same before labels are read. @throws QueryError */
  readLabels(): void {
    this.worked(READ_LABELS_WORK);
  }

  /** Series that were selected. @throws QueryError when the query selects more than it may @throws MemoryLimitError */
  addSeries(count: number): void {
    this.series += count;
    if (this.maxSeries > 0 && this.series > this.maxSeries) {
      throw new QueryError('execution', `query selects too many series: ${this.series} of at most ${this.maxSeries}`);
    }
    this.memory?.take(count * SERIES_BYTES);
  }

  /** A series that the query has computed and keeps, with so many points. @throws MemoryLimitError */
  keepSeries(points: number, histograms: number): void {
    this.memory?.take(SERIES_BYTES + points * POINT_BYTES + histograms * HISTOGRAM_BYTES);
  }

  /** Points of one series, in memory until the next one takes their place. @throws MemoryLimitError */
  loaded(points: number, histograms: number): void {
    const all = points + histograms * (HISTOGRAM_BYTES / POINT_BYTES);
    if (all <= this.scratchPoints) return;
    // Columns grow by doubling.
    this.memory?.take((all - this.scratchPoints) * POINT_BYTES * 2);
    this.scratchPoints = all;
  }

  /** @throws QueryError when the query holds more samples than it may */
  hold(samples: number): void {
    this.held += samples;
    if (this.held > this.peak) this.peak = this.held;
    if (this.held > this.maxSamples) throw tooManySamples();
  }

  /**
   * Called before memory for this many cells (series × steps) is taken: nothing may ask for more than the samples that
   * the query may hold, however few of the cells will be filled. The memory is the query's until it ends.
   * @throws QueryError @throws MemoryLimitError
   */
  checkCells(cells: number): void {
    if (cells > this.maxSamples) throw tooManySamples();
    this.memory?.take(cells * CELL_BYTES);
  }

  /** Samples held now, to come back to with `releaseTo`. */
  mark(): number {
    return this.held;
  }

  releaseTo(mark: number): void {
    this.held = mark;
  }
}

/** @throws QueryError */
export function throwIfStopped(stopRequested: () => 'canceled' | 'timeout' | undefined): void {
  const reason = stopRequested();
  if (reason === undefined) return;
  if (reason === 'timeout') throw new QueryError('timeout', 'query timed out in expression evaluation');
  throw new QueryError('canceled', 'query was canceled in expression evaluation');
}

function tooManySamples(): QueryError {
  return new QueryError('execution', 'query processing would load too many samples into memory in query execution');
}
