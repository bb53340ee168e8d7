/** The series that stories are about, and requests with their samples in each protocol. */
import snappy from 'snappyjs';
import { ByteReader } from '../../../src/encoding/byte-reader.js';
import { ByteWriter } from '../../../src/encoding/byte-writer.js';
import type { Histogram } from '../../../src/model/histogram.js';
import { Labels } from '../../../src/model/labels.js';
import { SampleBatch } from '../../../src/model/sample-batch.js';
import { SampleColumns } from '../../../src/model/sample-columns.js';
import { putBytes, putDoubleFrom, putInt, putString } from '../../../src/wire/proto-fields.js';
import { ReadSamplesWriter } from '../../../src/wire/remote-read-samples.js';
import type { Row, Value } from './store-model.js';

/** Few enough to collide often; with labels that sort, encode and intern in unlike ways. */
export const SERIES: readonly Labels[] = [
  ...['a', 'b', 'c', 'd', 'e'].map((job) => Labels.fromObject({ __name__: 'up', job })),
  Labels.fromObject({ __name__: 'up' }),
  Labels.fromObject({ __name__: 'größe', 'ein/name': 'Straße', job: 'a' }),
  Labels.fromObject({ __name__: 'wide', ...Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`l${i}`, `v${i}`])) }),
  Labels.fromObject({ __name__: 'long', text: 'x'.repeat(5000) }),
  Labels.fromObject({ __name__: 'latency', job: 'a' }),
  Labels.fromObject({ __name__: 'latency', job: '\u{1f600}\ud7ff' }),
];

const indexByKey = new Map(SERIES.map((labels, i) => [labels.key(), i]));

/** @throws Error if it is none of `SERIES` */
export function indexOf(labels: Labels): number {
  const index = indexByKey.get(labels.key());
  if (index === undefined) throw new Error(`a series that nobody sent: ${labels.toString()}`);
  return index;
}

const words = new Uint32Array(2);
const double = new Float64Array(words.buffer);

/** Puts the bits of a float into a column. */
function putValue(into: Float64Array, index: number, value: Value): void {
  if ('histogram' in value) into[index] = NaN;
  else {
    words[0] = value.low;
    words[1] = value.high;
    into.set(double, index);
  }
}

export function valueAt(columns: SampleColumns | SampleBatch, i: number): Value {
  const histogram = columns instanceof SampleBatch ? columns.histograms.get(i) : columns.histograms?.[i];
  if (histogram) return { histogram };
  const bits = new Uint32Array(columns.values.buffer, columns.values.byteOffset + i * 8, 2);
  return { low: bits[0]!, high: bits[1]! };
}

/** Rows that follow one another and have one series. */
export function runsOf(rows: readonly Row[]): Row[][] {
  const runs: Row[][] = [];
  for (const row of rows) {
    const last = runs.at(-1);
    if (last?.[0]!.series === row.series) last.push(row);
    else runs.push([row]);
  }
  return runs;
}

export function batchOf(rows: readonly Row[]): SampleBatch {
  const batch = new SampleBatch();
  const scratch = new Float64Array(1);
  for (const run of runsOf(rows)) {
    const series = batch.addSeries(SERIES[run[0]!.series]!);
    for (const { t, value, start } of run) {
      if ('histogram' in value) batch.addHistogram(series, t, value.histogram, batch.length, start);
      else {
        putValue(scratch, 0, value);
        batch.addFrom(series, t, scratch, 0, batch.length, start);
      }
    }
  }
  return batch;
}

/** What a decoder made of a body. */
export function rowsOf(batch: SampleBatch): Row[] {
  return Array.from({ length: batch.length }, (_, i) => ({
    series: indexOf(batch.series[batch.seriesIndex[i]!]!), t: batch.timestamps[i]!, value: valueAt(batch, i), start: batch.startTimestamps[i]!,
  }));
}

/** A remote write 1.0 body. Histograms of a run come after its floats. */
export function writeV1(rows: readonly Row[]): Uint8Array {
  const writer = new ReadSamplesWriter();
  for (const run of runsOf(rows)) {
    const columns = new SampleColumns(run.length);
    run.forEach(({ t, value }, i) => {
      if ('histogram' in value) columns.pushHistogram(t, value.histogram);
      else {
        columns.pushFloat(t, 0);
        putValue(columns.values, i, value);
      }
    });
    writer.addSeries(SERIES[run[0]!.series]!, columns);
  }
  writer.endQuery();
  // A query result is a list of series in field 1, and so is a write request.
  const message = new ByteReader(snappy.uncompress(writer.finish()));
  message.u8();
  return snappy.compress(message.bytes(message.varint()).slice());
}

/** The rows in the order in which `writeV1` writes them. */
export function orderV1(rows: readonly Row[]): Row[] {
  return runsOf(rows).flatMap((run) => [...run.filter((row) => !('histogram' in row.value)), ...run.filter((row) => 'histogram' in row.value)]);
}

/** A remote write 2.0 body; floats only. */
export function writeV2(rows: readonly Row[]): Uint8Array {
  const symbols = new Map([['', 0]]);
  const symbol = (text: string): number => {
    const known = symbols.get(text) ?? symbols.size;
    symbols.set(text, known);
    return known;
  };
  const list = new ByteWriter();
  const series = new ByteWriter();
  const part = new ByteWriter();
  const value = new Float64Array(1);
  for (const run of runsOf(rows)) {
    series.reset();
    part.reset();
    const { names, values } = SERIES[run[0]!.series]!;
    names.forEach((name, i) => {
      part.varint(symbol(name));
      part.varint(symbol(values[i]!));
    });
    putBytes(series, 1, part.view());
    for (const row of run) {
      part.reset();
      putValue(value, 0, row.value);
      putDoubleFrom(part, 1, value, 0);
      putInt(part, 2, row.t);
      if (row.start !== 0) putInt(part, 3, row.start);
      putBytes(series, 2, part.view());
    }
    putBytes(list, 5, series.view());
  }
  const out = new ByteWriter();
  for (const text of symbols.keys()) {
    if (text === '') putBytes(out, 4, new Uint8Array(0));
    else putString(out, 4, text);
  }
  out.bytes(list.view());
  return snappy.compress(out.copy());
}

const BASE: Histogram = {
  float: false, schema: 0, zeroThreshold: 0.001, zeroCount: 1, count: 6, sum: 18.5,
  positiveSpans: [{ offset: 0, length: 2 }], negativeSpans: [{ offset: 1, length: 1 }], positiveBuckets: [1, 3], negativeBuckets: [1],
  customValues: [], resetHint: 0,
};

/** Valid histograms of every kind; `n` makes them unlike one another. */
export function histogramOf(n: number): Histogram {
  const kind = n % 5;
  const size = Math.floor(n / 5) % 7;
  const grown = { ...BASE, count: BASE.count + size, zeroCount: BASE.zeroCount + size, sum: BASE.sum + size };
  if (kind === 0) return grown;
  if (kind === 1) return { ...grown, float: true, count: grown.count + 0.5, zeroCount: grown.zeroCount + 0.5 };
  if (kind === 2) {
    return {
      ...grown, schema: -53, zeroThreshold: 0, zeroCount: 0, count: 3 + size, customValues: [1, 2.5, 10], negativeSpans: [],
      negativeBuckets: [], positiveSpans: [{ offset: 0, length: 2 }], positiveBuckets: [3, size],
    };
  }
  if (kind === 3) return { ...grown, schema: 3, positiveSpans: [{ offset: -4, length: 1 }, { offset: 20, length: 1 }] };
  return { ...grown, sum: size === 0 ? -0 : -size, resetHint: 3 };
}
