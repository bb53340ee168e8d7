/** Real senders with several queues send while narthex is killed and started again on the same address: nothing is missing. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { query, value } from '../e2e/support/query.js';
import { Server, sleep } from '../e2e/support/server.js';
import { eventually } from '../support/eventually.js';
import { peersMissing, peersNote } from './peers.js';
import { ScrapeTarget } from './scrape-target.js';
import { SENDERS, startSender } from './sender.js';

/** Series of a scrape; enough that every queue has some. */
const SERIES = 200;

/** Each scrape is one more for all its series, so that every value says which scrape it is from. */
const exposed = (scrape: number): string =>
  `# TYPE turn counter\n${Array.from({ length: SERIES }, (_, i) => `turn{i="${i}"} ${scrape}\n`).join('')}`;

describe.skipIf(peersMissing)(`real senders over kills${peersNote}`, () => {
  it.each(SENDERS)('%s', async (kind) => {
    let narthex = await Server.start();
    const { port } = narthex;
    onTestFinished(() => narthex.remove());
    const target = await ScrapeTarget.start(exposed);
    onTestFinished(() => target.stop());
    await startSender(kind, {
      url: `${narthex.url}/api/v1/write`, target: target.address,
      // A scrape that takes longer would be missing at the sender, too.
      scrape: { scrape_interval: '2s', scrape_timeout: '2s' },
      queue: { min_shards: 4, max_shards: 8, max_samples_per_send: 100, batch_send_deadline: '200ms', max_backoff: '500ms' },
      vmagentFlags: ['-remoteWrite.queues=4', '-remoteWrite.maxRowsPerBlock=100'],
    });
    const newest = async (): Promise<number> => (await value(narthex.url, 'max(max_over_time(turn[1h]))')) ?? 0;

    for (let kills = 0; kills < 3; kills++) {
      const before = await newest();
      await eventually('samples', async () => (await newest()) >= before + 2);
      await narthex.kill();
      const scraped = target.scrapes;
      // Some scrapes happen while nobody takes them.
      while (target.scrapes < scraped + 2) await sleep(100);
      narthex = await Server.start({ directory: narthex.directory, port });
    }
    const last = target.scrapes;
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
    if (kind === 'vmagent') await eventually('blocks that waited', async () => (await missing())[1] === 0);
    expect(await missing(), `turns missing: ${JSON.stringify((await query(narthex.url, 'turn{i="0"}[1h]'))[0]?.points)}`).toEqual([0, 0]);
    expect(await value(narthex.url, 'max(min_over_time(turn[1h]))')).toBeLessThanOrEqual(3);
  }, 300_000);
});
