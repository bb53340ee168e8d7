/** How real senders take the answers that are not 204: what is refused must neither stop them nor cost them the rest. */
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { query, value } from '../e2e/support/query.js';
import { Server, sleep } from '../e2e/support/server.js';
import { eventually } from '../support/eventually.js';
import { peersMissing, peersNote } from './peers.js';
import { ScrapeTarget } from './scrape-target.js';
import { SENDERS, startSender } from './sender.js';

/** A good series, three of a metric that may have two, and a counter of scrapes. */
const exposed = (scrape: number): string => [
  '# TYPE good counter', `good ${scrape}`, '# TYPE bad gauge', 'bad{n="1"} 1', 'bad{n="2"} 1', 'bad{n="3"} 1', '# TYPE also_good gauge', `also_good ${scrape}`, '',
].join('\n');

interface Seen {
  readonly status: number;
  readonly encoding: string;
}

/**
 * In front of narthex: passes requests on, or answers itself while `failWith` says so; remembers what happened. Of the next `stalls` only
 * half the body gets through.
 */
class Front {
  readonly seen: Seen[] = [];
  failWith = 0;
  stalls = 0;
  private readonly server: http.Server;

  constructor(private readonly target: string) {
    this.server = http.createServer((request, response) => void this.pass(request, response));
    onTestFinished(() => {
      this.server.closeAllConnections();
      this.server.close();
    });
  }

  async url(): Promise<string> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', () => resolve()));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/api/v1/write`;
  }

  private async pass(request: http.IncomingMessage, response: http.ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const encoding = String(request.headers['content-encoding']);
    if (this.failWith !== 0) {
      this.seen.push({ status: this.failWith, encoding });
      response.writeHead(this.failWith).end('not now\n');
      return;
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => /^(content-(type|encoding)|x-prometheus.*)$/.test(name)));
    if (this.stalls > 0) {
      this.stalls--;
      const answer = await this.sendHalf(Buffer.concat(chunks), headers);
      this.seen.push({ status: answer.statusCode!, encoding: 'half' });
      response.writeHead(answer.statusCode!, { 'retry-after': answer.headers['retry-after'] });
      answer.pipe(response);
      return;
    }
    const answer = await fetch(`${this.target}/api/v1/write`, { method: 'POST', headers: headers as Record<string, string>, body: Buffer.concat(chunks) });
    this.seen.push({ status: answer.status, encoding });
    const written = [...answer.headers].filter(([name]) => name.startsWith('x-prometheus') || name === 'retry-after');
    response.writeHead(answer.status, Object.fromEntries(written)).end(await answer.text());
  }

  private sendHalf(body: Buffer, headers: http.OutgoingHttpHeaders): Promise<http.IncomingMessage> {
    return new Promise((resolve, reject) => {
      const request = http.request(`${this.target}/api/v1/write`, { method: 'POST', headers: { ...headers, 'content-length': body.length } });
      request.on('response', resolve).on('error', reject);
      request.write(body.subarray(0, body.length >>> 1));
    });
  }
}

describe.skipIf(peersMissing)(`real senders${peersNote}`, () => {
  it.each(SENDERS)('%s', async (kind) => {
    const narthex = await Server.start({ flags: ['--limits.max-series-per-metric=2', '--web.read-timeout=1s'] });
    onTestFinished(() => narthex.remove());
    const front = new Front(narthex.url);
    const target = await ScrapeTarget.start(exposed);
    onTestFinished(() => target.stop());
    await startSender(kind, {
      url: await front.url(), target: target.address, scrape: { scrape_interval: '1s' },
      queue: { batch_send_deadline: '200ms', max_backoff: '500ms' }, vmagentFlags: ['-remoteWrite.retryMinInterval=200ms'],
    });

    // A part of each request is refused: the rest is stored, again and again, and nothing is sent twice.
    await eventually('good samples', async () => ((await value(narthex.url, 'count_over_time(good[1m])')) ?? 0) >= 4);
    expect(await value(narthex.url, 'count_over_time(also_good[1m])')).toBeGreaterThanOrEqual(3);
    expect((await query(narthex.url, 'bad')).length).toBe(2);
    expect(front.seen.some(({ status }) => status === 400)).toBe(true);
    const sent = front.seen.filter(({ encoding }) => encoding === 'snappy').length;
    const scraped = (await value(narthex.url, 'max_over_time(good[1m])')) ?? 0;
    // At most a few requests a scrape: one that is repeated for ever would be sent every half second besides.
    expect(sent).toBeLessThan(4 * scraped + 10);

    // 503 is repeated until it is accepted: no scrape is missing afterwards.
    front.failWith = 503;
    const refusals = front.seen.length;
    await eventually('refusals', () => front.seen.filter(({ status }) => status === 503).length >= 3);
    expect(front.seen.slice(refusals).some(({ status }) => status === 503)).toBe(true);
    await sleep(1500);
    front.failWith = 0;
    await eventually('what was refused', async () => {
      const last = (await value(narthex.url, 'max_over_time(good[1m])')) ?? 0;
      const samples = (await value(narthex.url, 'count_over_time(good[1m])')) ?? 0;
      return last > scraped + 3 && samples >= last;
    });

    // So is a body that did not arrive.
    front.stalls = 2;
    const before = (await value(narthex.url, 'max_over_time(good[1m])')) ?? 0;
    await eventually('bodies that stop half way', () => front.seen.filter(({ encoding }) => encoding === 'half').length === 2);
    expect(front.seen.filter(({ encoding }) => encoding === 'half')).toEqual(Array(2).fill({ status: 503, encoding: 'half' }));
    await eventually('what did not arrive', async () => {
      const last = (await value(narthex.url, 'max_over_time(good[2m])')) ?? 0;
      return last > before + 3 && ((await value(narthex.url, 'count_over_time(good[2m])')) ?? 0) >= last;
    });

    if (kind === 'vmagent') {
      // Its first attempt is zstd; the 415 makes it go back to snappy for good.
      const encodings = front.seen.filter(({ status }) => status !== 503).map(({ encoding, status }) => `${encoding} ${status}`);
      expect(encodings[0]).toBe('zstd 415');
      expect(encodings.filter((one) => one.startsWith('zstd')).length).toBeLessThan(5);
    }
  });
});
