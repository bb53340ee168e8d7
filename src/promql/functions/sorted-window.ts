/**
 * The values of a sliding window, kept sorted: a step of a query adds and removes a few samples of many, which is
 * cheaper than sorting them all again. NaN is counted apart, since it has no place in an order.
 */
export class SortedWindow {
  private sorted: Float64Array = new Float64Array(64);
  private length = 0;
  private nans = 0;
  private lo = 0;
  private hi = 0;

  /** Forgets everything: another series begins. */
  clear(): void {
    this.length = 0;
    this.nans = 0;
    this.lo = 0;
    this.hi = 0;
  }

  /** Makes the window values[lo, hi). Bounds that only grow cost what they moved, others start anew. */
  moveTo(values: Float64Array, lo: number, hi: number): void {
    if (lo < this.lo || hi < this.hi || lo >= this.hi) this.restart(values, lo, hi);
    else {
      for (let i = this.lo; i < lo; i++) this.remove(values[i]!);
      for (let i = this.hi; i < hi; i++) this.add(values[i]!);
    }
    this.lo = lo;
    this.hi = hi;
  }

  /**
   * The `q`-quantile, interpolated between the two nearest ranks; NaN ranks below all numbers. As `quantile` of the
   * same values: NaN for no values or q NaN, -Inf below 0, +Inf above 1.
   */
  quantile(q: number): number {
    const count = this.length + this.nans;
    if (count === 0 || q !== q) return NaN;
    if (q < 0) return -Infinity;
    if (q > 1) return Infinity;
    const rank = q * (count - 1);
    const lower = Math.floor(rank);
    const upper = Math.min(count - 1, lower + 1);
    const weight = rank - lower;
    return this.valueAt(lower) * (1 - weight) + this.valueAt(upper) * weight;
  }

  private valueAt(rank: number): number {
    return rank < this.nans ? NaN : this.sorted[rank - this.nans]!;
  }

  private restart(values: Float64Array, lo: number, hi: number): void {
    if (this.sorted.length < hi - lo) this.sorted = new Float64Array((hi - lo) * 2);
    this.length = 0;
    this.nans = 0;
    for (let i = lo; i < hi; i++) {
      const value = values[i]!;
      if (value !== value) this.nans++;
      else this.sorted[this.length++] = value;
    }
    this.sorted.subarray(0, this.length).sort();
  }

  private add(value: number): void {
    if (value !== value) {
      this.nans++;
      return;
    }
    if (this.length === this.sorted.length) {
      const wider = new Float64Array(this.length * 2);
      wider.set(this.sorted);
      this.sorted = wider;
    }
    const { sorted } = this;
    let i = this.length++;
    const at = this.placeOf(value, i);
    for (; i > at; i--) sorted[i] = sorted[i - 1]!;
    sorted[at] = value;
  }

  private remove(value: number): void {
    if (value !== value) {
      this.nans--;
      return;
    }
    const { sorted } = this;
    const last = --this.length;
    for (let i = this.placeOf(value, last + 1); i < last; i++) sorted[i] = sorted[i + 1]!;
  }

  /** First index below `length` whose value is not less. */
  private placeOf(value: number, length: number): number {
    let low = 0;
    let high = length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
