// A dashboard's queries by 1, 4 and 8 clients at a time, beside Prometheus and VictoriaMetrics, alone and while samples come in by remote
// write at a steady pace: queries per second, median and p99 of what a client waits, and CPU of the server (all of it, writes included).
// Servers, data and the 25 queries are those of the side-by-side benchmark: `--referee` is its folder (servers file, queries, start and
// stop of servers), `--work` the one where its experiment `day` left a data directory of 24 h for each server, which are copied. Windows
// move by a step with each round, as those of a refreshed dashboard do. The answers are compared with the first server's before anything is
// timed; VictoriaMetrics answers some questions in another way by design.
//   npm run build && PROMETHEUS_BIN=… VICTORIA_BIN=… NODE_BIN=$(which node) SERVER_ENTRY=$PWD/dist/main.js \
//     node bench/query/beside-peers.mjs --referee=DIR --work=DIR [--seconds=12] [--clients=1,4,8] [--pace=50000] [--only=prometheus]
// About 5 minutes. Nothing else may run on the machine: clients and server share its cores.
import http from 'node:http';
import { parseArgs } from 'node:util';
import { remoteWriteBodies, SERIES_PER_TARGET, TARGETS_PER_BODY } from '../lib/fleet.mjs';
import { needReferee, openReferee } from '../lib/referee.mjs';
import { header, quantile } from '../lib/report.mjs';
import { WRITE_HEADERS } from '../lib/server-process.mjs';

const { values: options } = parseArgs({
  options: {
    referee: { type: 'string' }, work: { type: 'string' }, seconds: { type: 'string', default: '12' },
    clients: { type: 'string', default: '1,4,8' }, pace: { type: 'string', default: '50000' }, only: { type: 'string' },
    smoke: { type: 'boolean', default: false },
  },
});
needReferee('query/beside-peers', options);
const { set, servers, list, toRequest, compare, lastSeconds, withServer } = await openReferee(options.referee, options.work, options.only);

const phaseMs = Number(options.seconds) * 1000;
const clientCounts = options.clients.split(',').map(Number);
const SAMPLES_PER_BODY = SERIES_PER_TARGET * TARGETS_PER_BODY;
const SERIES = 50_000;
const paceMs = (SAMPLES_PER_BODY / Number(options.pace)) * 1000;
/** Every query once and the code warm, in this time. */
const WARM_MS = 8_000;

const ROUNDS = 200;

header(`query/beside-peers: ${list.length} queries over ${set.activeSeries} series and ${(set.maxTs - set.minTs) / 3_600_000 | 0} h, `
  + `${options.seconds} s a line, writes at ${options.pace} samples/s of ${SERIES} other series`);
const targets = SERIES / SERIES_PER_TARGET;
/** Bodies of a scrape. Two of the same series are never on their way together: a sender keeps their order. */
const LANES = targets / TARGETS_PER_BODY;
// Twice what the phases need: they end with their last query.
const scrapes = Math.ceil((clientCounts.length * 2 * phaseMs) / paceMs / LANES) + 1;
// In memory before anything is timed. Their times are about now, hours behind the data that is asked for.
const bodies = remoteWriteBodies({ targets, scrapes, intervalMs: 4_000, startMs: Date.now() - scrapes * 4_000 });

const expected = new Map();
for (const spec of servers) await withServer(spec, measure);

