/** Real senders with several queues send while narthex is killed and started again on the same address: nothing is missing. */
import fs from 'node:fs';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { query, value } from '../e2e/support/query.js';
import { freePort, Server, sleep } from '../e2e/support/server.js';
import { eventually } from '../support/eventually.js';
import { answers, PeerProcess, peersMissing, peersNote } from './peers.js';

const cleanups: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** Series of a scrape; enough that every queue has some. */
const SERIES = 200;

/** Each scrape is one more for all its series, so that every value says which scrape it is from. */
async function startTarget(): Promise<{ readonly port: number; readonly scrapes: () => number }> {
  let scrapes = 0;
  const target = http.createServer((_request, response) => {
    scrapes++;
    response.setHeader('content-type', 'text/plain; version=0.0.4');
    response.end(`# TYPE turn counter\n${Array.from({ length: SERIES }, (_, i) => `turn{i="${i}"} ${scrapes}\n`).join('')}`);
  });
  cleanups.push(() => void target.close());
  await new Promise<void>((resolve) => target.listen(0, '127.0.0.1', () => resolve()));
  return { port: (target.address() as AddressInfo).port, scrapes: () => scrapes };
}

/** @param message of Prometheus; undefined: vmagent */
async function startSender(message: string | undefined, url: string, targetPort: number): Promise<void> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-sender-'));
  cleanups.push(() => fs.rmSync(directory, { recursive: true, force: true }));
  const port = await freePort();
  const scrape = {
    // A scrape that takes longer would be missing at the sender, too.
    global: { scrape_interval: '2s', scrape_timeout: '2s' },
    scrape_configs: [{ job_name: 'target', static_configs: [{ targets: [`127.0.0.1:${targetPort}`] }] }],
  };
  const queue = { min_shards: 4, max_shards: 8, max_samples_per_send: 100, batch_send_deadline: '200ms', max_backoff: '500ms' };
  const remote = message === undefined ? {} : { remote_write: [{ url, protobuf_message: message, queue_config: queue }] };
  fs.writeFileSync(path.join(directory, 'sender.yml'), JSON.stringify({ ...scrape, ...remote }));
  const child = message === undefined
    ? new PeerProcess('vmagent', [
      '-promscrape.config=sender.yml', `-httpListenAddr=127.0.0.1:${port}`, `-remoteWrite.url=${url}`, '-remoteWrite.tmpDataPath=data',
      '-remoteWrite.queues=4', '-remoteWrite.maxRowsPerBlock=100', '-remoteWrite.flushInterval=200ms',
    ], directory)
    : new PeerProcess('prometheus', [
      '--config.file=sender.yml', `--web.listen-address=127.0.0.1:${port}`, '--storage.tsdb.path=data',
    ], directory);
  cleanups.push(() => child.stop());
  await answers(`http://127.0.0.1:${port}/${message === undefined ? 'health' : '-/ready'}`);
}

describe.skipIf(peersMissing)(`real senders over kills${peersNote}`, () => {
  it.each([
    ['prometheus.WriteRequest', 'prometheus.WriteRequest'], ['io.prometheus.write.v2.Request', 'io.prometheus.write.v2.Request'],
    ['vmagent', undefined],
  ] as const)('%s', async (_sender, message) => {
    let narthex = await Server.start();
    const { port } = narthex;
    cleanups.push(() => narthex.remove());
    const target = await startTarget();
    await startSender(message, `${narthex.url}/api/v1/write`, target.port);
    const newest = async (): Promise<number> => (await value(narthex.url, 'max(max_over_time(turn[1h]))')) ?? 0;

    for (let kills = 0; kills < 3; kills++) {
      const before = await newest();
      await eventually('samples', async () => (await newest()) >= before + 2);
      await narthex.kill();
      const scraped = target.scrapes();
      // Some scrapes happen while nobody takes them.
      while (target.scrapes() < scraped + 2) await sleep(100);
      narthex = await Server.start({ directory: narthex.directory, port });
    }
    const last = target.scrapes();
    await eventually('the last scrape', async () => (await newest()) > last);
    await eventually('all series', async () => (await value(narthex.url, `count(max_over_time(turn[1h]) > ${last})`)) === SERIES);
    // The first scrapes may be from before the sender's queues began. From then on each series has every turn, once.
    const missing = async (): Promise<[least: number, most: number]> => {
      const spans = await query(narthex.url, 'last_over_time(turn[1h]) - min_over_time(turn[1h]) + 1 - count_over_time(turn[1h])');
      expect(spans.length).toBe(SERIES);
      const counts = spans.map(({ points }) => Number(points[0]![1]));
      return [Math.min(...counts), Math.max(...counts)];
    };
    // A series of Prometheus keeps to its queue, so that its newest sample comes last. vmagent's queues take whatever block is next, and
    // one that was refused waits up to a minute while later ones pass it. What has been answered 2xx is not sent again: if that were
    // lost, no waiting would bring it.
    if (message === undefined) await eventually('blocks that waited', async () => (await missing())[1] === 0);
    expect(await missing(), `turns missing: ${JSON.stringify((await query(narthex.url, 'turn{i="0"}[1h]'))[0]?.points)}`).toEqual([0, 0]);
    expect(await value(narthex.url, 'max(min_over_time(turn[1h]))')).toBeLessThanOrEqual(3);
  }, 300_000);
});
