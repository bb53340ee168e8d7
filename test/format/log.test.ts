/** A log that the store wrote, read by nothing but `tsdb/log/format.md`. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { openSealing } from '../support/sealing-store.js';
import { labels, matchers, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { ByteCursor, crc } from './byte-cursor.js';
import { histogramRecord } from './histogram-by-hand.js';
import { nameOf, story, tell, type Story } from './sample-story.js';

const stores = new Stores(openSealing);
const folder = stores.directory();
afterAll(() => stores.closeAll());
const wanted = story();
const COUNTER = 'counter{job="a"}';

beforeAll(async () => {
  // Small segments, so that there are several.
  const store = await stores.openIn(folder, { options: { keepStarts: true, logSegmentBytes: 8192 } });
  await tell(store, wanted);
  const samples = wanted[COUNTER]!;
  // Late, between two that are there.
  const t = samples[390]![0] + 1;
  const late = new SampleBatch();
  late.addFloat(late.addSeries(labels('counter', { job: 'a' })), t, 0.5, 0, T0 - 1);
  await store.db.appendBatch(late, new Uint8Array(1));
  samples.splice(391, 0, [t, T0 - 1, new BigUint64Array(Float64Array.of(0.5).buffer)[0]!]);
  // Deleted, and one of those times again.
  await store.db.administration.deleteSeries([matchers(['__name__', '=', 'counter'])], samples[393]![0], samples[398]![0]);
  const [, ...deleted] = samples.splice(393, 6);
  const again = new SampleBatch();
  again.addFloat(again.addSeries(labels('counter', { job: 'a' })), deleted[1]![0], 8, 0, T0 - 5);
  await store.db.appendBatch(again, new Uint8Array(1));
  samples.splice(393, 0, [deleted[1]![0], T0 - 5, new BigUint64Array(Float64Array.of(8).buffer)[0]!]);
  await stores.close(store);
});

interface Segment {
  readonly number: number;
  readonly headId: number;
  readonly mint: number;
  readonly maxt: number;
  readonly salt: number;
  readonly previousEnd: number;
}

function header(bytes: Uint8Array): Segment {
  expect([...bytes.subarray(512, 576)]).toEqual([...bytes.subarray(0, 64)]);
  expect(bytes.subarray(576, 1024).every((byte) => byte === 0)).toBe(true);
  const c = new ByteCursor(bytes);
  expect([c.text(8), c.u16(), c.u16()]).toEqual(['narthlog', 1, 64]);
  const segment = { number: c.u32(), headId: c.i64(), mint: c.i64(), maxt: c.i64(), salt: c.u32() };
  expect(c.u32()).toBe(1024);
  const previousEnd = c.i64();
  expect(c.u32()).toBe(0);
  expect(c.u32()).toBe(crc(bytes.subarray(0, 60)));
  return { ...segment, previousEnd };
}

/** Calls for each record; returns where they end. */
function records(bytes: Uint8Array, { salt, number }: Segment, each: (type: number, c: ByteCursor) => void): number {
  let at = 1024;
  while (at + 8 <= bytes.length) {
    const c = new ByteCursor(bytes, at);
    const length = c.u32();
    if (length === 0) break;
    const stored = c.u32();
    const seed = (salt ^ Math.imul(number, 0x9e3779b1) ^ Math.imul(at, 0x85ebca6b) ^ Math.imul(length, 0xc2b2ae35)) >>> 0;
    expect(stored, `record at ${at}`).toBe(crc(bytes.subarray(at + 8, at + 8 + length), seed));
    each(c.u8(), c.part(length - 1));
    at += 8 + length;
  }
  return at;
}

/** What the records of a head say, by series. */
class HeadByHand {
  private readonly names: string[] = [];
  private readonly pairs: [string, string][] = [];
  readonly series: string[] = [];
  private readonly samples = new Map<number, Map<number, Story[string][number]>>();
  /** Changes of starts by series: from a time on, or for one sample. */
  private readonly from = new Map<number, { t: number; start: number }[]>();
  private readonly once = new Map<string, number>();
  readonly seen = new Set<number>();

