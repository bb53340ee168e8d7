/** The kernels as TypeScript sees them: one instance for each thread and arena. Semantics: `src/kernel`. */
export interface Kernel {
  initArena(mint: number, maxt: number, seedLow: number, seedHigh: number, heapLimit: number, seriesLimit: number): void;
  rehashArena(seedLow: number, seedHigh: number, heapLimit: number, seriesLimit: number): void;
  beginBatch(): void;
  endBatch(): void;
  heapLeft(): number;
  /** i64 results come as bigint; they fit a number. */
  snappyDeclaredSize(src: number, length: number): bigint;
  snappyDecode(src: number, length: number, dst: number, capacity: number): bigint;
  walkRemoteWriteV1(start: number, end: number, context: number): number;
  resolveMisses(count: number): number;
  readSymbols(start: number, end: number): number;
  walkRemoteWriteV2(start: number, end: number, context: number): number;
  resolveMissesV2(count: number): number;
  collectMetadata(): void;
  settleMiss(index: number, ref: number): void;
  settleMissV1(index: number, ref: number): void;
  walkOtlp(start: number, end: number, generation: number, targetStepMs: number, classicHistograms: number): number;
  settleOtlpPoint(index: number, n: number): void;
  settleOtlpTarget(index: number, ref: number): void;
  dropOtlpPoint(index: number): void;
  dropOtlpRows(n: number): number;
  rowsRise(n: number): number;
  rowsMeet(n: number, k: number): number;
  resolveCanonical(start: number, n: number, ids: number): number;
  findCanonical(start: number, n: number, ids: number): number;
  lastRef(): number;
  publishSeries(): void;
  appendColumns(n: number, minValid: number, notAfter: number, tooFar: number): void;
  /** `start` NaN: as the log said before. */
  appendFloat(ref: number, t: number, bitsLow: number, bitsHigh: number, start: number): number;
  appendHistogram(ref: number, t: number, bytes: number, length: number, start: number): number;
  clearSamples(ref: number, samples: number, low: number, high: number): void;
  probeFloat(ref: number, t: number, bitsLow: number, bitsHigh: number): number;
  probeHistogram(ref: number, t: number, bytes: number, length: number): number;
  seriesNewest(ref: number): number;
  replayStart(ref: number, t: number, start: number, isOnce: number): void;
  encodeDictionary(): number;
  replayDictionary(start: number, end: number): number;
  replaySamples(start: number, end: number): number;
  publishedSeries(): number;
  seriesLabels(ref: number): number;
  pairName(pair: number): number;
  readName(text: number, length: number): number;
  readPair(name: number, text: number, length: number): number;
  pairsBegin(name: number): number;
  pairsNext(out: number, capacity: number): number;
  postingsBegin(pair: number): number;
  postingsNext(out: number, capacity: number, limit: number): number;
  readBegin(slot: number, ref: number, mint: number, maxt: number): number;
  readNext(slot: number): number;
  readLate(slot: number): number;
  readHistogram(slot: number): number;
  readStarts(slot: number, n: number): void;
}

/** 4 GiB, reserved at once; the system commits what is touched. */
const ARENA_PAGES = 65536;

export function newArenaMemory(): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: ARENA_PAGES, maximum: ARENA_PAGES, shared: true });
}

export function instantiate(module: WebAssembly.Module, memory: WebAssembly.Memory): Kernel {
  return new WebAssembly.Instance<Kernel>(module, { env: { memory } }).exports;
}
