/** Start timestamps through a real server: sent by OTLP and remote write 2.0, kept over a kill, used by queries when asked to. */
import { afterAll, describe, expect, it } from 'vitest';
import { lookupType } from '../support/message-types.js';
import { compress, CONTENT_TYPE, post } from '../support/remote-write-client.js';
import { query, value } from './support/query.js';
import { removeAll, Server } from './support/server.js';

const Request = lookupType('io/prometheus/write/v2/types.proto', 'io.prometheus.write.v2.Request');
const FEATURES = '--enable-feature=st-storage,use-start-timestamps,promql-experimental-functions';
const servers: Server[] = [];
afterAll(() => removeAll(servers));

const nowMs = Math.floor(Date.now() / 1000) * 1000;
/** A process that restarts after the third sample, and has counted more by then than the one before: only its start tells. */
const samples = [10, 20, 30, 40, 50, 60].map((count, i) => ({
  count, timeMs: nowMs - 90_000 + i * 15_000, startMs: i < 3 ? nowMs - 100_000 : nowMs - 50_000,
}));

async function sendOtlp(url: string): Promise<void> {
  const dataPoints = samples.map(({ count, timeMs, startMs }) => ({
    startTimeUnixNano: `${startMs}000000`, timeUnixNano: `${timeMs}000000`, asDouble: count,
  }));
  const metric = { name: 'otlp_requests', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints } };
  const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [metric] }] }] });
  expect((await post(`${url}/api/v1/otlp/v1/metrics`, body, { 'content-type': 'application/json' })).status).toBe(200);
}

async function sendRemoteWrite(url: string): Promise<void> {
  const message = {
    symbols: ['', '__name__', 'rw_requests_total'],
    timeseries: [{
      labelsRefs: [1, 2],
      samples: samples.map(({ count, timeMs, startMs }) => ({ value: count, timestamp: timeMs, startTimestamp: startMs })),
    }],
  };
  const body = compress(Request.encode(Request.fromObject(message)).finish());
  const headers = { 'content-type': CONTENT_TYPE[2], 'content-encoding': 'snappy', 'x-prometheus-remote-write-version': '2.0.0' };
  expect((await post(`${url}/api/v1/write`, body, headers)).status).toBe(204);
}

async function start(flags: readonly string[]): Promise<Server> {
  const server = await Server.start({ flags });
  servers.push(server);
  await sendOtlp(server.url);
  await sendRemoteWrite(server.url);
  return server;
}

const NAMES = ['otlp_requests_total', 'rw_requests_total'];
const endSeconds = samples.at(-1)!.timeMs / 1000;
/** From the start at -100 s to 30, and from the start at -50 s to 60. */
const COUNTED = 90;

describe('start timestamps', () => {
  it('are stored and used with the features, also after a kill', async () => {
    let server = await start([FEATURES]);
    for (const restarted of [false, true]) {
      if (restarted) {
        await server.kill();
        server = await server.again();
        servers.push(server);
      }
      for (const name of NAMES) {
        expect(await value(server.url, `start_timestamp(${name})`, endSeconds - 60)).toBe((nowMs - 100_000) / 1000);
        expect(await value(server.url, `start_timestamp(${name})`, endSeconds)).toBe((nowMs - 50_000) / 1000);
        expect(await value(server.url, `resets(${name}[5m])`, endSeconds)).toBe(1);
        expect(await value(server.url, `increase(${name}[5m])`, endSeconds)).toBeCloseTo(COUNTED, 6);
      }
    }
  });

  it('are neither stored nor used without them', async () => {
    const server = await start(['--enable-feature=promql-experimental-functions']);
    for (const name of NAMES) {
      expect((await query(server.url, `start_timestamp(${name}) > 0`, endSeconds)).length).toBe(0);
      expect(await value(server.url, `resets(${name}[5m])`, endSeconds)).toBe(0);
    }
  });
});
