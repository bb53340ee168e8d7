/** A seeded generator (mulberry32): a failing case is rerun by its seed. */
export class Random {
  constructor(private state: number) {}

  /** In [0, 1). */
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** An integer in [0, n). */
  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  /** Doubles with all their bits in use, and now and then one of the special ones. */
  double(): number {
    const special = [Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE];
    const i = this.below(100);
    return special[i] ?? (this.below(2 ** 32) / 3) * 10 ** (this.below(40) - 20);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)]!;
  }
}
