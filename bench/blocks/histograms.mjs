// Native histograms at rest: chunks of records against chunks of columns, both as pages are stored.
// Operator terms: durations of requests, scraped every 15 s for 2 hours; services of 2 to 2,000 requests a scrape, schema 3.
// Expected: a record is 20-100 bytes; a column of counts costs a few bits a bucket, and nothing where it does not move.
//   npm run build && node bench/blocks/histograms.mjs [--smoke]
import { ByteWriter } from '../../dist/encoding/byte-writer.js';
import { encodeHistogram, histogramEncodedSizeMax } from '../../dist/model/histogram-codec.js';
import { spansOf } from '../../dist/model/histogram-spans.js';
import { packPage } from '../../dist/tsdb/block/block-format.js';
import { ColumnCodec } from '../../dist/tsdb/block/column-codec.js';
import { decodeHistogramChunk, encodeHistogramChunk } from '../../dist/tsdb/block/histogram-chunk.js';
import { loadCodecModule } from '../../dist/tsdb/kernel-loader.js';
import { cpuSeconds, header, rounds } from '../lib/report.mjs';

const smoke = process.argv.includes('--smoke');
const SAMPLES = 480;
const codec = new ColumnCodec(loadCodecModule());

/** Lognormal durations around 30 ms. */
function requests(perScrape, seed) {
  let state = seed;
  const random = () => ((state = (Math.imul(state, 1664525) + 1013904223) >>> 0) + 0.5) / 2 ** 32;
  const buckets = new Map();
  let count = 0;
  let sum = 0;
  return Array.from({ length: SAMPLES }, () => {
    for (let n = Math.round(perScrape * 2 * random()); n > 0; n--) {
      const duration = Math.exp(-3.5 + 0.8 * Math.sqrt(-2 * Math.log(random())) * Math.cos(2 * Math.PI * random()));
      const index = Math.ceil(Math.log2(duration) * 8);
      buckets.set(index, (buckets.get(index) ?? 0) + 1);
      sum += duration;
      count++;
    }
    const indexes = [...buckets.keys()].sort((a, b) => a - b);
    return {
      float: false, schema: 3, zeroThreshold: 2 ** -128, zeroCount: 0, count, sum, positiveSpans: spansOf(indexes), negativeSpans: [],
      positiveBuckets: indexes.map((index) => buckets.get(index)), negativeBuckets: [], customValues: [], resetHint: 0,
    };
  });
}

function record(histogram, out) {
  const bytes = new Uint8Array(histogramEncodedSizeMax(histogram));
  const size = encodeHistogram(histogram, bytes, 0);
  out.varint(size);
  out.bytes(bytes.subarray(0, size));
}

header(`native histograms, chunks of ${SAMPLES}`);
for (const perScrape of smoke ? [20] : [2, 20, 200, 2000]) {
  const series = Array.from({ length: smoke ? 2 : 20 }, (_, seed) => requests(perScrape, seed + 1));
  const buckets = series.reduce((sum, one) => sum + one.at(-1).positiveBuckets.length, 0) / series.length;
  const chunk = (one, name) => {
    const out = new ByteWriter();
    encodeHistogramChunk(one, codec, name, out);
    return out.copy();
  };
  const records = series.map((one) => { const out = new ByteWriter(); for (const h of one) record(h, out); return out.copy(); });
  const size = (chunks) => (packPage(Buffer.concat(chunks)).length / series.length / SAMPLES).toFixed(2);
  const columns = series.map((one) => chunk(one, 'P'));
  console.log(`${perScrape} requests a scrape, ${buckets.toFixed(0)} buckets: records ${size(records)}, columns ${size(columns)}, ` +
    `codec R ${size(series.map((one) => chunk(one, 'R')))} B a histogram`);
  const each = async (run) => (1e9 * await cpuSeconds(() => series.forEach(run))) / series.length / SAMPLES;
  await rounds('  encode and read back', smoke ? 1 : 5, 'ns a histogram', () => each((one) => chunk(one, 'P')));
  await rounds('  decode', smoke ? 1 : 5, 'ns a histogram', () => each((_, i) => {
    if (decodeHistogramChunk(columns[i], 0, columns[i].length, 0, SAMPLES, SAMPLES, codec).length !== SAMPLES) throw new Error('lost some');
  }));
}
