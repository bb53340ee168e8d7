// Compaction of a day: 12 blocks of two hours into one. Time, peak memory of the process that compacts, bytes before and after.
// Operator terms: a fleet of 500 series a target, scraped every 15 s (10,000 series: 57.6 million samples).
// Expected: decoding and encoding 100 ns a sample, reading back 30 ns: 8 s for 10,000 series; memory of the order of a page of each block.
//   npm run build && node bench/blocks/compact.mjs [--series 10000] [--blocks 12] [--interval 15] [--per-target 500] [--smoke]
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { NodeDisk } from '../../dist/io/node-disk.js';
import { writeBlock } from '../../dist/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../dist/tsdb/block/column-codec.js';
import { compactBlocks } from '../../dist/tsdb/compact/compact-blocks.js';
import { loadCodecModule } from '../../dist/tsdb/kernel-loader.js';
import { header } from '../lib/report.mjs';

const HOUR = 3_600_000;
const START = Math.floor(1_700_000_000_000 / (24 * HOUR)) * 24 * HOUR;
const option = (name, value) => (process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : value);
const smoke = process.argv.includes('--smoke');
const seriesCount = option('--series', smoke ? 1000 : 10_000);
const blockCount = option('--blocks', smoke ? 3 : 12);
// 1: every series has a label value of its own, the worst case for the dictionary.
const perTarget = option('--per-target', 500);
const intervalMs = option('--interval', smoke ? 60 : 15) * 1000;

/** A target's series, 500 of them: 120 metrics of up to five devices, labels as node-exporter's. */
class FleetSource {
  constructor(mint) {
    this.mint = mint;
    this.seriesCount = seriesCount;
    this.names = ['__name__', 'cluster', 'device', 'instance', 'job'];
    this.metrics = 120;
    this.devices = 5;
    this.targets = Math.ceil(seriesCount / perTarget);
    this.pairCount = this.metrics + 1 + this.devices + this.targets + 1;
    this.pairs = new Uint32Array(5);
  }

  part(pair) {
    const sizes = [this.metrics, 1, this.devices, this.targets, 1];
    let name = 0;
    while (pair >= sizes[name]) pair -= sizes[name++];
    return { name, i: pair };
  }

  pairName(pair) {
    return this.part(pair).name;
  }

  pairValue(pair) {
    const { name, i } = this.part(pair);
    return [`node_metric_${i}_total`, 'eu-1', `dev${i}`, `node-${String(i).padStart(5, '0')}.example.net:9100`, 'node-exporter'][name];
  }

  pairsOf(series) {
    const index = series % perTarget;
    const device = this.metrics + 1;
    this.pairs[0] = index % this.metrics;
    this.pairs[1] = this.metrics;
    this.pairs[2] = device + Math.floor(index / this.metrics);
    this.pairs[3] = device + this.devices + Math.floor(series / perTarget);
    this.pairs[4] = device + this.devices + this.targets;
    return this.pairs;
  }

  read(series, out) {
    const index = series % perTarget;
    const target = Math.floor(series / perTarget);
    // Targets are scraped at different moments, all of one target at the same.
    for (let t = this.mint + ((target * 977) % intervalMs); t < this.mint + 2 * HOUR; t += intervalMs) {
      out.pushFloat(t, valueOf(target, index, Math.floor((t - START) / intervalMs)));
    }
  }
}

/** 35 % constant, 35 % integer counters, 25 % gauges with two decimals, 5 % with all bits. No two series change alike. */
function valueOf(target, index, scrape) {
  const kind = index % 20;
  if (kind < 7) return target + index;
  const random = hash(target * 500 + index, scrape);
  if (kind < 14) return scrape * (10 + (index % 7)) + (random % 10);
  if (kind < 19) return Math.round((50 + 40 * Math.sin(scrape / 200 + index)) * 100 + (random % 100)) / 100;
  return Math.sin(random) * 1e6;
}

function hash(a, b) {
  let h = Math.imul(a ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(b + 1, 0xc2b2ae35);
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  return (h ^ (h >>> 13)) >>> 0;
}

const peakMib = () => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync('/proc/self/status', 'utf8'))[1]) / 1024;

/** In a process of its own, so that its peak is that of the compaction. */
function compactAndReport(directory, parents) {
  const idle = peakMib();
  const started = performance.now();
  const cpu = process.cpuUsage();
  const range = { mint: START, maxt: START + blockCount * 2 * HOUR };
  const header = { ...range, heads: [1], parents: [], level: 1 };
  const job = { codec: loadCodecModule(), parents, header, file: path.join(directory, 'result') };
  const meta = compactBlocks(new NodeDisk(), job);
  const { user, system } = process.cpuUsage(cpu);
  console.log(JSON.stringify({
    seconds: (performance.now() - started) / 1000, cpu: (user + system) / 1e6, idle, peak: peakMib(),
    bytes: fs.statSync(job.file).size, floats: meta.floats, series: meta.series, chunks: meta.chunks,
  }));
}

if (process.argv.includes('--child')) {
  const directory = process.argv[process.argv.indexOf('--child') + 1];
  compactAndReport(directory, Array.from({ length: blockCount }, (_, i) => ({ file: path.join(directory, `${i}.block`) })));
} else {
  header(`compaction of ${blockCount} blocks of ${seriesCount} series every ${intervalMs / 1000} s`);
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-compact-'));
  try {
    const codec = new ColumnCodec(loadCodecModule());
    let before = 0;
    let floats = 0;
    const started = performance.now();
    for (let i = 0; i < blockCount; i++) {
      const mint = START + i * 2 * HOUR;
      const file = path.join(directory, `${i}.block`);
      const head = { mint, maxt: mint + 2 * HOUR, heads: [i], parents: [], level: 0 };
      floats += writeBlock(new NodeDisk(), file, head, new FleetSource(mint), codec).floats;
      before += fs.statSync(file).size;
    }
    const writtenMs = performance.now() - started;
    console.log(`written in ${(writtenMs / 1000).toFixed(1)} s: ${before} bytes, ${(before / floats).toFixed(3)} a sample`);
    const again = [fileURLToPath(import.meta.url), ...process.argv.slice(2), '--child', directory];
    const child = spawnSync(process.execPath, again, { encoding: 'utf8' });
    if (child.status !== 0) throw new Error(child.stderr);
    const done = JSON.parse(child.stdout);
    const complete = done.floats === floats && done.series === seriesCount;
    if (!complete) throw new Error(`${done.floats} samples of ${floats}, ${done.series} series`);
    const nanoseconds = ((done.cpu / floats) * 1e9).toFixed(0);
    console.log(`compacted in ${done.seconds.toFixed(1)} s (${done.cpu.toFixed(1)} s CPU, ${nanoseconds} ns a sample), verified`);
    const share = ((done.bytes / before) * 100).toFixed(1);
    console.log(`${done.bytes} bytes, ${(done.bytes / floats).toFixed(3)} a sample: ${share} % of before; ${done.chunks} chunks`);
    console.log(`peak RSS ${done.peak.toFixed(0)} MiB, ${done.idle.toFixed(0)} MiB of it before the work`);
  } finally {
    fs.rmSync(directory, { recursive: true, force: true });
  }
}
