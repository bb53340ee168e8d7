// Everything that the TypeScript side may call. One instance per thread and arena; no state of its own between calls except
// read cursors.
export { initArena, beginBatch, endBatch, heapLeft } from './heap';
export { snappyDeclaredSize, snappyDecode } from './snappy';
export { pairsBegin, pairsNext, postingsBegin, postingsNext } from './dictionary';
export { findCanonical, lastRef, publishSeries, resolveCanonical, seriesLabels, pairName } from './series';
export { settleMiss } from './miss';
export { resolveMisses, settleMissV1, walkRemoteWriteV1 } from './walk-rw1';
export { readSymbols, resolveMissesV2, walkRemoteWriteV2 } from './walk-rw2';
export { collectMetadata } from './metadata';
export { walkOtlp } from './walk-otlp';
export { rowsMeet, rowsRise } from './row-order';
export { dropOtlpPoint, dropOtlpRows, settleOtlpPoint, settleOtlpTarget } from './settle-otlp';
export { appendColumns, appendFloat, appendHistogram, probeFloat, probeHistogram, replaySamples, seriesNewest } from './append';
export { readStarts, replayStart } from './starts';
export { rehashArena } from './rehash';
export { clearSamples } from './clear';
export { encodeDictionary, replayDictionary } from './dictionary-log';
export { publishedSeries, readBegin, readHistogram, readLate, readName, readNext, readPair } from './read';
