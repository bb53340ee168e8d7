import type { MetricMetadata } from '../model/metadata.js';

/** Lets through the metadata that differs from what was seen last of its family: senders repeat all of it with every request. */
export class MetadataFilter {
  private readonly seen = new Map<string, MetricMetadata>();

  /** @param familiesMax entries kept; when there are more the filter starts anew, which costs repeats, not losses */
  constructor(private readonly familiesMax: number) {}

  isNew(entry: MetricMetadata): boolean {
    const known = this.seen.get(entry.family);
    if (known && known.type === entry.type && known.unit === entry.unit && known.help === entry.help) return false;
    if (known === undefined && this.seen.size >= this.familiesMax) this.seen.clear();
    this.seen.set(entry.family, entry);
    return true;
  }
}
