/** What a query worker runs, apart from messages and threads. */
import type { ApiLimits, ApiReply, ApiRequest } from '../api/contract.js';
import type { EngineOptions } from '../promql/engine/engine-api.js';
import type { SourceDescriptor } from '../tsdb/head/descriptor.js';
import type { BlockReading } from '../tsdb/head-set.js';
import type { StopReason } from './messages.js';
import type { QueryMemory } from './query-memory.js';

/** Everything that a worker is told when it starts; cloned into its thread. */
export interface QueryRuntimeSettings {
  /** The compiled kernels (compiled once, shared by all threads). */
  readonly kernels: WebAssembly.Module;
  readonly blocks: BlockReading;
  readonly catalogueFile: string;
  readonly engine: EngineOptions;
  /** What each worker keeps of the results of range queries; nothing if left out. */
  readonly resultCacheBytes?: number;
  readonly limits: ApiLimits;
  /** Of all threads together; unbounded if left out. */
  readonly memory?: QueryMemory;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** Feature search-api. */
  readonly searchApi?: boolean;
}

export interface QueryRuntime {
  /** All heads and blocks from now on. Must drop every reference to those that are absent. */
  setHeads(heads: readonly SourceDescriptor[]): void;
  /**
   * Answers one request, errors included; an exception means a bug and costs the worker its life. The caller owns
   * the reply: its buffer is transferred away, so that an implementation must not reuse it.
   * @param stopRequested cheap (one atomic load): to be polled often enough to stop within 50 ms
   */
  run(request: ApiRequest, stopRequested: () => StopReason | undefined): ApiReply;
  /**
   * Makes a function that answers one made-up request each time, as `run` would. Absent: there is nothing to warm up.
   * @param shortOnly only requests of the short class
   */
  rehearse?(shortOnly: boolean): Promise<() => ApiReply>;
  close(): void;
}

/** The shape of a runtime module, which the worker imports by URL. */
export interface QueryRuntimeModule {
  /** @param readerSlot the thread's scratch slot in every arena */
  createQueryRuntime(settings: QueryRuntimeSettings, readerSlot: number): QueryRuntime;
}
