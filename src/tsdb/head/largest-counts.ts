import { compareUtf8 } from '../../model/labels.js';
import type { NamedCount } from '../../storage/cardinality.js';

/**
 * The largest of many counts, by id, with the texts of those few read at the end. Keeps up to twice the limit and cuts
 * back when that is full: no entry per id, and no heap to maintain. Ids with the count of the last place all stay until
 * the end, so that the order of equal counts is that of their names and not of their arrival.
 */
export class LargestCounts {
  private entries: { readonly id: number; readonly count: number }[] = [];
  private floor = 0;
  private nextCut: number;

  constructor(private readonly limit: number, private readonly nameOf: (id: number) => string) {
    this.nextCut = 2 * limit + 64;
  }

  add(id: number, count: number): void {
    if (count < this.floor) return;
    this.entries.push({ id, count });
    if (this.entries.length >= this.nextCut) this.cut();
  }

  list(): NamedCount[] {
    this.cut();
    return this.entries.map(({ id, count }) => ({ name: this.nameOf(id), value: count }))
      .sort((a, b) => b.value - a.value || compareUtf8(a.name, b.name))
      .slice(0, this.limit);
  }

  private cut(): void {
    if (this.entries.length <= this.limit) return;
    this.entries.sort((a, b) => b.count - a.count);
    this.floor = this.entries[this.limit - 1]!.count;
    this.entries = this.entries.filter(({ count }) => count >= this.floor);
    this.nextCut = 2 * this.entries.length + 64;
  }
}
