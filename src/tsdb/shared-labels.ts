/**
 * Label sets of the series of all blocks that a thread reads, each kept once: a series is in every block of its life, and a query
 * over a day would otherwise build and compare a dozen equal sets for each of its series.
 */
import type { Labels } from '../model/labels.js';

/** Label sets kept, about 1 KB each with their keys. Above it the table starts anew. */
const SETS_MAX = 50_000;

export class SharedLabels {
  private sets = new Map<string, Labels>();
  /** Counts the new starts: who keeps sets of this table beside it drops them when this has changed. */
  generation = 0;

  /** The set kept for all that are equal to `labels`. */
  share(labels: Labels): Labels {
    const key = labels.key();
    const known = this.sets.get(key);
    if (known !== undefined) return known;
    if (this.sets.size === SETS_MAX) {
      this.sets = new Map();
      this.generation++;
    }
    this.sets.set(key, labels);
    return labels;
  }
}
