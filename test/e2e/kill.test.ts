/**
 * kill -9 at random moments, in the middle of many requests of all protocols, also while the log is being replayed.
 * After every restart each acknowledged sample is there, bit by bit, and nothing that was never sent.
 */
import { afterAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { Random } from '../support/random.js';
import type { WriteSeries } from '../support/remote-write-client.js';
import { PROTOCOLS, send, success, type Protocol } from './support/protocol.js';
import { parseValue, query } from './support/query.js';
import { removeAll, Server, sleep } from './support/server.js';

const SERIES_PER_REQUEST = 40;
const STEP_MS = 50;
/** So often the last series of every ten are replaced by ones that were never seen. */
const CHURN_REQUESTS = 7;

interface SentRequest {
  readonly number: number;
  readonly timestampMs: number;
  readonly series: readonly WriteSeries[];
  acknowledged: boolean;
}

/** One connection of a sender: requests one after the other, rising in time; an unanswered one is sent again. */
class Lane {
  readonly requests: SentRequest[] = [];

  constructor(
    readonly name: string,
    private readonly protocol: Protocol,
    private readonly startMs: number,
    private readonly random: Random,
  ) {}

  get acknowledged(): number {
    return this.requests.filter(({ acknowledged }) => acknowledged).length;
  }

  /** Sends until the server is gone. */
  async run(server: Server): Promise<void> {
    for (;;) {
      const last = this.requests.at(-1);
      const request = last && !last.acknowledged ? last : this.next();
      try {
        const answer = await send(this.protocol, server.url, request.series);
        if (answer.status === 503) return; // it is stopping
        // A request that was stored, but not answered, before the kill is accepted again.
        expect(`${answer.status} ${answer.text}`).toBe(success(this.protocol));
        request.acknowledged = true;
      } catch (error) {
        if (error instanceof TypeError) return; // no connection
        throw error;
      }
    }
  }

  /** @throws if an acknowledged sample is missing, changed, or was never sent. Returns how many samples are there. */
  async check(server: Server): Promise<number> {
    const found = await this.stored(server);
    let samples = 0;
    for (const request of this.requests) {
      for (const { labels, samples: points, histograms } of request.series) {
        const key = sampleKey(labels, request.timestampMs);
        const text = found.get(key);
        found.delete(key);
        if (text === undefined && !request.acknowledged) continue;
        if (text === undefined) throw new Error(`${this.name}: acknowledged sample is lost: ${key} of request ${request.number}`);
        const same = histograms ? sameHistogram(text, request.number) : Object.is(parseValue(text), points[0]!.value);
        if (!same) throw new Error(`${this.name}: ${key} is ${text}, sent ${points[0]?.value ?? request.number}`);
        samples++;
      }
    }
    if (found.size > 0) throw new Error(`${this.name}: never sent: ${[...found.keys()].slice(0, 5).join('; ')}`);
    return samples;
  }

  private next(): SentRequest {
    const number = this.requests.length;
    const timestampMs = this.startMs + number * STEP_MS;
    const series: WriteSeries[] = [];
    for (let i = 0; i < SERIES_PER_REQUEST; i++) {
      const labels: Record<string, string> = { __name__: 'kill_sample', lane: this.name, series: String(i) };
      if (i % 10 === 9) labels.generation = String(Math.floor(number / CHURN_REQUESTS));
      series.push({ labels, samples: [{ timestampMs, value: this.random.double() }] });
    }
    if (this.protocol === 'remote write 2') {
      const labels = { __name__: 'kill_histogram', lane: this.name, series: 'h' };
      series.push({ labels, samples: [], histograms: [histogramOf(number, timestampMs)] });
    }
    const request = { number, timestampMs, series, acknowledged: false };
    this.requests.push(request);
    return request;
  }

  private async stored(server: Server): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    const everything = `{__name__=~"kill_.+", lane="${this.name}"}[2h]`;
    for (const { labels, points } of await query(server.url, everything, (Date.now() + 60_000) / 1000)) {
      for (const [at, value] of points) found.set(sampleKey(labels, Math.round(at * 1000)), value);
    }
    return found;
  }
}

