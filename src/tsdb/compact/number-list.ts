/** Numbers without a known count: a typed array that doubles. */
export class NumberList {
  private values: Uint32Array;
  length = 0;

  constructor(capacity: number) {
    this.values = new Uint32Array(Math.max(16, capacity));
  }

  push(value: number): void {
    this.reserve(1);
    this.values[this.length++] = value;
  }

  /** Appends from[0 .. count). */
  append(from: Uint32Array, count: number): void {
    this.reserve(count);
    this.values.set(from.subarray(0, count), this.length);
    this.length += count;
  }

  /** What is in it; no longer a part of the list once more is added. */
  view(): Uint32Array {
    return this.values.subarray(0, this.length);
  }

  private reserve(extra: number): void {
    if (this.length + extra <= this.values.length) return;
    const grown = new Uint32Array(Math.max(this.length + extra, this.values.length * 2));
    grown.set(this.values.subarray(0, this.length));
    this.values = grown;
  }
}
