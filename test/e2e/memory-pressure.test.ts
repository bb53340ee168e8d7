/**
 * A storm of series that come once, against a server whose heads may use 8 MiB: it must answer, make blocks, and have every acknowledged
 * sample afterwards, also when it is killed in the middle. Senders are at different times, so that much of what they send is late
 * for a head that was closed.
 */
import fs from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { write, type WriteSeries } from '../support/remote-write-client.js';
import { query, value } from './support/query.js';
import { removeAll, Server, sleep } from './support/server.js';

const MEMORY_MIB = 8;
const FRESH = 290;
const LIVE = 10;
const REQUESTS = 100;
const STEP_MS = 10_000;
/** An empty server takes some 160 MiB; heads may add their budget, blocks being made a thread and its columns. */
const RSS_MIB_MAX = 600;

const servers: Server[] = [];
afterAll(() => removeAll(servers));

/** 0 for a process that is just ending. */
function rssMib(server: Server): number {
  const file = `/proc/${server.pid}/status`;
  const status = fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : '';
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

/** One sender: its requests one after the other, each until it is acknowledged. */
class Sender {
  private next = 0;
  private highestRssMib = 0;

  constructor(private readonly name: string, private readonly version: 1 | 2, private readonly startMs: number) {}

  get done(): boolean {
    return this.next === REQUESTS;
  }

  get rssMib(): number {
    return this.highestRssMib;
  }

  /** Sends up to so many requests, or until the server is gone. */
  async run(server: Server, count: number): Promise<void> {
    for (const end = Math.min(REQUESTS, this.next + count); this.next < end;) {
      let answer;
      try {
        answer = await write(server.url, this.version, this.request(this.next));
      } catch (error) {
        if (error instanceof TypeError) return; // no connection
        throw error;
      }
      if (answer.status === 503) await sleep(50);
      else {
        expect(`${answer.status} ${answer.text}`).toBe('204 ');
        this.next++;
      }
      this.highestRssMib = Math.max(this.highestRssMib, rssMib(server));
    }
  }

  private request(number: number): WriteSeries[] {
    const samples = [{ timestampMs: this.startMs + number * STEP_MS, value: number }];
    const live = Array.from({ length: LIVE }, (_, i) => ({ labels: { __name__: 'live', sender: this.name, i: String(i) }, samples }));
    const fresh = Array.from({ length: FRESH }, (_, i) => ({
      labels: { __name__: 'fresh', sender: this.name, pod: `pod-${number}-${i}`, job: 'storm' }, samples,
    }));
    return [...live, ...fresh];
  }

  async check(server: Server): Promise<void> {
    const { name, startMs } = this;
    const end = (startMs + REQUESTS * STEP_MS) / 1000;
    const points = Array.from({ length: REQUESTS }, (_, i) => [(startMs + i * STEP_MS) / 1000, String(i)]);
    const live = await query(server.url, `live{sender="${name}"}[1h]`, end);
    expect(live.map((series) => series.points)).toEqual(Array.from({ length: LIVE }, () => points));
    expect(await value(server.url, `sum(count_over_time(fresh{sender="${name}"}[1h]))`, end)).toBe(REQUESTS * FRESH);
    expect(await value(server.url, `sum(sum_over_time(fresh{sender="${name}"}[1h]))`, end)).toBe((FRESH * REQUESTS * (REQUESTS - 1)) / 2);
  }
}

describe.skipIf(process.platform !== 'linux')('a storm of new series against a small memory budget', () => {
  it('is stored, with a kill -9 in the middle, in bounded memory', async () => {
    let server = await Server.start({ environment: {
      NARTHEX_STORAGE_HEAD_MEMORY: `${MEMORY_MIB}MiB`, NARTHEX_STORAGE_HEAD_CLOSE_MIN_AGE: '30s', NARTHEX_QUERY_WORKERS: '1',
    } });
    servers.push(server);
    const startMs = Math.floor(Date.now() / STEP_MS) * STEP_MS - 3_000_000;
    const senders = [0, 1, 2].map((i) => new Sender(`sender-${i}`, i === 1 ? 2 : 1, startMs + i * 3000));
    // The first is well ahead of the others.
    await senders[0]!.run(server, 30);
    for (let kills = 0; kills < 2; kills++) {
      const running = senders.map((sender) => sender.run(server, REQUESTS));
      await sleep(1500 + kills * 1000);
      await server.kill();
      await Promise.all(running);
      server = await server.again();
      servers.push(server);
    }
    await Promise.all(senders.map((sender) => sender.run(server, REQUESTS)));
    expect(senders.every((sender) => sender.done)).toBe(true);
    for (const sender of senders) await sender.check(server);
    const blocks = (await (await fetch(`${server.url}/metrics`)).text()).match(/^prometheus_tsdb_blocks_loaded (\d+)/m);
    // Compaction may have made one of several.
    expect(Number(blocks?.[1])).toBeGreaterThan(0);
    expect(Math.max(...senders.map((sender) => sender.rssMib))).toBeLessThan(RSS_MIB_MAX);
    expect(server.log).not.toMatch(/BUG|level=(error|fatal)/i);
  });
});