  record(type: number, c: ByteCursor): void {
    this.seen.add(type);
    if (type === 1) this.dictionary(c);
    else if (type === 2) this.columns(c);
    else if (type === 3) while (c.left > 0) this.put(c.u32(), c.f64(), c.u64());
    else if (type === 4) while (c.left > 0) this.put(c.u32(), c.f64(), histogramRecord(c.part(c.u32())));
    else if (type === 5) while (c.left > 0) this.start(c.u32(), c.f64(), c.f64());
    else if (type === 6) while (c.left > 0) this.delete(c.u32(), c.f64(), c.f64());
    else throw new Error(`record of type ${type}`);
  }

  private delete(ref: number, from: number, to: number): void {
    const samples = this.samples.get(ref)!;
    for (const t of samples.keys()) if (from <= t && t <= to) samples.delete(t);
  }

  private dictionary(c: ByteCursor): void {
    const [firstName, names, firstPair, pairs, firstSeries, series] = c.list(6, () => c.u32());
    expect([firstName, firstPair, firstSeries]).toEqual([this.names.length, this.pairs.length, this.series.length]);
    for (let i = 0; i < names!; i++) this.names.push(c.text(c.v()));
    for (let i = 0; i < pairs!; i++) this.pairs.push([this.names[c.v()]!, c.text(c.v())]);
    for (let i = 0; i < series!; i++) this.series.push(nameOf(c.list(c.v(), () => this.pairs[c.v()]!)));
    expect(c.left).toBe(0);
  }

  private columns(c: ByteCursor): void {
    const count = c.u32();
    let t = c.f64();
    let ref = -1;
    for (let i = 0; i < count; i++) {
      const control = c.u8();
      ref += control & 16 ? c.z() : 1;
      if (control & 32) t += c.z();
      let start: number | undefined;
      if (control & 64) {
        const distance = c.big();
        start = distance === 0n ? 0 : t - Number(distance % 2n === 1n ? (distance - 1n) / 2n : -(distance / 2n));
      }
      const size = control & 15;
      let bits = 0n;
      for (let byte = 8 - size; byte < 8; byte++) bits |= BigInt(c.u8()) << BigInt(byte * 8);
      if (start !== undefined) this.start(ref, t, start);
      this.put(ref, t, bits);
    }
    expect(c.left).toBe(0);
  }

  private start(ref: number, t: number, start: number): void {
    if (ref >= 0x80000000) {
      this.once.set(`${ref - 0x80000000} ${t}`, start);
      return;
    }
    const list = this.from.get(ref) ?? [];
    list.push({ t, start });
    this.from.set(ref, list);
  }

  private put(ref: number, t: number, value: Story[string][number][2]): void {
    const start = this.once.get(`${ref} ${t}`) ?? this.from.get(ref)?.findLast((change) => change.t <= t)?.start ?? 0;
    const list = this.samples.get(ref) ?? new Map<number, Story[string][number]>();
    list.set(t, [t, start, value]);
    this.samples.set(ref, list);
  }

  story(): Story {
    return Object.fromEntries(this.series.map((name, ref) => [name, [...this.samples.get(ref)!.values()].sort((a, b) => a[0] - b[0])]));
  }
}

it('says what was stored, segment by segment, record by record', () => {
  const heads = fs.readdirSync(path.join(folder, 'heads'));
  expect(heads.length).toBe(1);
  const directory = path.join(folder, 'heads', heads[0]!);
  const files = fs.readdirSync(directory).filter((name) => name.endsWith('.log')).sort();
  expect(files.length).toBeGreaterThan(1);
  const head = new HeadByHand();
  let end = 0;
  files.forEach((name, i) => {
    expect(name).toBe(`${String(i + 1).padStart(6, '0')}.log`);
    const bytes = new Uint8Array(fs.readFileSync(path.join(directory, name)));
    const segment = header(bytes);
    expect([segment.number, segment.previousEnd]).toEqual([i + 1, end]);
    expect(heads[0]).toBe(`${String(segment.headId).padStart(6, '0')}_${segment.mint}_${segment.maxt}`);
    end = records(bytes, segment, (type, c) => head.record(type, c));
  });
  expect([...head.seen].sort()).toEqual([1, 2, 3, 4, 5, 6]);
  const sorted = (all: Story): Story => Object.fromEntries(Object.entries(all).map(([name, samples]) => [sortedName(name), samples]));
  expect(sorted(head.story())).toEqual(sorted(wanted));
});

/** Labels have no order in a log. */
function sortedName(name: string): string {
  const [metric, rest = ''] = name.split('{');
  return `${metric}{${rest.slice(0, -1).split(',').sort().join(',')}}`;
}
