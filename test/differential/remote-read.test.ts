/** Remote read against real clients and a real server: bytes of chunks, queries through a Prometheus, a migration by vmctl. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { query } from '../e2e/support/query.js';
import { freePort, Server } from '../e2e/support/server.js';
import { eventually } from '../support/eventually.js';
import { decodeChunkedAnswer, decodeSamplesAnswer, postRead, type ReadQueryFields } from '../support/remote-read-client.js';
import { write, type WriteSeries } from '../support/remote-write-client.js';
import { answers, peer, PeerProcess, peersMissing, peersNote, startPrometheus } from './peers.js';

const END = Math.floor(Date.now() / 1000) * 1000;
const START = END - 1_200_000;
const POINTS = 80;

function seriesToWrite(): WriteSeries[] {
  const time = (i: number): number => START + i * 15_000 + (i % 7 === 3 ? 11 : 0);
  const floats = ['counter', 'gauge', 'constant'].flatMap((name) => ['a', 'b'].map((job) => ({
    labels: { __name__: name, job },
    samples: Array.from({ length: POINTS }, (_, i) => ({
      timestampMs: time(i), value: name === 'counter' ? (i % 50) * 3 : name === 'gauge' ? Math.sin(i) * 100 : 1,
    })),
  })));
  const histogram = (i: number, float: boolean): Record<string, unknown> => {
    const at = { schema: 3, zeroThreshold: 2 ** -128, sum: i * 1.25, timestamp: time(i), positiveSpans: [{ offset: 0, length: 2 }, { offset: 1, length: 1 }] };
    return float
      ? { ...at, countFloat: 4 * i + 0.5, zeroCountFloat: 0.5, positiveCounts: [i, 2 * i, i] }
      : { ...at, countInt: 4 * i + 1, zeroCountInt: 1, positiveDeltas: [i, i, -i] };
  };
  const native = [false, true].map((float) => ({
    labels: { __name__: float ? 'native_float' : 'native' }, samples: [], histograms: Array.from({ length: 40 }, (_, i) => histogram(i, float)),
  }));
  return [...floats, ...native];
}

const everything: ReadQueryFields = {
  startTimestampMs: START - 60_000, endTimestampMs: END + 60_000, matchers: [{ type: 2, name: '__name__', value: 'counter|gauge|constant|native.*' }],
};

const cleanups: (() => Promise<void> | void)[] = [];
let narthex: Server;
let prometheus: string;
let reader: string;
let directory: string;

async function start(name: string, config: object): Promise<string> {
  const flags = ['--web.enable-remote-write-receiver', '--enable-feature=native-histograms'];
  const { url, process } = await startPrometheus(directory, name, config, { flags });
  cleanups.push(() => process.stop());
  return url;
}

describe.skipIf(peersMissing)(`remote read with real peers${peersNote}`, () => {
  beforeAll(async () => {
    directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-read-'));
    cleanups.push(() => fs.rmSync(directory, { recursive: true, force: true }));
    narthex = await Server.start();
    cleanups.push(() => narthex.remove());
    prometheus = await start('stored', {});
    reader = await start('reader', { remote_read: [{ url: `${narthex.url}/api/v1/read`, read_recent: true }] });
    for (const url of [narthex.url, prometheus]) expect((await write(url, 1, seriesToWrite())).status).toBe(204);
  });
  afterAll(async () => {
    for (const cleanup of cleanups.reverse()) await cleanup();
  });

  it('the same samples as a Prometheus with the same data', async () => {
    const [there, here] = await Promise.all([prometheus, narthex.url].map(async (url) =>
      decodeSamplesAnswer(new Uint8Array(await (await postRead(url, [everything], [0])).arrayBuffer()))));
    // A histogram inside a chunk is told to be no reset; here hints stay as they were sent. There, series come in any order.
    const withoutHints = (results: typeof there) => results!.map((list) => list.map((series) => ({
      ...series, histograms: series.histograms?.map(({ resetHint: _, ...rest }) => rest),
    })).sort((a, b) => (JSON.stringify(a.labels) < JSON.stringify(b.labels) ? -1 : 1)));
    expect(withoutHints(here)).toEqual(withoutHints(there));
    expect(here![0]!.length).toBe(8);
  });

  it('the same bytes of chunks as a Prometheus with the same data', async () => {
    const [there, here] = await Promise.all([prometheus, narthex.url].map(async (url) =>
      decodeChunkedAnswer(new Uint8Array(await (await postRead(url, [everything], [1])).arrayBuffer()))));
    const text = (frames: typeof there) => frames!.map(({ labels, chunks }) => ({
      labels, chunks: chunks!.map(({ data, ...rest }) => ({ ...rest, data: Buffer.from(data).toString('hex') })),
    }));
    expect(text(here)).toEqual(text(there));
  });

  it.each([
    'counter', 'rate(counter[1m])', 'sum by (job) (rate(counter[2m]))', 'gauge', 'constant{job!="a"}', 'histogram_quantile(0.9, native)',
    'rate(native[2m])', 'histogram_sum(native_float)', 'max_over_time(gauge[5m])', 'count({job=~"a|b"})',
  ])('a Prometheus that reads here answers like narthex itself: %s', async (expression) => {
    for (const at of [END - 900_000, END - 400_000, END - 30_000]) {
      const [through, direct] = await Promise.all([reader, narthex.url].map((url) => query(url, expression, at / 1000)));
      expect(through).toEqual(direct);
    }
  });

  it('vmctl migrates everything to a VictoriaMetrics', async () => {
    const port = await freePort();
    const target = new PeerProcess('victoria-metrics', [
      `-httpListenAddr=127.0.0.1:${port}`, `-storageDataPath=${path.join(directory, 'vm')}`, '-retentionPeriod=1y',
    ], directory);
    cleanups.push(() => target.stop());
    const url = `http://127.0.0.1:${port}`;
    await answers(`${url}/health`);
    for (const streamed of [[], ['--remote-read-use-stream']]) {
      const { status, stdout, stderr } = spawnSync(peer('vmctl')!, [
        'remote-read', `--remote-read-src-addr=${narthex.url}`, '--remote-read-step-interval=hour', ...streamed,
        `--remote-read-filter-time-start=${new Date(START - 60_000).toISOString()}`, `--vm-addr=${url}`, '-s', '--disable-progress-bar',
        '--remote-read-filter-label=__name__', '--remote-read-filter-label-value=counter|gauge|constant',
      ], { encoding: 'utf8', timeout: 60_000 });
      expect(status, stdout + stderr).toBe(0);
    }
    let count = 0;
    await eventually('all points', async () => {
      const exported = await (await fetch(`${url}/api/v1/export?match[]=${encodeURIComponent('{__name__=~"counter|gauge|constant"}')}`)).text();
      const lines = exported.split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as { timestamps: number[] });
      count = new Set(lines.flatMap((line) => line.timestamps.map((t) => `${JSON.stringify({ ...line, timestamps: 0, values: 0 })}@${t}`))).size;
      return count >= 6 * POINTS;
    }, () => `${count} of ${6 * POINTS}`);
    expect(count).toBe(6 * POINTS);
  });
});
