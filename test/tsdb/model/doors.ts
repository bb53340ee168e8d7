/** The doors that requests come in by, and what each may answer and store of the rows of a request. */
import { expect } from 'vitest';
import { isAccepted, REASON } from '../../../src/storage/append-status.js';
import { IngestError } from '../../../src/storage/ingestion.js';
import { isBlock, type SourceDescriptor } from '../../../src/tsdb/head/descriptor.js';
import { decodeWrite } from '../../../src/wire/remote-write.js';
import { uncompressBlock } from '../../../src/wire/snappy.js';
import { beginnings, firstParts, without, type MetHeads } from './body-parts.js';
import type { Comparison } from './comparison.js';
import { describeReport, fits } from './report-fit.js';
import { batchOf, orderV1, rowsOf, runsOf, writeV1, writeV2 } from './requests.js';
import { hasValue, put, textOf, type Place, type Row, type Samples, type StoreModel, type Verdict } from './store-model.js';
import type { Door, Story } from './story.js';
import { RANGE_MS, type ToldStore } from './told-store.js';

const NO_LIMITS = { typeAndUnitLabels: false, zeroAtStart: false };

export class Doors {
  private lastRows: readonly Row[] = [];
  /** What there was before the request under way. */
  private sourcesBefore: readonly SourceDescriptor[] = [];

  constructor(
    private readonly story: Story, private readonly store: ToldStore, private readonly model: StoreModel,
    private readonly comparison: Comparison,
  ) {}

  /** Sends a request, by `wanted` if that has words for its rows. The model takes what the store had to store of it. */
  async write(wantedRows: readonly Row[], wanted: Door): Promise<void> {
    if (wantedRows.length === 0) return;
    const door = wanted === 'v2' && wantedRows.some((row) => 'histogram' in row.value) ? 'v1' : wanted;
    // Remote write 1.0 has no start timestamps.
    const rows = door === 'v1' ? wantedRows.map((row) => ({ ...row, start: 0 })) : wantedRows;
    this.lastRows = rows;
    this.sourcesBefore = this.store.sources;
    this.model.sent(rows);
    try {
      if (door === 'batch') await this.writeBatch(rows);
      else await this.writeBody(rows, door);
    } catch (error) {
      if (this.store.stopped) return;
      if (!this.store.faulty || !(error instanceof IngestError) || error.code !== 'unavailable') throw error;
      this.adopt(rows);
    }
  }

  /** The last request again. */
  repeat(door: Door): Promise<void> {
    return this.write(this.lastRows, door);
  }

  private async writeBatch(rows: readonly Row[]): Promise<void> {
    const before = this.store.nowMs();
    const place = this.place();
    const statuses = new Uint8Array(rows.length);
    const report = await this.store.db.appendBatch(batchOf(rows), statuses);
    if (this.store.stopped) return;
    // The store looks at a request in the order of its times.
    const order = rows.map((_, i) => i).sort((a, b) => rows[a]!.t - rows[b]!.t || a - b);
    const sorted = order.map((i) => rows[i]!);
    const verdicts = this.model.judge(sorted, before, place);
    order.forEach((i, k) => {
      const { allowed } = verdicts[k]!;
      if (!allowed.includes(statuses[i]!)) {
        expect.fail(`${describe(rows[i]!)} was ${REASON[statuses[i]!]}, expected ${allowed.map((one) => REASON[one]).join(' or ')}`);
      }
    });
    const told = Array.from(statuses, (status): Verdict => ({ allowed: [status], stored: false }));
    expect(fits(told, report), 'counts of the report').toBe(true);
    this.take(sorted, verdicts);
  }

  private async writeBody(rows: readonly Row[], door: 'v1' | 'v2'): Promise<void> {
    const { db } = this.store;
    const before = this.store.nowMs();
    const place = this.place();
    const body = door === 'v1' ? writeV1(rows) : writeV2(rows);
    const version = door === 'v1' ? 1 : 2;
    const report = door === 'v1' ? await db.appendRemoteWriteV1(body) : await db.appendRemoteWriteV2(body);
    if (this.store.stopped) return;
    const inOrder = door === 'v1' ? orderV1(rows) : rows;
    if (report === 'general') {
      return this.writeGeneral(inOrder, rowsOf(decodeWrite(uncompressBlock(body, 1 << 26), version, NO_LIMITS)), place);
    }
    const rest = report.rest === undefined ? [] : rowsOf(decodeWrite(report.rest, version, NO_LIMITS));
    const fast = without(inOrder, rest);
    const candidates = [fast, ...firstParts(fast, this.metHeads()).map((first) => [...first, ...without(fast, first)])];
    const fitting = candidates.find((candidate) => fits(this.model.judge(candidate, before, place), report));
    if (fitting === undefined) expect.fail(`no order of the rows explains ${describeReport(report)}: ${fast.map(describe).join('; ')}`);
    this.take(fitting, this.model.judge(fitting, before, place));
    if (rest.length > 0) await this.writeBatch(rest);
  }

  /** The body goes to the general decoder; some of it may be stored already, in the order of the body. */
  private async writeGeneral(inOrder: readonly Row[], decoded: readonly Row[], place: (t: number) => Place): Promise<void> {
    expect(without(decoded, inOrder)).toEqual([]);
    const found = this.comparison.read();
    // Series with histograms are left to the decoder anyhow.
    const walked = runsOf(inOrder).filter((run) => !run.some((row) => 'histogram' in row.value)).flat();
    for (const first of beginnings(walked, this.metHeads())) {
      const verdicts = this.model.judge(first, this.store.nowMs(), place);
      const stored = first.filter((_, i) => verdicts[i]!.stored);
      const extra = stored.every((row) => hasValue(found, row));
      if (!extra || stored.length !== count(found) - count(this.model.visible)) continue;
      this.model.store(first, verdicts);
      return this.writeBatch(decoded);
    }
    expect.fail('a body that goes to the general decoder was stored in part, and not as one head would do it');
  }

  private take(rows: readonly Row[], verdicts: readonly Verdict[]): void {
    this.model.store(rows, verdicts);
    const accepted = rows.filter((_, i) => verdicts[i]!.allowed.some((status) => isAccepted(status)));
    this.model.acknowledge(accepted, this.story.sync === 'always');
  }

  /** After a request that failed: what of it is visible was not acknowledged, but it is there now. */
  private adopt(rows: readonly Row[]): void {
    const found = this.comparison.readAfterRetention();
    this.comparison.expectAll(found, 'lost by a failed request');
    for (const { series, t, value } of rows) {
      if (this.model.visible.get(series)?.has(t) === true || !hasValue(found, { series, t, value })) continue;
      put(this.model.visible, series, t, found.get(series)!.get(t)!);
      this.model.newest = Math.max(this.model.newest, t);
    }
  }

  private metHeads(): MetHeads {
    return { rangeMs: RANGE_MS, before: this.sourcesBefore, after: this.store.sources, closesEarly: this.story.closesEarly };
  }

  /** Where the samples of a time lie as things are now. */
  private place(): (t: number) => Place {
    const { sources } = this.store;
    return (t) => {
      const covering = sources.filter(({ mint, maxt }) => mint <= t && t < maxt);
      if (covering.length === 0) return 'nowhere';
      // What a closed head has is settled as in a block.
      return this.story.closesEarly || covering.some((source) => isBlock(source)) ? 'block' : 'head';
    };
  }
}

function count(samples: Samples): number {
  let n = 0;
  for (const times of samples.values()) n += times.size;
  return n;
}

function describe({ series, t, value }: Row): string {
  return `series ${series} at ${t} (${textOf(value).slice(0, 40)})`;
}