function sampleKey(labels: Readonly<Record<string, string>>, timestampMs: number): string {
  return `${labels.__name__} ${labels.series} ${labels.generation ?? ''} ${timestampMs}`;
}

/** An integer histogram with `number + 3` observations, buckets 1 and 2 of schema 0. */
function histogramOf(number: number, timestampMs: number): Record<string, unknown> {
  return {
    countInt: number + 3, sum: number / 7, schema: 0, zeroThreshold: 1e-128, zeroCountInt: 1,
    positiveSpans: [{ offset: 1, length: 2 }], positiveDeltas: [number + 1, -number], timestamp: timestampMs,
  };
}

function sameHistogram(text: string, number: number): boolean {
  const { count, sum } = JSON.parse(text) as { count: string; sum: string };
  return Number(count) === number + 3 && Number(sum) === number / 7;
}

const servers: Server[] = [];
afterAll(() => removeAll(servers));

class Rig {
  readonly seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
  readonly random = new Random(this.seed);
  readonly lanes: readonly Lane[];
  private current: Server | undefined;

  constructor() {
    const startMs = Date.now() - 20 * 60_000;
    this.lanes = PROTOCOLS.map((protocol, i) => new Lane(`${i}`, protocol, startMs, new Random(this.seed + i)));
  }

  get server(): Server {
    return this.current!;
  }

  set server(server: Server) {
    this.current = server;
    servers.push(server);
  }

  /** Waits until the server has acknowledged new samples: how soon that is depends on the machine. */
  async progress(): Promise<void> {
    const acknowledged = (): number => this.lanes.reduce((sum, lane) => sum + lane.acknowledged, 0);
    // Each lane may begin with a request that is there already, and was only not answered.
    const enough = acknowledged() + this.lanes.length + 1;
    await eventually('acknowledged requests', () => acknowledged() >= enough);
  }

  async check(): Promise<number> {
    let samples = 0;
    for (const lane of this.lanes) samples += await lane.check(this.server);
    return samples;
  }

  /** Runs a story; a failure says how to repeat it. */
  async tell(story: () => Promise<void>): Promise<void> {
    try {
      await story();
    } catch (error) {
      throw new Error(`SEED=${this.seed} npx vitest run test/e2e/kill.test.ts\n${this.current?.log ?? ''}`, { cause: error });
    }
  }
}

describe.each([
  { sync: 'interval', rounds: 5 },
  { sync: 'always', rounds: 2 },
])('wal.sync $sync', ({ sync, rounds }) => {
  it('kill -9 loses nothing that was acknowledged', async () => {
    const rig = new Rig();
    await rig.tell(async () => {
      rig.server = await Server.start({ environment: { NARTHEX_WAL_SYNC: sync } });
      let before = 0;
      for (let round = 0; round < rounds; round++) {
        const sending = rig.lanes.map((lane) => lane.run(rig.server));
        await rig.progress();
        await sleep(rig.random.below(1000));
        await rig.server.kill();
        await Promise.all(sending);
        // Kill it again while it starts and replays, none to two times.
        for (let again = rig.random.below(3); again > 0; again--) {
          const replaying = await rig.server.spawnAgain();
          await sleep(rig.random.below(600));
          await replaying.kill();
        }
        rig.server = await rig.server.again();
        const samples = await rig.check();
        expect(samples).toBeGreaterThan(before);
        before = samples;
      }
    });
  });
});

it('a server that is stopped under load loses nothing either, and leaves nothing to repair', async () => {
  const rig = new Rig();
  await rig.tell(async () => {
    rig.server = await Server.start();
    for (let round = 0; round < 2; round++) {
      const sending = rig.lanes.map((lane) => lane.run(rig.server));
      await rig.progress();
      await sleep(rig.random.below(500));
      expect(await rig.server.stop()).toBe(0);
      await Promise.all(sending);
      rig.server = await rig.server.again();
      expect(await rig.check()).toBeGreaterThan(0);
      expect(rig.server.log).not.toMatch(/level="?(warn|error)/i);
    }
  });
});
