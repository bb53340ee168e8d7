/**
 * Real heads without a log: the same arenas, kernels and append path as the store's, written synchronously and gone with the
 * object. For tools and benchmarks that want to question a head.
 */
import { NullDisk } from '../io/null-disk.js';
import type { SampleBatch } from '../model/sample-batch.js';
import type { AppendReport } from '../storage/appender.js';
import { BatchAppend } from './batch-append.js';
import type { HeadDescriptor } from './head/descriptor.js';
import { HeadSet } from './head-set.js';
import { HeadStore } from './head-store.js';
import { OtherSources } from './other-sources.js';
import type { TimeRules } from './head/time-rules.js';

/** Nothing is too late and nothing too early: what rises goes to chunks, what does not is a late sample. */
const ANY_TIME: TimeRules = { newest: -Infinity, windowMs: Infinity, minValid: -Infinity, lowest: -Infinity, notAfter: Infinity };

/** The writer has slot 0 of every arena. */
const READER_SLOT = 1;

export class MemoryHeads {
  readonly queryable: HeadSet;
  private readonly store: HeadStore;
  private readonly batches: BatchAppend;

  /** @param rangeMs range of one head, below 49 days */
  constructor(module: WebAssembly.Module, rangeMs: number) {
    this.store = new HeadStore(new NullDisk(), '', module, {
      rangeMs, maxSeries: 0, maxHeads: Infinity, segmentBytes: 1 << 26, preallocate: false, seed: { low: 1, high: 2 },
      keepStarts: true,
    });
    this.batches = new BatchAppend(this.store, new OtherSources(this.store));
    this.queryable = new HeadSet(module, READER_SLOT);
  }

  /** The heads so far, for readers of their own: slot 1 is taken by `queryable`. */
  descriptors(): readonly HeadDescriptor[] {
    return this.store.descriptors();
  }

  /** Visible to the queryable when the call returns. @throws IngestError if a head is full */
  append(batch: SampleBatch): AppendReport {
    const report = this.batches.append(batch, new Uint8Array(batch.length), ANY_TIME, new Set());
    this.queryable.update(this.store.descriptors());
    return report;
  }
}
