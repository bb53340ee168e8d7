/** The head that a walker tries first: it took the last body, and nearly always takes the next. */
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';

export class CurrentHead {
  private head: Head | undefined;

  constructor(private readonly store: HeadStore) {}

  /** Undefined only while the store has no head at all. */
  get(): Head | undefined {
    const heads = this.store.heads();
    if (this.head === undefined || !heads.includes(this.head)) this.head = heads.at(-1);
    return this.head;
  }

  /** A body went to `other` after `first` did not cover it: a newer head is the one to try from now on. */
  moveOn(first: Head, other: Head): void {
    if (other.mint > first.mint) this.head = other;
  }

  /** The one head for samples from `min` to `max`, opened if need be; undefined if they are not acceptable or need two. */
  covering(min: number, max: number, rules: TimeRules): Head | undefined {
    if (min < rules.lowest || max > rules.notAfter) return undefined;
    const head = this.store.obtain(min);
    return head.covers(max) ? head : undefined;
  }
}
