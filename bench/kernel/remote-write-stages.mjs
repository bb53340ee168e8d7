// Remote write through the kernels, stage by stage: where the time of a sample goes. No log file, no HTTP.
// Operator terms: 20,000 series scraped every 15 s, 2,000 samples a body, all series known after the first scrape.
// Expected per sample: snappy 30 ns, walk and identity 30 ns (2.0: 30 and 35), append with its log record 15 ns.
//   npm run build && node bench/kernel/remote-write-stages.mjs [--smoke]
import { BODY_IN, BODY_OUT, BODY_OUT_CAPACITY, RES_MISSES, RES_OK, RES_SAMPLES } from '../../dist/kernel/layout.js';
import { Arena } from '../../dist/tsdb/head/arena.js';
import { loadKernelModule } from '../../dist/tsdb/kernel-loader.js';
import { remoteWriteV1Walk, remoteWriteV2Walk } from '../../dist/tsdb/wire-walk.js';
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { header, rounds } from '../lib/report.mjs';

const smoke = process.argv.includes('--smoke');
const targets = smoke ? 4 : 40;
const scrapes = smoke ? 4 : 40;
const module = loadKernelModule();
const STAGES = ['snappy', 'walk', 'append'];

/** Nanoseconds a sample of each stage, over all bodies but those of the first scrape. */
function run(protocol, bodies, startMs) {
  const arena = Arena.create(module);
  const { kernel } = arena;
  kernel.initArena(startMs - 3_600_000, startMs + 86_400_000, 1, 2, 0xffff0000, 1 << 20);
  const spent = new Float64Array(STAGES.length);
  const creating = bodies.length / scrapes;
  let samples = 0;
  bodies.forEach(({ bytes, samples: expected }, index) => {
    arena.bytes.set(bytes, BODY_IN);
    const marks = [performance.now()];
    const size = Number(kernel.snappyDecode(BODY_IN, bytes.length, BODY_OUT, BODY_OUT_CAPACITY));
    marks.push(performance.now());
    protocol.walk(arena, protocol.begin(arena, BODY_OUT + size), BODY_OUT + size);
    marks.push(performance.now());
    const misses = arena.field(RES_MISSES);
    if (misses > 0) protocol.resolveMisses(arena, misses);
    const settled = performance.now();
    kernel.appendColumns(arena.field(RES_SAMPLES), -Infinity, Infinity, 5);
    marks.push(performance.now() - (settled - marks.at(-1)));
    if (arena.field(RES_OK) !== expected) throw new Error(`body ${index}: ${arena.field(RES_OK)} of ${expected} samples stored`);
    if (index < creating) return;
    samples += expected;
    STAGES.forEach((_, i) => { spent[i] += marks[i + 1] - marks[i]; });
  });
  return spent.map((ms) => (ms * 1e6) / samples);
}

header(`remote write in kernels: ${targets * SERIES_PER_TARGET} series, ${scrapes} scrapes`);
for (const [version, protocol] of [[1, remoteWriteV1Walk], [2, remoteWriteV2Walk]]) {
  const startMs = Date.now() - scrapes * 15_000;
  const bodies = remoteWriteBodies({ targets, scrapes, startMs, version });
  const results = [];
  for (let i = 0; i < (smoke ? 1 : 7); i++) results.push(run(protocol, bodies, startMs));
  for (const [stage, name] of STAGES.entries()) {
    await rounds(`${version}.0 ${name}`, results.length, 'ns a sample', (i) => results[i][stage]);
  }
}
