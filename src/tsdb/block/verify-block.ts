/** Reads everything that is in a block: before it is published, and whenever someone wants to know. */
import { SampleColumns } from '../../model/sample-columns.js';
import { SETS_PER_PAGE, type BlockMeta } from './block-format.js';
import { BlockError } from './block-error.js';
import type { BlockReader } from './block-reader.js';

/**
 * Every row is there and its checksum right, every series has labels and rising samples inside the block's range, every series is in
 * the postings of its pairs, and the totals are those of the header.
 * @param onSeries called now and then with the number of series done: throw from it to stop
 * @throws BlockError
 */
export function verifyBlock(block: BlockReader, onSeries: (done: number) => void = () => {}): BlockMeta {
  const { index, meta } = block;
  const fail = (what: string): never => {
    throw new BlockError('corrupt_block', block.path, `damaged: ${what}`);
  };
  const samples = new SampleColumns(1024);
  const postings = new Float64Array(meta.pairs);
  let floats = 0;
  let histograms = 0;
  let starts = 0;
  let chunks = 0;
  let sets = 0;
  for (let series = 0; series < meta.series; series++) {
    if (series % 1024 === 0) onSeries(series);
    const page = index.seriesPage(series);
    const row = series % 256;
    chunks += page.firstChunk[row + 1]! - page.firstChunk[row]!;
    sets = Math.max(sets, page.set[row]! + 1);
    if (page.set[row]! >= Math.ceil(meta.label_sets / SETS_PER_PAGE) * SETS_PER_PAGE) fail(`label set of series ${series}`);
    index.eachPair(series, (pair) => {
      if (pair >= meta.pairs) fail(`pair ${pair} of series ${series}`);
      postings[pair]!++;
    });
    samples.clear();
    block.readSeries(series, samples, -Infinity, Infinity);
    for (let i = 0; i < samples.length; i++) {
      const t = samples.timestamps[i]!;
      if (t < meta.min_time || t > meta.max_time || (i > 0 && t <= samples.timestamps[i - 1]!)) fail(`time ${t} of series ${series}`);
      if (samples.histograms?.[i] === undefined) floats++;
      else histograms++;
      if (samples.startTimestamps !== undefined && samples.startTimestamps[i] !== 0) starts++;
    }
  }
  for (let pair = 0; pair < meta.pairs; pair++) {
    index.value(pair);
    const list = index.postings(pair);
    if (list.length !== postings[pair]) fail(`${list.length} series in the postings of pair ${pair}, ${postings[pair]!} have it`);
  }
  // A compacted block may have sets and pairs that only deleted series had.
  if (sets > meta.label_sets) fail(`${sets} label sets of ${meta.label_sets}`);
  if (chunks !== meta.chunks) fail(`${chunks} chunks of ${meta.chunks}`);
  if (floats !== meta.floats || histograms !== meta.histograms) {
    fail(`${floats} floats and ${histograms} histograms, ${meta.floats} and ${meta.histograms} were written`);
  }
  if (starts !== meta.starts) fail(`${starts} start timestamps, ${meta.starts} were written`);
  return meta;
}
