/**
 * Samples of a request that closed heads or blocks have, as its rows meet them. Another value for the same time that comes behind one of
 * them is passed over in silence, as if both had come to a head that takes samples.
 */
import type { Labels } from '../model/labels.js';

export class FoundSamples {
  /** By series and time: whether the sample came as a delta. The first one counts. */
  private readonly byDelta = new Map<string, boolean>();

  note(labels: Labels, t: number, isDelta: boolean): void {
    const key = keyOf(labels, t);
    if (!this.byDelta.has(key)) this.byDelta.set(key, isDelta);
  }

  /** False between two deltas: of those nothing is dropped without a word. */
  has(labels: Labels, t: number, isDelta: boolean): boolean {
    if (this.byDelta.size === 0) return false;
    const foundDelta = this.byDelta.get(keyOf(labels, t));
    return foundDelta !== undefined && !(foundDelta && isDelta);
  }
}

function keyOf(labels: Labels, t: number): string {
  return `${labels.key()}@${t}`;
}
