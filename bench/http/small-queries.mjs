// What a request costs that needs hardly any work: one connection that is kept open, one request after another. Each kind is
// compared with `/-/healthy`, which is HTTP alone, and with `1+1`, which is HTTP, the way to a query thread and back, and a parser.
// Expected: 60 us for the way to the thread and back, 100 us for HTTP; the rest is PromQL, labels and JSON.
//   npm run build && node bench/http/small-queries.mjs [--smoke]
import http from 'node:http';
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { header, quantile } from '../lib/report.mjs';
import { startServer } from '../lib/server-process.mjs';

const smoke = process.argv.includes('--smoke');
const requests = smoke ? 20 : 2_000;
const scrapes = smoke ? 4 : 40;
const targets = smoke ? 4 : 20;
const startMs = Math.floor(Date.now() / 1000) * 1000 - scrapes * 15_000;
const time = startMs / 1000 + (scrapes - 1) * 15;

const one = 'node_metric_3_total{instance="node-0001.example.net:9100",device="dev0"}';
const instant = (query, i) => `/api/v1/query?query=${encodeURIComponent(query)}&time=${time + i / 1000}`;
const KINDS = [
  ['/-/healthy', () => '/-/healthy'],
  ['1+1', (i) => instant('1+1', i)],
  ['one series', (i) => instant(one, i)],
  ['rate of one series', (i) => instant(`rate(${one}[5m])`, i)],
  ['series of a target', (i) => instant('{instance="node-0001.example.net:9100",device="dev0"}', i)],
  ['label names', () => '/api/v1/labels'],
  ['label values', () => '/api/v1/label/instance/values'],
  ['label values, matched', () => `/api/v1/label/device/values?match[]=${encodeURIComponent('{instance="node-0001.example.net:9100"}')}`],
  ['series', () => `/api/v1/series?match[]=${encodeURIComponent(one)}`],
];

header(`http/small-queries: ${targets * SERIES_PER_TARGET} series, ${requests} requests of each kind`);
const server = await startServer();
const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
try {
  for (const { bytes } of remoteWriteBodies({ targets, scrapes, startMs })) {
    await server.write(bytes);
  }
  for (const [name, path] of KINDS) {
    const [, body] = await get(path(0));
    if (name === 'one series' && JSON.parse(body).data.result.length !== 1) throw new Error(`${name}: ${body}`);
    for (let i = 0; i < requests / 4; i++) await get(path(i));
    const latencies = [];
    const cpuBefore = server.cpuMs();
    for (let i = 0; i < requests; i++) {
      const begin = performance.now();
      await get(path(i));
      latencies.push(performance.now() - begin);
    }
    const cpu = (server.cpuMs() - cpuBefore) / requests;
    latencies.sort((a, b) => a - b);
    const at = (q) => quantile(latencies, q).toFixed(2);
    console.log(`  ${name.padEnd(22)} p10 ${at(0.1)} p50 ${at(0.5)} p90 ${at(0.9)} ms | ${cpu.toFixed(2)} ms CPU, ${body.length} B`);
  }
} finally {
  agent.destroy();
  await server.stop();
}

/** [status, body] */
function get(path) {
  return new Promise((resolve, reject) => {
    http.get(server.url + path, { agent, headers: { 'accept-encoding': 'gzip' } }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => {
        if (response.statusCode !== 200) reject(new Error(`${path}: ${response.statusCode} ${Buffer.concat(parts)}`));
        else resolve([response.statusCode, response.headers['content-encoding'] ? '' : Buffer.concat(parts).toString()]);
      });
    }).on('error', reject);
  });
}
