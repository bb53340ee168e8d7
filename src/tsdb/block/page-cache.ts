/**
 * Decoded pages of all blocks that a thread reads, bounded by bytes. A page is looked up several times for each chunk of a query, a
 * page is loaded a few times an hour: so looking up is one access to a map with small integers as keys, and what is evicted is found
 * by a clock instead of by an order of use that every look-up would have to maintain (which took a quarter of the time of a query
 * over a day).
 */
interface Entry {
  readonly value: object;
  readonly bytes: number;
  readonly shelf: Map<number, Entry>;
  readonly id: number;
  /** Looked up since the hand of the clock passed. */
  used: boolean;
  /** Index in `PageCache.entries`. */
  place: number;
}

/** Cost of an entry besides its content: slots of map and array, object. */
const ENTRY_BYTES = 120;

export class PageCache {
  private readonly entries: Entry[] = [];
  private hand = 0;
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  get usedBytes(): number {
    return this.used;
  }

  /** A part of the cache with ids of its own: the pages of one table of one block. */
  shelf(): PageShelf {
    return new PageShelf(this);
  }

  /** Adds what a shelf does not have, and evicts others if need be. */
  add(shelf: Map<number, Entry>, id: number, value: object, contentBytes: number): void {
    const bytes = contentBytes + ENTRY_BYTES;
    if (bytes > this.maxBytes) return;
    while (this.used + bytes > this.maxBytes) this.evict();
    const entry: Entry = { value, bytes, shelf, id, used: false, place: this.entries.length };
    shelf.set(id, entry);
    this.entries.push(entry);
    this.used += bytes;
  }

  /** Takes out all pages of a shelf. */
  empty(shelf: Map<number, Entry>): void {
    // A map may lose the entry that it is at.
    for (const entry of shelf.values()) this.remove(entry);
  }

  private evict(): void {
    // Ends within two rounds: the first one leaves nothing marked.
    for (;;) {
      if (this.hand >= this.entries.length) this.hand = 0;
      const entry = this.entries[this.hand]!;
      if (!entry.used) {
        this.remove(entry);
        // In its place is the newest one now, which must not be the next to go.
        this.hand++;
        return;
      }
      entry.used = false;
      this.hand++;
    }
  }

  private remove(entry: Entry): void {
    const last = this.entries.pop()!;
    if (last !== entry) {
      this.entries[entry.place] = last;
      last.place = entry.place;
    }
    entry.shelf.delete(entry.id);
    this.used -= entry.bytes;
  }
}

export class PageShelf {
  private readonly pages = new Map<number, Entry>();

  constructor(private readonly cache: PageCache) {}

  get(id: number): object | undefined {
    const entry = this.pages.get(id);
    if (entry === undefined) return undefined;
    entry.used = true;
    return entry.value;
  }

  /** Keeps a page that `get` did not find; not if it is larger than the whole cache. */
  add(id: number, value: object, bytes: number): void {
    this.cache.add(this.pages, id, value, bytes);
  }

  /** Forgets all pages: the block is closed. */
  clear(): void {
    this.cache.empty(this.pages);
  }
}