async function measure(server) {
  const agreed = await check(server);
  console.log(`${server.name}: ${expected.size === 0 ? '' : `${agreed} of ${list.length} answers equal the first server's`}`);
  await ask(server, 4, WARM_MS);
  let sent = 0;
  for (const writing of [false, true]) {
    for (const clients of clientCounts) {
      const writer = writing ? startWriting(server, sent) : undefined;
      const cpuBefore = server.cpu();
      const asked = await ask(server, clients, phaseMs);
      const cpu = server.cpu() - cpuBefore;
      const written = await writer?.stop();
      sent = written?.next ?? sent;
      report(clients, asked, cpu, written);
    }
  }
}

/** Keeps the answers of the first server, and counts those of another that are equal to them. */
async function check(server) {
  let agreed = 0;
  for (const query of list) {
    const [api, params] = toRequest(query, lastSeconds);
    const { data } = await server.api(api, params);
    if (!expected.has(query.id)) expected.set(query.id, data);
    if (compare(query, expected.get(query.id), data).agree) agreed++;
  }
  return agreed;
}

/** Each client asks the next query of the list when it has the answer to the one before; all share one list. */
async function ask(server, clients, durationMs) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: clients });
  const latencies = [];
  let errors = 0;
  let next = 0;
  const begin = performance.now();
  const client = async () => {
    while (performance.now() - begin < durationMs) {
      const turn = next++;
      // 7 has no factor in common with 25: neighbours in the list are of one kind, and should not come together.
      const query = list[(turn * 7) % list.length];
      const round = Math.floor(turn / list.length) % ROUNDS;
      const [api, params] = toRequest(query, lastSeconds - (ROUNDS - round) * (query.step ?? 15));
      const sentAt = performance.now();
      const status = await get(server.url(api, params), agent);
      if (status !== 200) errors++;
      latencies.push(performance.now() - sentAt);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  const seconds = (performance.now() - begin) / 1000;
  agent.destroy();
  latencies.sort((a, b) => a - b);
  return { latencies, errors, seconds };
}

function get(url, agent) {
  return new Promise((resolve, reject) => {
    http.get(url, { agent }, (response) => {
      response.on('data', () => {});
      response.on('end', () => resolve(response.statusCode));
      response.on('error', reject);
    }).on('error', reject);
  });
}

/** Sends bodies at their times, from number `first` on, whether those before were answered or not. */
function startWriting(server, first) {
  const agent = new http.Agent({ keepAlive: true, maxSockets: LANES });
  const url = new URL(server.base + server.spec.write);
  const latencies = [];
  const sending = new Map();
  let next = first;
  let refused = 0;
  let late = 0;
  const begin = performance.now();
  const send = (bytes) => new Promise((resolve, reject) => {
    const sentAt = performance.now();
    const headers = { ...WRITE_HEADERS, 'content-length': bytes.length };
    http.request(url, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => {
        if (response.statusCode >= 300) refused++;
        latencies.push(performance.now() - sentAt);
        resolve();
      });
    }).on('error', reject).end(bytes);
  });
  const timer = setInterval(() => {
    while ((next - first) * paceMs <= performance.now() - begin && next < bodies.length) {
      const lane = next % LANES;
      if (sending.has(lane)) {
        late++;
        return;
      }
      sending.set(lane, send(bodies[next++].bytes).finally(() => sending.delete(lane)));
    }
  }, Math.min(10, paceMs));
  return {
    stop: async () => {
      clearInterval(timer);
      const seconds = (performance.now() - begin) / 1000;
      const perSecond = ((next - first) * SAMPLES_PER_BODY) / seconds;
      await Promise.all(sending.values());
      agent.destroy();
      latencies.sort((a, b) => a - b);
      return { next, perSecond, refused, late, latencies };
    },
  };
}

function report(clients, { latencies, errors, seconds }, cpu, written) {
  const at = (sorted, q) => quantile(sorted, q).toFixed(1);
  const cpuMs = ((cpu * 1000) / latencies.length).toFixed(1);
  const line = `${(latencies.length / seconds).toFixed(1).padStart(7)} queries/s, p50 ${at(latencies, 0.5).padStart(6)}, `
    + `p99 ${at(latencies, 0.99).padStart(7)} ms; CPU ${cpu.toFixed(1).padStart(5)} s, ${cpuMs.padStart(5)} ms a query`;
  const writes = written === undefined ? 'alone ' : 'writes';
  const ingest = written === undefined ? '' : `; ${(written.perSecond / 1000).toFixed(1)}k samples/s, p99 ${at(written.latencies, 0.99)} ms`
    + `${written.refused > 0 ? `, ${written.refused} refused` : ''}${written.late > 0 ? ', late' : ''}`;
  console.log(`  ${writes} ${String(clients).padStart(2)} clients: ${line}${ingest}${errors > 0 ? `; ${errors} ERRORS` : ''}`);
}
// The referee keeps its connections open.
process.exit(0);
