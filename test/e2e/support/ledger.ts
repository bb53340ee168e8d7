/** What a client was told of its samples, to be compared with what the server has. */
import { expect } from 'vitest';
import type { Random } from '../../support/random.js';
import type { WriteSeries } from '../../support/remote-write-client.js';
import { send, success, type Protocol } from './protocol.js';
import { parseValue, query } from './query.js';
import { sleep, type Server } from './server.js';

/** `sent`: there or not; `stored`: there; `deleted`: not there. */
interface Entry {
  readonly value: number;
  state: 'sent' | 'stored' | 'deleted';
}

interface Request {
  readonly series: readonly WriteSeries[];
  readonly newestMs: number;
}

interface Deletion {
  readonly series: string;
  readonly fromMs: number;
  readonly toMs: number;
}

const SERIES = 16;
/** Series whose samples come late, in any order. */
const LATE_SERIES = 4;
const FRESH_SERIES = 12;
const STEP_MS = 5000;
const LATE_MS_MAX = 25 * 60_000;
/** Lanes that are this far ahead wait for the others: what is sent must stay inside the out-of-order window. */
const AHEAD_MS_MAX = 4 * 60_000;
const SETTLED_MS = 40 * 60_000;

/** One sender: its requests one after the other, rising in time but for late ones; what was not answered is sent again. */
export class LedgerLane {
  private readonly entries = new Map<string, Map<number, Entry>>();
  private unanswered: Request | undefined;
  private undeleted: Deletion | undefined;
  private requests = 0;
  /** Late samples have times of their own, which no other request uses. */
  private late = 0;

  constructor(
    readonly name: string, private readonly protocol: Protocol, private readonly startMs: number, private readonly random: Random,
    private readonly others: readonly LedgerLane[],
  ) {}

  get newestMs(): number {
    return this.startMs + this.requests * STEP_MS;
  }

  /** Sends until the server is gone. @throws if something is refused that may not be */
  async run(server: Server): Promise<void> {
    try {
      while (server.running) {
        if (this.newestMs > Math.min(...this.others.map((lane) => lane.newestMs)) + AHEAD_MS_MAX) await sleep(5);
        else await this.deliver(server, this.unanswered ?? this.next());
      }
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // no connection
    }
  }

  /** Sends again what was not answered, and deletes again what may be deleted. */
  async settle(server: Server): Promise<void> {
    while (this.unanswered) await this.deliver(server, this.unanswered);
    if (this.undeleted) await this.delete(server, this.undeleted);
  }

  /** Deletes a range of one series that nobody writes to any more. */
  async deleteSome(server: Server): Promise<void> {
    const isLate = this.random.below(3) === 0;
    const toMs = this.newestMs - (isLate ? SETTLED_MS : this.random.below(30) * STEP_MS + STEP_MS);
    const fromMs = toMs - this.random.below(60) * 60_000;
    const number = this.random.below(isLate ? LATE_SERIES : SERIES);
    await this.delete(server, this.undeleted ?? { series: isLate ? `late-${number}` : `${number}`, fromMs, toMs });
  }

  /** @throws if a stored sample is missing or altered, a deleted one is there, or one that was never sent. Returns how many are there. */
  async check(server: Server): Promise<number> {
    const found = await this.stored(server);
    const wrong: string[] = [];
    let samples = 0;
    for (const [series, entries] of this.entries) {
      const times = found.get(series);
      for (const [t, { value, state }] of entries) {
        const there = times?.get(t);
        times?.delete(t);
        if (there === undefined ? state === 'stored' : state === 'deleted') wrong.push(`${series} at ${t}: ${state}, ${there ?? 'not'} there`);
        if (there === undefined) continue;
        if (!Object.is(parseValue(there), value)) wrong.push(`${series} at ${t}: ${there}, sent ${value}`);
        samples++;
      }
      for (const t of times?.keys() ?? []) wrong.push(`${series} at ${t}: never sent`);
      found.delete(series);
    }
    for (const series of found.keys()) wrong.push(`${series}: never sent`);
    if (wrong.length > 0) throw new Error(`lane ${this.name}: ${wrong.length} samples are wrong: ${wrong.slice(0, 8).join('; ')}`);
    return samples;
  }

  private async deliver(server: Server, request: Request): Promise<void> {
    this.unanswered = request;
    const { status, text } = await send(this.protocol, server.url, request.series);
    if (status === 503) return sleep(20);
    expect(`${status} ${text}`, `lane ${this.name}, ${request.newestMs}`).toBe(success(this.protocol));
    for (const { labels, samples } of request.series) {
      for (const { timestampMs } of samples) this.entries.get(labels['series']!)!.get(timestampMs)!.state = 'stored';
    }
    this.unanswered = undefined;
  }

  private next(): Request {
    const number = this.requests++;
    const newestMs = this.startMs + number * STEP_MS;
    const names = Array.from({ length: SERIES }, (_, i) => `${i}`);
    for (let i = 0; i < FRESH_SERIES; i++) names.push(`fresh-${number}-${i}`);
    const series = names.map((name) => this.sample(name, newestMs));
    if (this.random.below(4) === 0) {
      const t = newestMs - Math.floor(this.random.below(LATE_MS_MAX) / STEP_MS) * STEP_MS + 1 + (this.late++ % (STEP_MS - 1));
      series.push(this.sample(`late-${this.random.below(LATE_SERIES)}`, Math.min(t, newestMs)));
    }
    return { series, newestMs };
  }

  private sample(name: string, timestampMs: number): WriteSeries {
    const entries = this.entries.get(name) ?? new Map<number, Entry>();
    this.entries.set(name, entries);
    const value = entries.get(timestampMs)?.value ?? this.random.double();
    if (!entries.has(timestampMs)) entries.set(timestampMs, { value, state: 'sent' });
    return { labels: { __name__: 'ledger', lane: this.name, series: name }, samples: [{ timestampMs, value }] };
  }

  private async delete(server: Server, deletion: Deletion): Promise<void> {
    this.undeleted = deletion;
    const { series, fromMs, toMs } = deletion;
    const form = { 'match[]': `{lane="${this.name}",series="${series}"}`, 'start': `${fromMs / 1000}`, 'end': `${toMs / 1000}` };
    const status = await admin(server, 'delete_series', form);
    if (status === 503) return;
    expect(status).toBe(204);
    for (const [t, entry] of this.entries.get(series) ?? []) if (t >= fromMs && t <= toMs) entry.state = 'deleted';
    this.undeleted = undefined;
  }

  private async stored(server: Server): Promise<Map<string, Map<number, string>>> {
    const hours = Math.ceil((this.newestMs - this.startMs) / 3_600_000) + 2;
    const series = await query(server.url, `ledger{lane="${this.name}"}[${hours}h]`, this.newestMs / 1000 + 3600);
    return new Map(series.map(({ labels, points }) => [labels['series']!, new Map(points.map(([at, value]) => [Math.round(at * 1000), value]))]));
  }
}

/** Calls the admin API. Returns the status. @throws TypeError if there is no answer */
export async function admin(server: Server, name: string, form: Record<string, string> = {}): Promise<number> {
  const response = await fetch(`${server.url}/api/v1/admin/tsdb/${name}`, { method: 'POST', body: new URLSearchParams(form) });
  await response.arrayBuffer();
  return response.status;
}
