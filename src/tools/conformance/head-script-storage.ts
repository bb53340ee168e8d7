import { invariant } from '../../invariant.js';
import type { Labels } from '../../model/labels.js';
import { SampleBatch } from '../../model/sample-batch.js';
import type { Queryable } from '../../storage/queryable.js';
import { loadKernelModule } from '../../tsdb/kernel-loader.js';
import { MemoryHeads } from '../../tsdb/memory-heads.js';
import type { StoredSample } from './memory-storage.js';
import type { ScriptStorage } from './runner.js';

const HOUR_MS = 3_600_000;
/** Short enough that most scripts put a series into several heads. */
const SHORT_RANGE_MS = 2 * HOUR_MS;
const SHORT_RANGES_MAX = 24;
/** A script over months: an arena reserves 4 GiB of addresses, so there may not be hundreds of them. */
const LONG_RANGE_MS = 40 * 24 * HOUR_MS;

/** Fresh heads for one script. Needs the built kernels. */
export function createHeadStorage(): ScriptStorage {
  return new HeadScriptStorage();
}

export class HeadScriptStorage implements ScriptStorage {
  protected heads: MemoryHeads | undefined;
  private batch = new SampleBatch();

  get queryable(): Queryable {
    return (this.heads ??= this.newHeads()).queryable;
  }

  append(labels: Labels, samples: readonly StoredSample[]): void {
    const { batch } = this;
    const series = batch.addSeries(labels);
    for (const { timestampMs, value, startMs } of samples) {
      if (value === 'stale') batch.addStale(series, timestampMs);
      else if (typeof value === 'object') batch.addHistogram(series, timestampMs, value, 0, startMs);
      else batch.addFloat(series, timestampMs, value, 0, startMs);
    }
  }

  commit(): void {
    this.heads ??= this.newHeads();
    const { rejects } = this.heads.append(this.batch);
    this.batch = new SampleBatch();
    const reject = rejects.values().next().value;
    invariant(reject === undefined, `a script's sample was refused: ${reject?.example}`);
  }

  clear(): void {
    this.heads = undefined;
    this.batch = new SampleBatch();
  }

  close(): void {
    this.clear();
  }

  /** Heads of a range that suits what waits to be committed. */
  private newHeads(): MemoryHeads {
    const { timestamps, length } = this.batch;
    let newest = 0;
    for (let i = 0; i < length; i++) newest = Math.max(newest, timestamps[i]!);
    return new MemoryHeads(compiledKernels(), newest < SHORT_RANGES_MAX * SHORT_RANGE_MS ? SHORT_RANGE_MS : LONG_RANGE_MS);
  }
}

let kernels: WebAssembly.Module | undefined;

/** Compiled once a process: scripts are many. */
export function compiledKernels(): WebAssembly.Module {
  return (kernels ??= loadKernelModule());
}
