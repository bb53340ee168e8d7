/** Numbers from a seed. */
export class Dice {
  constructor(private state: number) {}

  below(limit: number): number {
    this.state = (Math.imul(this.state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.state / 2 ** 32) * limit);
  }

  /** Doubles with all their bits in use, and now and then one of the special ones. */
  double(): number {
    const special = [Infinity, -Infinity, -0, 5e-324, Number.MAX_VALUE];
    const i = this.below(100);
    return special[i] ?? (this.below(2 ** 32) / 3) * 10 ** (this.below(40) - 20);
  }
}
