// What an answer of 100 MB costs those who write meanwhile: /series, /federate and a range query, each taken by a quick reader and by one
// that takes 10 MB a second, while a fleet is written at a steady pace.
// Expected: the main thread only hands bytes to sockets, a copy into the kernel, below 1 ms of CPU a MB; the answer is in memory once,
// until the reader has taken it. On a machine with 37 jobs for 2 cores: 0.8 to 3.4 ms a MB, with all else the thread did meanwhile.
//   npm run build && node bench/http/large-downloads.mjs [--smoke]
import http from 'node:http';
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { header, quantile } from '../lib/report.mjs';
import { startServer } from '../lib/server-process.mjs';

const smoke = process.argv.includes('--smoke');
const targets = smoke ? 40 : 400;
const scrapes = 2;
let written = 0;
const SLOW_BYTES_PER_S = smoke ? 4e6 : 10e6;
const WRITE_EVERY_MS = 100;
const MEGA = 1e6;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const startMs = Date.now() - scrapes * 15_000;
const bodies = remoteWriteBodies({ targets, scrapes, startMs });
const again = remoteWriteBodies({ targets: 4, scrapes: 250, startMs: startMs + scrapes * 15_000, intervalMs: 1 });
header(`http/large-downloads: ${targets * SERIES_PER_TARGET} series, a body of 2,000 samples every ${WRITE_EVERY_MS} ms`);

const server = await startServer({ NARTHEX_QUERY_MAX_RESPONSE_SIZE: '512MiB', NARTHEX_QUERY_MAX_SAMPLES: '100000000' });
try {
  for (const { bytes } of bodies) await server.write(bytes);
  const at = (startMs + 15_000) / 1000;
  const requests = {
    'series': '/api/v1/series?match[]={__name__=~"node.%2B"}',
    'federate': '/federate?match[]={__name__=~"node.%2B"}',
    'query_range': `/api/v1/query_range?query={__name__=~"node.%2B"}&start=${at - 12}&end=${at}&step=1&nocache=1`,
  };
  // Warms up both sides.
  await beside(() => take(requests.series, Infinity));
  console.log(`writing alone: ${times(await beside(() => sleep(3000)))}`);
  for (const [name, path] of Object.entries(requests)) {
    for (const [reader, pace] of [['quick', Infinity], ['slow', SLOW_BYTES_PER_S]]) {
      // Writes cost the main thread more than answers do, so its time is taken without them.
      const before = server.mainThreadCpuMs();
      const bytes = await take(path, pace);
      const mainMs = server.mainThreadCpuMs() - before;
      const run = await beside(() => take(path, pace));
      console.log(`${name}, ${reader} reader: ${(bytes / MEGA).toFixed(0)} MB, main thread ${mainMs} ms; beside writes `
        + `${run.seconds.toFixed(1)} s, resident ${(run.rssMax / MEGA).toFixed(0)} MB at most, ${times(run)}`);
    }
  }
} finally {
  await server.stop();
}

/** Runs `act` while bodies are written; the server's largest resident size, and how long writes took. */
async function beside(act) {
  let busy = true;
  const writes = [];
  let rssMax = 0;
  const writer = (async () => {
    while (busy) {
      const begin = performance.now();
      await server.write(again[(written++) % again.length].bytes);
      writes.push(performance.now() - begin);
      rssMax = Math.max(rssMax, server.rss());
      await sleep(WRITE_EVERY_MS);
    }
  })();
  const begin = performance.now();
  await act();
  const seconds = (performance.now() - begin) / 1000;
  busy = false;
  await writer;
  writes.sort((a, b) => a - b);
  return { seconds, rssMax, writes };
}

function times({ writes }) {
  return `writes p50 ${quantile(writes, 0.5).toFixed(0)} max ${quantile(writes, 1).toFixed(0)} ms`;
}

/** Reads an answer at most at this pace and drops it. Returns its bytes. */
function take(path, bytesPerSecond) {
  return new Promise((resolve, reject) => {
    http.get(`${server.url}${path}`, async (response) => {
      try {
        let bytes = 0;
        const begin = performance.now();
        for await (const chunk of response) {
          bytes += chunk.length;
          const due = (bytes / bytesPerSecond) * 1000 - (performance.now() - begin);
          if (due > 20) await sleep(due);
        }
        if (response.statusCode !== 200) throw new Error(`${path}: ${response.statusCode}`);
        resolve(bytes);
      } catch (error) {
        reject(error);
      }
    }).on('error', reject);
  });
}
