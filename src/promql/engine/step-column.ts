import type { Histogram } from '../../model/histogram.js';

/** What a step of a column holds. */
export const ABSENT = 0;
export const FLOAT = 1;
export const HISTOGRAM = 2;

/**
 * The samples of one series at the steps of a grid. Written by one operator, read by its consumer, then reused for
 * the next series: nobody keeps a column that is not its own.
 *
 *   kinds       0 0 1 1 2      ABSENT, FLOAT, HISTOGRAM
 *   values      . . 3 4 .      meaningful where FLOAT
 *   histograms  . . . . h      meaningful where HISTOGRAM; undefined while the column has none
 *
 * Stale markers never get here: a stale step is ABSENT. Histograms are immutable and may be shared.
 */
export class StepColumn {
  readonly values: Float64Array;
  readonly kinds: Uint8Array;
  histograms: (Histogram | undefined)[] | undefined;

  constructor(readonly length: number) {
    this.values = new Float64Array(length);
    this.kinds = new Uint8Array(length);
  }

  reset(): void {
    this.kinds.fill(ABSENT);
    this.histograms = undefined;
  }

  setFloat(step: number, value: number): void {
    this.values[step] = value;
    this.kinds[step] = FLOAT;
  }

  setHistogram(step: number, histogram: Histogram): void {
    this.histogramSlots()[step] = histogram;
    this.kinds[step] = HISTOGRAM;
  }

  /** The histogram at a step of kind HISTOGRAM. */
  histogramAt(step: number): Histogram {
    return this.histograms![step]!;
  }

  copyStep(step: number, from: StepColumn): void {
    const kind = from.kinds[step]!;
    if (kind === HISTOGRAM) this.setHistogram(step, from.histogramAt(step));
    else {
      this.kinds[step] = kind;
      this.values[step] = from.values[step]!;
    }
  }

  copyFrom(from: StepColumn): void {
    this.kinds.set(from.kinds);
    this.values.set(from.values);
    this.histograms = from.histograms?.slice();
  }

  clone(): StepColumn {
    const copy = new StepColumn(this.length);
    copy.copyFrom(this);
    return copy;
  }

  /** Number of steps that have a sample. */
  countPresent(): number {
    const kinds = this.kinds;
    let count = 0;
    for (let i = 0; i < kinds.length; i++) if (kinds[i] !== ABSENT) count++;
    return count;
  }

  isEmpty(): boolean {
    const kinds = this.kinds;
    for (let i = 0; i < kinds.length; i++) if (kinds[i] !== ABSENT) return false;
    return true;
  }

  private histogramSlots(): (Histogram | undefined)[] {
    return (this.histograms ??= Array.from<Histogram | undefined>({ length: this.length }));
  }
}
