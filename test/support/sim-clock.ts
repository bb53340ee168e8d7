import type { Clock, Timer } from '../../src/io/clock.js';

interface Entry {
  at: number;
  readonly call: () => void;
  readonly intervalMs: number | undefined;
}

/** A clock that stands still until `advance`. */
export class SimClock implements Clock {
  private readonly entries = new Set<Entry>();
  private now: number;

  constructor(startMs = 1_700_000_000_000) {
    this.now = startMs;
  }

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return this.now;
  }

  after(delayMs: number, call: () => void): Timer {
    return this.add({ at: this.now + delayMs, call, intervalMs: undefined });
  }

  every(intervalMs: number, call: () => void): Timer {
    return this.add({ at: this.now + intervalMs, call, intervalMs });
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.entries.size;
  }

  /** Moves time on and calls what is due, in order. */
  advance(byMs: number): void {
    const end = this.now + byMs;
    for (;;) {
      let next: Entry | undefined;
      for (const entry of this.entries) if (entry.at <= end && (!next || entry.at < next.at)) next = entry;
      if (!next) break;
      this.now = next.at;
      if (next.intervalMs === undefined) this.entries.delete(next);
      else next.at += next.intervalMs;
      next.call();
    }
    this.now = end;
  }

  private add(entry: Entry): Timer {
    this.entries.add(entry);
    return { cancel: () => void this.entries.delete(entry) };
  }
}
