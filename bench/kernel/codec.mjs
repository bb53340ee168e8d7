// Codecs P and R, encode and decode, without pages and files around it.
// Operator terms: 2-hour chunks of a fleet that is scraped every 15 s, 480 samples a series: 60 % constant, 15 % integer counters,
// 15 % decimals, 5 % counters of seconds with float noise, 5 % noise. Expected: 1.5 B a sample where values change, 2 ns to decode P,
// 40 ns R.
//   npm run build && node bench/kernel/codec.mjs [--smoke]
import { ColumnCodec } from '../../dist/tsdb/block/column-codec.js';
import { loadCodecModule } from '../../dist/tsdb/kernel-loader.js';
import { cpuSeconds, header, rounds } from '../lib/report.mjs';

const smoke = process.argv.includes('--smoke');
const SAMPLES = 480;
const kinds = {
  'constant': (s) => () => s,
  'integer counter': (s, random) => { let total = s * 1000; return () => (total += Math.floor(random() * 50)); },
  'bytes, multiples of 4096': (s, random) => () => (1e6 + Math.floor(random() * 2000)) * 4096,
  'two decimals': (s, random) => () => Math.round((40 + 10 * random()) * 100) / 100,
  'sum of float seconds': (s, random) => { let total = s; return () => (total += Math.round(random() * 1000) / 1000); },
  'noise': (s, random) => () => Math.sin(random() * 1e6) * 1e6,
};

/** mulberry32 */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const codec = new ColumnCodec(loadCodecModule());
const series = smoke ? 20 : 1000;
header(`codecs: ${series} chunks of ${SAMPLES} samples of each kind`);
for (const [kind, make] of Object.entries(kinds)) {
  const columns = Array.from({ length: series }, (_, s) => {
    const next = make(s, generator(s + 1));
    return Float64Array.from({ length: SAMPLES }, () => next());
  });
  for (const name of ['P', 'R']) {
    const encoded = columns.map((values) => codec.encode(values, 0, SAMPLES, name).slice());
    for (let s = 0; s < series; s++) {
      const decoded = codec.decode(encoded[s], 0, encoded[s].length, SAMPLES);
      if (!decoded || Buffer.compare(Buffer.from(decoded.buffer, decoded.byteOffset, SAMPLES * 8), Buffer.from(columns[s].buffer)) !== 0) {
        throw new Error(`${kind}: series ${s} does not come back`);
      }
    }
    const bytes = encoded.reduce((sum, one) => sum + one.length, 0);
    console.log(`${kind}, codec ${name}: ${(bytes / series / SAMPLES).toFixed(3)} B a sample`);
    const total = series * SAMPLES;
    const n = smoke ? 1 : 5;
    const perSample = async (run) => (1e9 * await cpuSeconds(run)) / total;
    const encodeAll = () => { for (const one of columns) codec.encode(one, 0, SAMPLES, name); };
    const decodeAll = () => { for (const one of encoded) codec.decode(one, 0, one.length, SAMPLES); };
    await rounds('  encode', n, 'ns a sample', () => perSample(encodeAll));
    await rounds('  decode', n, 'ns a sample', () => perSample(decodeAll));
  }
}
