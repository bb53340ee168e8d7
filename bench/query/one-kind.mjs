// What a small request costs once its code is compiled, beside Prometheus and VictoriaMetrics: one client asks one query of the
// side-by-side benchmark again and again, its window moving by a second; median and p10 of what it waits and CPU of the server, the first
// half left out.
// `--referee` and `--work` as for beside-peers.mjs; the data directories are copied.
//   npm run build && PROMETHEUS_BIN=… VICTORIA_BIN=… NODE_BIN=$(which node) SERVER_ENTRY=$PWD/dist/main.js \
//     node bench/query/one-kind.mjs --referee=DIR --work=DIR [--queries=i1,i4,i7,m1,m2,m4] [--times=6000] [--only=prometheus]
// About 2 minutes. Nothing else may run on the machine.
import { parseArgs } from 'node:util';
import { needReferee, openReferee } from '../lib/referee.mjs';
import { header, quantile } from '../lib/report.mjs';

const { values: options } = parseArgs({
  options: {
    referee: { type: 'string' }, work: { type: 'string' }, queries: { type: 'string', default: 'i1,i4,i7,m1,m2,m4' },
    times: { type: 'string', default: '6000' }, only: { type: 'string' }, smoke: { type: 'boolean', default: false },
  },
});
needReferee('query/one-kind', options);
const { servers, list, toRequest, lastSeconds, withServer } = await openReferee(options.referee, options.work, options.only);
const wanted = options.queries.split(',');
const times = Number(options.times);
/** Windows of that many steps, again and again: all within the data. */
const WINDOWS = 2000;

header(`query/one-kind: ${times} requests of a kind, one after another`);
for (const query of list.filter(({ id }) => wanted.includes(id.split(' ')[0]))) {
  console.log(query.id);
  // A server of its own for each query, so that no other one has compiled its code.
  for (const spec of servers) await withServer(spec, (server) => measure(server, query));
}

async function measure(server, query) {
  await ask(server, query, times / 2);
  const cpuBefore = server.cpu();
  const latencies = await ask(server, query, times / 2);
  const cpuUs = ((server.cpu() - cpuBefore) / latencies.length) * 1e6;
  latencies.sort((a, b) => a - b);
  const ms = (q) => quantile(latencies, q).toFixed(2);
  console.log(`  ${server.name.padEnd(16)} p50 ${ms(0.5)}, p10 ${ms(0.1)} ms; CPU ${cpuUs.toFixed(0)} us a request`);
}

async function ask(server, query, count) {
  const latencies = [];
  for (let i = 0; i < count; i++) {
    const [api, params] = toRequest(query, lastSeconds - (i % WINDOWS));
    const sentAt = performance.now();
    await server.api(api, params);
    latencies.push(performance.now() - sentAt);
  }
  return latencies;
}
// The referee keeps its connections open.
process.exit(0);
