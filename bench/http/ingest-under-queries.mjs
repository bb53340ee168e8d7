// What heavy queries cost those who send and those who look something up. A fleet is written at a fixed pace, first alone, then
// while two clients ask for heavy range queries without a pause; a third asks for `1+1` and for label values all the time.
// Expected: queries run in threads of their own, so that an acknowledgement waits for a core at worst: a few ms on two cores.
// Short requests wait for the longest query without a thread of their own, and a few ms with one.
// `--pace` is in samples a second; bodies go out at their times whether those before were answered or not. `--monitor` also prints what
// held the server's main thread up: delays of its event loop, and collections.
//   npm run build && node bench/http/ingest-under-queries.mjs [--smoke] [--only=1|2|3] [--pace=200000] [--monitor]
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { remoteWriteBodies, TARGETS_PER_BODY } from '../lib/fleet.mjs';
import { header, quantile } from '../lib/report.mjs';
import { freePort, WRITE_HEADERS } from '../lib/server-process.mjs';

const smoke = process.argv.includes('--smoke');
const targets = smoke ? 4 : 20;
const history = smoke ? 20 : 120;
const pace = Number(process.argv.find((arg) => arg.startsWith('--pace='))?.slice('--pace='.length) ?? (smoke ? 100_000 : 200_000));
const monitor = process.argv.includes('--monitor');
const paceMs = 2_000_000 / pace;
const phaseMs = smoke ? 1_000 : 5_000;
/** Bodies on their way at a time; a sender with more of them waits. */
const IN_FLIGHT_MAX = 8;
const agent = new http.Agent({ keepAlive: true, maxSockets: IN_FLIGHT_MAX });
const bodiesPerScrape = targets / TARGETS_PER_BODY;
const rounds = Math.ceil((2.5 * phaseMs) / (paceMs * bodiesPerScrape)) + 3;
const scrapes = history + rounds;
const startMs = Date.now() - scrapes * 15_000;
const bodies = remoteWriteBodies({ targets, scrapes, startMs });
const entry = new URL('../../dist/main.js', import.meta.url).pathname;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const CONFIGURATIONS = [
  { name: '1 worker', flags: ['--query.workers=1', '--query.short-workers=0'] },
  { name: '2 workers', flags: ['--query.workers=2', '--query.short-workers=0'] },
  { name: '1 worker and 1 for short requests', flags: ['--query.workers=1', '--query.short-workers=1'] },
];

const seriesCount = bodies[0].samples * bodiesPerScrape;
header(`http/ingest-under-queries: ${seriesCount} series, ${pace} samples a second in bodies of ${bodies[0].samples}`);
const only = Number(process.argv.find((arg) => arg.startsWith('--only='))?.slice('--only='.length) ?? 0);
for (const [i, { name, flags }] of CONFIGURATIONS.entries()) if (only === 0 || only === i + 1) await measure(name, flags);

async function measure(name, flags) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-bench-'));
  const port = await freePort();
  const child = spawn(process.execPath, [
    ...(monitor ? ['--import', new URL('../lib/loop-monitor.mjs', import.meta.url).href] : []), entry,
    `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${directory}`, '--log.level=error',
    '--otlp.grpc-listen-address=off', '--otlp.http-listen-address=off', ...flags,
  ], { stdio: 'inherit' });
  const url = `http://127.0.0.1:${port}`;
  try {
    while (!(await fetch(`${url}/-/ready`).then((r) => r.ok, () => false))) await sleep(50);
    let next = 0;
    const send = async () => {
      const { bytes } = bodies[next++];
      const status = await post(`${url}/api/v1/write`, bytes);
      if (status !== 204) throw new Error(`write: ${status}`);
    };
    while (next < history * bodiesPerScrape) await send();
    const query = `query=${encodeURIComponent('sum by (job) (last_over_time({__name__=~"node.+"}[5m]))')}`
      + `&start=${(startMs / 1000).toFixed(0)}&end=${(startMs / 1000 + history * 15).toFixed(0)}&step=15&nocache=1`;
    const check = await (await fetch(`${url}/api/v1/query_range?${query}`)).json();
    if (check.status !== 'success' || check.data.result.length === 0) throw new Error(`query: ${JSON.stringify(check).slice(0, 200)}`);

    // Warms up.
    await phase(send, url, undefined, phaseMs / 2);
    const report = async (run) => {
      if (monitor) child.kill('SIGUSR2');
      await sleep(50);
      const result = await run();
      if (monitor) child.kill('SIGUSR2');
      await sleep(50);
      return result;
    };
    const idle = await report(() => phase(send, url, undefined, phaseMs));
    const busy = await report(() => phase(send, url, query, phaseMs));
    const line = (label, { writes, shorts, heavy }) =>
      console.log(`  ${label.padEnd(14)} write p50 ${at(writes, 0.5)} p99 ${at(writes, 0.99)} max ${at(writes, 1)} ms | `
        + `short p50 ${at(shorts, 0.5)} p99 ${at(shorts, 0.99)} max ${at(shorts, 1)} ms`
        + (heavy.length > 0 ? ` | ${heavy.length} heavy, p50 ${at(heavy, 0.5)} ms` : ''));
    console.log(name);
    line('alone', idle);
    line('under queries', busy);
  } finally {
    child.kill('SIGKILL');
    await new Promise((resolve) => child.once('exit', resolve));
    fs.rmSync(directory, { recursive: true, force: true });
  }
}

/** Latencies in ms, sorted. Writes are sent at fixed times, and measured from those: a late one counts as slow. */
async function phase(send, url, query, lengthMs) {
  const end = performance.now() + lengthMs;
  const result = { writes: [], shorts: [], heavy: [] };
  const timed = async (list, act) => {
    const begin = performance.now();
    await act();
    list.push(performance.now() - begin);
  };
  const loop = async (list, act, pauseMs) => {
    while (performance.now() < end) {
      await timed(list, act);
      await sleep(pauseMs);
    }
  };
  const get = (target) => () => fetch(`${url}/api/v1/${target}`).then((response) => response.arrayBuffer());
  const writer = async () => {
    const flying = new Set();
    for (let due = performance.now(); due < end; due += paceMs) {
      await sleep(Math.max(0, due - performance.now()));
      while (flying.size >= IN_FLIGHT_MAX) await Promise.race(flying);
      const at = due;
      const one = send().then(() => {
        result.writes.push(performance.now() - at);
        flying.delete(one);
      });
      flying.add(one);
    }
    await Promise.all(flying);
  };
  const tasks = [writer(), loop(result.shorts, get('query?query=1%2B1'), 20), loop(result.shorts, get('label/job/values'), 20)];
  if (query !== undefined) for (let i = 0; i < 2; i++) tasks.push(loop(result.heavy, get(`query_range?${query}`), 0));
  await Promise.all(tasks);
  for (const list of Object.values(result)) list.sort((a, b) => a - b);
  return result;
}

function at(sorted, q) {
  return quantile(sorted, q).toFixed(1);
}

/** Costs the sender less than `fetch`, which would be a good part of what is measured. */
function post(url, body) {
  return new Promise((resolve, reject) => {
    const headers = { ...WRITE_HEADERS, 'content-length': body.length };
    const request = http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject).end(body);
  });
}
