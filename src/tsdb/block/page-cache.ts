/** Decoded pages of all blocks that a thread reads: least recently used first out, bounded by bytes. */
interface Entry {
  readonly value: object;
  readonly bytes: number;
}

/** Cost of an entry besides its content: map slot, key, object. */
const ENTRY_BYTES = 120;

export class PageCache {
  /** In the order of use: a map keeps the order of insertion. */
  private readonly entries = new Map<number, Entry>();
  private used = 0;

  constructor(private readonly maxBytes: number) {}

  get usedBytes(): number {
    return this.used;
  }

  get(key: number): object | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.value;
  }

  set(key: number, value: object, contentBytes: number): void {
    const bytes = contentBytes + ENTRY_BYTES;
    if (bytes > this.maxBytes) return;
    this.remove(key);
    this.entries.set(key, { value, bytes });
    this.used += bytes;
    for (const oldest of this.entries.keys()) {
      if (this.used <= this.maxBytes) break;
      this.remove(oldest);
    }
  }

  private remove(key: number): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.used -= entry.bytes;
  }
}
