/** Builds a store in memory from series in script notation: ``memoryStorage(15, 'up{job="a"} 0+10x3 _ stale')``. */
import { MemoryStorage, type StoredSample } from '../../src/tools/conformance/memory-storage.js';
import { parsePoints, splitSeriesLine } from '../../src/tools/conformance/notation.js';

/** Samples of every series at 0, stepSeconds, 2 * stepSeconds, … */
export function memoryStorage(stepSeconds: number, ...lines: readonly string[]): MemoryStorage {
  const storage = new MemoryStorage();
  for (const line of lines) {
    const { labels, points } = splitSeriesLine(line);
    const samples: StoredSample[] = [];
    parsePoints(points).forEach((point, i) => {
      if (point === 'gap') return;
      const value = typeof point === 'object' ? point.histogram : point;
      samples.push({ timestampMs: i * stepSeconds * 1000, startMs: 0, value });
    });
    storage.append(labels, samples);
  }
  return storage;
}
