import { expect, it } from 'vitest';
import { blockList } from '../../src/http/block-list.js';
import type { BlockSummary } from '../../src/storage/block-summary.js';

const block: BlockSummary = {
  id: 40, mint: 1000, maxt: 2000, series: 3, floats: 20, histograms: 4, chunks: 5, sizeBytes: 4096, level: 1, heads: [1, 33], parents: [34, 35], damaged: false,
};

it('blocks are listed as Prometheus does it, ids in the form of ULIDs', () => {
  expect(JSON.stringify(blockList([block]))).toBe(
    '{"blocks":[{"ulid":"00000000000000000000000018","minTime":1000,"maxTime":2000,'
    + '"stats":{"numSamples":24,"numFloatSamples":20,"numHistogramSamples":4,"numSeries":3,"numChunks":5},'
    + '"compaction":{"level":2,"sources":["00000000000000000000000001","00000000000000000000000011"]},"version":1,"sizeBytes":4096}]}',
  );
});

it('what is 0 is left out, and damage is said', () => {
  const empty = { ...block, series: 0, floats: 0, histograms: 0, chunks: 0, level: 0, damaged: true };
  expect(blockList([empty])).toMatchObject({ blocks: [{ stats: {}, compaction: { level: 1, failed: true } }] });
});
