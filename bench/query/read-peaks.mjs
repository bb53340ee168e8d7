// How much memory answers of many series take: resident at most while each endpoint answers, above what was resident before, over
// 200,000 series (--series=N) in the real server. Expected: some hundred bytes a series for label sets, and the answer's bytes where it is
// sent in one piece; federate and the chunks of remote read are sent in pieces of 4 MiB.
//   npm run build && node bench/query/read-peaks.mjs [--series=20000] [--only=federate] [--smoke]
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import protobuf from 'protobufjs';
import snappy from 'snappyjs';
import { remoteWriteBodies, SERIES_PER_TARGET } from '../lib/fleet.mjs';
import { header } from '../lib/report.mjs';
import { startServer, WRITE_HEADERS } from '../lib/server-process.mjs';

const { values: options } = parseArgs({
  options: { series: { type: 'string' }, only: { type: 'string' }, smoke: { type: 'boolean', default: false } },
});
const series = Number(options.series ?? (options.smoke ? 2_000 : 200_000));
const scrapes = 4;
const root = new protobuf.Root();
root.resolvePath = (_from, to) => new URL(`../../proto/${to}`, import.meta.url).pathname;
const readRequest = (await root.load('prompb/remote.proto')).lookupType('prometheus.ReadRequest');

const read = (type) => {
  const [startTimestampMs, endTimestampMs] = [Date.now() - 3_600_000, Date.now() + 3_600_000];
  const query = { startTimestampMs, endTimestampMs, matchers: [{ type: 1, name: '__name__', value: '' }] };
  return {
    path: '/api/v1/read', body: snappy.compress(readRequest.encode({ queries: [query], acceptedResponseTypes: [type] }).finish()),
    headers: WRITE_HEADERS,
  };
};
const match = `match[]=${encodeURIComponent('{__name__!=""}')}`;
const REQUESTS = {
  federate: { path: `/federate?${match}` },
  'federate, protobuf': {
    path: `/federate?${match}`,
    headers: { accept: 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited' },
  },
  'remote read, SAMPLES': read(0),
  'remote read, chunks': read(1),
  series: { path: `/api/v1/series?${match}` },
  'label names': { path: `/api/v1/labels?${match}` },
  'label values': { path: `/api/v1/label/instance/values?${match}` },
  'all series at one instant': { path: `/api/v1/query?query=${encodeURIComponent('{__name__!=""}')}` },
};

header(`query/read-peaks: ${series} series, ${scrapes} samples each`);
for (const [name, { path, body, headers = {} }] of Object.entries(REQUESTS)) {
  if (options.only !== undefined && !name.includes(options.only)) continue;
  // A server for each: what a thread has once taken it keeps for a while.
  const server = await startServer();
  const startMs = Math.floor(Date.now() / 1000) * 1000 - scrapes * 15_000;
  try {
    for (const { bytes } of remoteWriteBodies({ targets: Math.ceil(series / SERIES_PER_TARGET), scrapes, startMs })) {
      await server.write(bytes);
    }
    const before = server.rss();
    // VmHWM begins anew.
    fs.writeFileSync(`/proc/${server.pid}/clear_refs`, '5');
    const cpuBefore = server.cpuMs();
    const begin = performance.now();
    const answer = await fetch(server.url + path, {
      method: body ? 'POST' : 'GET', ...(body ? { body } : {}), headers: { 'accept-encoding': 'identity', ...headers },
    });
    let bytes = 0;
    let firstMs = 0;
    for await (const part of answer.body) {
      firstMs ||= performance.now() - begin;
      bytes += part.length;
    }
    const mib = (size) => (size / 2 ** 20).toFixed(0).padStart(5);
    const allMs = performance.now() - begin;
    const times = `first byte ${firstMs.toFixed(0)} ms, all ${allMs.toFixed(0)} ms, CPU ${server.cpuMs() - cpuBefore} ms`;
    console.log(`  ${name.padEnd(26)} ${answer.status} ${mib(bytes)} MiB; resident before ${mib(before)}, `
      + `at most ${mib(server.peakRss())} MiB; ${times}`);
  } finally {
    await server.stop();
  }
}
