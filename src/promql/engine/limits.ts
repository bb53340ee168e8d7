import { QueryError } from './engine-api.js';

/** Values between two polls: a millisecond or two, at 5 to 10 ns each. */
const WORK_PER_POLL = 200_000;

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

  constructor(
    private readonly maxSamples: number,
    /** 0 = no limit. */
    private readonly maxSeries: number,
    private readonly stopRequested: () => 'canceled' | 'timeout' | undefined,
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

  /** @throws QueryError when the query selects more series than it may */
  addSeries(count: number): void {
    this.series += count;
    if (this.maxSeries > 0 && this.series > this.maxSeries) {
      throw new QueryError('execution', `query selects too many series: ${this.series} of at most ${this.maxSeries}`);
    }
  }

  /** @throws QueryError when the query holds more samples than it may */
  hold(samples: number): void {
    this.held += samples;
    if (this.held > this.peak) this.peak = this.held;
    if (this.held > this.maxSamples) throw tooManySamples();
  }

  /**
   * Called before memory for this many cells (series × steps) is taken: nothing may ask for more than the samples that
   * the query may hold, however few of the cells will be filled.
   * @throws QueryError
   */
  checkCells(cells: number): void {
    if (cells > this.maxSamples) throw tooManySamples();
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
