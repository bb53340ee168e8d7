/** A store in a temporary directory, and short ways to put samples in and get them out. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import protobuf from 'protobufjs';
import snappy from 'snappyjs';
import { systemClock, type Clock } from '../../src/io/clock.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { Labels } from '../../src/model/labels.js';
import { Matcher, type MatchType } from '../../src/model/matcher.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { SampleColumns } from '../../src/model/sample-columns.js';
import type { AppendReport } from '../../src/storage/appender.js';
import type { Queryable } from '../../src/storage/queryable.js';
import { Db } from '../../src/tsdb/db.js';
import type { DbEnvironment, DbOptions } from '../../src/tsdb/db-options.js';
import { HeadSet } from '../../src/tsdb/head-set.js';
import { loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { decodeLabelRun } from '../../src/wire/label-run.js';

export const HOUR = 3_600_000;
/** Aligned to a head's range, so that tests know where the borders are. */
export const T0 = Math.floor(1_700_000_000_000 / (2 * HOUR)) * 2 * HOUR;

export interface OpenStore {
  readonly db: Db;
  readonly heads: HeadSet;
  readonly directory: string;
  readonly notes: string[];
}

export function tempDirectory(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-store-'));
}

const module = loadKernelModule();

/** A store that makes no blocks. */
export function openStore(directory: string, options: Partial<DbOptions> = {}, clock: Clock = systemClock): Promise<OpenStore> {
  return openStoreWith(directory, options, { clock });
}

/** `environment`: what the store has around it beyond a disk, a clock and the kernels. With a codec its blocks are read, too. */
export async function openStoreWith(directory: string, options: Partial<DbOptions>, environment: Partial<DbEnvironment>): Promise<OpenStore> {
  const notes: string[] = [];
  const db = await Db.open(
    {
      directory, headRangeMs: 2 * HOUR, maxSeriesPerHead: 0, headMemoryBytes: 1 << 30, outOfOrderWindowMs: HOUR / 2, maxFutureMs: 600_000,
      retentionMs: 0, maxDecodedBytes: 32 << 20, sync: { mode: 'interval', intervalMs: 50 }, logSegmentBytes: 1 << 20, ...options,
    },
    { disk: new NodeDisk(), clock: systemClock, module, decodeLabelRun, report: (_level, message) => notes.push(message), ...environment },
  );
  notes.push(...db.openReport.notes.map((note) => note.text));
  const { codec } = environment;
  const heads = codec === undefined ? new HeadSet(module, 1) : new HeadSet(module, 1, { codec, cacheBytes: 1 << 20 });
  db.announceHeads((list) => heads.update(list), () => Promise.resolve());
  return { db, heads, directory, notes };
}

/** The system's timers at a time that stands still. */
export function clockAt(nowMs: number): Clock {
  return { ...systemClock, nowMs: () => nowMs };
}

export type Point = readonly [t: number, v: number];

/** `series('up{job="a"}')` without a parser: `labels('up', { job: 'a' })`. */
export function labels(name: string, others: Record<string, string> = {}): Labels {
  return Labels.fromObject({ __name__: name, ...others });
}

export function batchOf(entries: readonly (readonly [Labels, readonly Point[]])[]): SampleBatch {
  const batch = new SampleBatch();
  for (const [set, points] of entries) {
    const series = batch.addSeries(set);
    for (const [t, v] of points) batch.addFloat(series, t, v, batch.length);
  }
  return batch;
}

export async function append(store: OpenStore, entries: readonly (readonly [Labels, readonly Point[]])[]): Promise<AppendReport> {
  const batch = batchOf(entries);
  return store.db.appendBatch(batch, new Uint8Array(batch.length));
}

// ---- Remote write 1.0 bodies, encoded by protobufjs and snappyjs: the kernels' counterpart is not ours. -------------------------

const root = protobuf.parse(`
  syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; }
  message TimeSeries { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`).root;
const WriteRequest = root.lookupType('WriteRequest');

export function remoteWriteV1(entries: readonly (readonly [Labels, readonly Point[]])[]): Uint8Array {
  const timeseries = entries.map(([set, points]) => ({
    labels: set.names.map((name, i) => ({ name, value: set.values[i]! })),
    samples: points.map(([timestamp, value]) => ({ value, timestamp })),
  }));
  return snappy.compress(WriteRequest.encode(WriteRequest.fromObject({ timeseries })).finish());
}

// ---- Reading back --------------------------------------------------------------------------------------------------------------

export type MatcherSpec = readonly [name: string, type: MatchType, value: string];

export function matchers(...specs: readonly MatcherSpec[]): Matcher[] {
  return specs.map(([name, type, value]) => new Matcher(type, name, value));
}

/** Time and start timestamp of all samples, by series; 0: none. */
export function readStarts(heads: Queryable, mint = -8e15, maxt = 8e15): Record<string, Point[]> {
  const out: Record<string, Point[]> = {};
  const columns = new SampleColumns(4);
  for (const series of heads.select([], mint, maxt)) {
    columns.clear();
    series.read(columns, mint, maxt);
    if (columns.length === 0) continue;
    const { timestamps, startTimestamps } = columns;
    out[series.labels.toString()] = Array.from({ length: columns.length }, (_, i) => [timestamps[i]!, startTimestamps?.[i] ?? 0] as const);
  }
  return out;
}

/** All samples of the matching series: `{ 'up{job="a"}': [[t, v], …] }`; series without samples are left out. */
export function readAll(store: OpenStore, wanted: readonly Matcher[] = [], mint = -8e15, maxt = 8e15): Record<string, Point[]> {
  const out: Record<string, Point[]> = {};
  const columns = new SampleColumns(4);
  for (const series of store.heads.select(wanted, mint, maxt)) {
    columns.clear();
    series.read(columns, mint, maxt);
    if (columns.length === 0) continue;
    out[series.labels.toString()] = Array.from({ length: columns.length }, (_, i) => [columns.timestamps[i]!, columns.values[i]!] as const);
  }
  return out;
}
