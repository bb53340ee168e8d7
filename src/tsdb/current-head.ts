/** The head that a walker tries first: it took the last body, and nearly always takes the next. */
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';
import type { TimeRules } from './head/time-rules.js';

export class CurrentHead {
  /** Not the head itself, which must be collectable when it was dropped, though no body comes any more. */
  private id = -1;

  constructor(private readonly store: HeadStore) {}

  /** Undefined while no head takes samples. */
  get(): Head | undefined {
    const known = this.store.openById(this.id);
    if (known) return known;
    const newest = this.store.newestOpen();
    this.id = newest?.id ?? -1;
    return newest;
  }

  /** The same, or a scout, in which every sample of a body is outside. */
  orScout(): Head {
    return this.get() ?? this.store.scout();
  }

  /** A body went to `other` after `first` did not cover it: a newer head is the one to try from now on. */
  moveOn(first: Head, other: Head): void {
    if (other.mint > first.mint) this.id = other.id;
  }

  /**
   * The one head for samples from `min` to `max`, opened if need be; undefined if they are not acceptable, need two, or may be in
   * closed heads and blocks already, so that a head for them should not be opened before that is known.
   */
  covering(min: number, max: number, rules: TimeRules): Head | undefined {
    if (min < rules.lowest || max > rules.notAfter || this.store.needsLateHead(min)) return undefined;
    const head = this.store.obtain(min);
    return head.covers(max) ? head : undefined;
  }
}
