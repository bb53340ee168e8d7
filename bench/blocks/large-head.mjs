// A head of many series in the real server: what loading it, making it a block and an orderly stop cost the thread that takes requests, and
// how much memory. Operator terms: --series series with labels of their own, four samples each.
// Expected: turns of some ms whatever the size, since blocks are made in another thread; memory of the order of the arena for the block.
//   npm run build && node bench/blocks/large-head.mjs [--series 300000] [--smoke]
import http from 'node:http';
import { encodeLabels, plainBody } from '../lib/plain-body.mjs';
import { header } from '../lib/report.mjs';
import { startServer } from '../lib/server-process.mjs';

const at = process.argv.indexOf('--series');
const smoke = process.argv.includes('--smoke');
const SERIES = smoke ? 2000 : at < 0 ? 300_000 : Number(process.argv[at + 1]);
const PER_BODY = 2000;
const SCRAPES = 4;
const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(0)} MiB`;

header(`a head of ${SERIES} series`);
const monitor = new URL('../lib/turn-monitor.mjs', import.meta.url).href;
const server = await startServer({ NODE_OPTIONS: `--import=${monitor}`, NARTHEX_WEB_ENABLE_ADMIN_API: 'true' });
const series = Array.from({ length: SERIES }, (_, i) => encodeLabels([
  ['__name__', `metric_${i % 120}_total`], ['cluster', 'eu-1'], ['instance', `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}:9100`],
  ['job', 'node'],
]));

/** Again while there is no room. */
async function write(body) {
  while (await server.write(body, [503]) === 503) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** A million series are blocks after minutes, and `fetch` waits five for an answer. */
function flush() {
  return new Promise((resolve, reject) => {
    const request = http.request(`${server.url}/api/v1/admin/tsdb/flush`, { method: 'POST' }, (answer) => {
      answer.resume();
      if (answer.statusCode < 300) answer.once('end', resolve);
      else reject(new Error(`flush: status ${answer.statusCode}`));
    });
    request.on('error', reject);
    request.end();
  });
}

async function load(startMs) {
  for (let scrape = 0; scrape < SCRAPES; scrape++) {
    for (let first = 0; first < SERIES; first += PER_BODY) {
      const body = plainBody(series.slice(first, first + PER_BODY), startMs + scrape * 15_000, (i) => scrape + i);
      await write(body);
    }
  }
}

async function phase(name, act) {
  await server.signal('SIGUSR2');
  const begun = performance.now();
  await act();
  const seconds = ((performance.now() - begun) / 1000).toFixed(1);
  const { turnsMs, ranMs } = JSON.parse(await server.signal('SIGUSR2'));
  console.log(`${name}: ${seconds} s; main thread ran ${ranMs} ms, longest turns ${turnsMs.join(', ')} ms; `
    + `RSS ${mib(server.rss())}, at most ${mib(server.peakRss())}`);
}

try {
  const startMs = Date.now() - SCRAPES * 15_000;
  await phase('first samples', () => load(startMs - 120_000));
  await phase('known series', () => load(startMs));
  await phase('block', flush);
  const stored = await server.query('sum(count_over_time({job="node"}[10m]))', startMs / 1000 + 60);
  if (stored !== SERIES * SCRAPES * 2) throw new Error(`${stored} samples of ${SERIES * SCRAPES * 2}`);
} finally {
  await server.stop();
}
