/** Calls a poll at every so-manieth step of a loop that may be long. */
export class Pace {
  private left: number;

  /** @param poll throws if the work is not wanted any more; nothing is done if left out */
  constructor(readonly poll: (() => void) | undefined, private readonly every: number) {
    this.left = every;
  }

  step(): void {
    if (--this.left > 0) return;
    this.left = this.every;
    this.poll?.();
  }
}
