/** The decoders against messages that protobufjs encoded from the .proto files, and against hand-made bytes. */
import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import { isStaleAt, putStale } from '../../src/model/stale-nan.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { decodeWriteRequestV1 } from '../../src/wire/remote-write-v1.js';
import { decodeWriteRequestV2 } from '../../src/wire/remote-write-v2.js';
import { WriteRequestV1, WriteRequestV2 } from '../../src/wire/schemas.js';
import { WireError } from '../../src/wire/wire-error.js';

const v1 = (message: object): SampleBatch => decodeWriteRequestV1(WriteRequestV1.encode(WriteRequestV1.fromObject(message)).finish());
const v2 = (message: object): SampleBatch => decodeWriteRequestV2(WriteRequestV2.encode(WriteRequestV2.fromObject(message)).finish());
const label = (name: string, value: string) => ({ name, value });
const writer = () => protobuf.Writer.create();

function rows(batch: SampleBatch): string[] {
  return Array.from({ length: batch.length }, (_, i) =>
    `${batch.series[batch.seriesIndex[i]!]!.toString()} ${batch.timestamps[i]!} ${isStaleAt(batch.values, i) ? 'stale' : batch.values[i]!}` +
    (batch.startTimestamps[i] === 0 ? '' : ` from ${batch.startTimestamps[i]!}`));
}

describe('remote write 1.0', () => {
  test('series, samples, metadata, exemplars', () => {
    const batch = v1({
      timeseries: [{
        labels: [label('job', 'j'), label('__name__', 'm')],
        samples: [{ value: 1.5, timestamp: 1000 }, { value: -0.25, timestamp: -2000 }],
        exemplars: [{ labels: [label('trace_id', 'x')], value: 3, timestamp: 900 }],
      }],
      metadata: [{ type: 3, metricFamilyName: 'm', help: 'h', unit: 'u' }, { type: 99, metricFamilyName: 'n' }],
    });
    expect(rows(batch)).toStrictEqual(['m{job="j"} 1000 1.5', 'm{job="j"} -2000 -0.25']);
    expect(batch.exemplars.map(({ series, exemplar }) => [series, exemplar.labels.toString(), exemplar.value, exemplar.timestampMs])).toStrictEqual([[0, '{trace_id="x"}', 3, 900]]);
    expect(batch.metadata).toStrictEqual([{ family: 'm', type: 'histogram', help: 'h', unit: 'u' }, { family: 'n', type: 'unknown', help: '', unit: '' }]);
    expect(batch.rejects).toStrictEqual([]);
  });

  test('labels may follow the samples, and groups and unknown fields may lie between', () => {
    const name = writer().uint32(10).string('__name__').uint32(18).string('m').finish();
    const sample = writer().uint32(17).uint32(16).int32(7).finish();
    const series = writer()
      .uint32(18).bytes(writer().uint32(9).double(2).uint32(16).int32(7).finish())
      .uint32((9 << 3) | 3).uint32((1 << 3) | 0).int32(1).uint32((9 << 3) | 4)
      .uint32((20 << 3) | 2).bytes(sample)
      .uint32((21 << 3) | 5).fixed32(1).uint32((22 << 3) | 1).double(1)
      .uint32(10).bytes(name)
      .finish();
    expect(rows(decodeWriteRequestV1(writer().uint32(10).bytes(series).finish()))).toStrictEqual(['m 7 2']);
  });

  test('doubles keep their bits', () => {
    const patterns: [number, number][] = [[0x7ff00000, 2], [0x7ff80000, 1], [0x7ff00000, 0x123], [0xfff80000, 0], [0x80000000, 0], [0, 1]];
    const bodies = patterns.map(([high, low]) => writer().uint32(9).fixed32(low).fixed32(high).uint32(16).int32(1).finish());
    const series = writer().uint32(10).bytes(writer().uint32(10).string('__name__').uint32(18).string('m').finish());
    for (const body of bodies) series.uint32(18).bytes(body);
    const batch = decodeWriteRequestV1(writer().uint32(10).bytes(series.finish()).finish());
    const words = new Uint32Array(batch.values.buffer);
    expect(patterns.map((_, i) => [words[i * 2 + 1], words[i * 2]])).toStrictEqual(patterns);
    expect(isStaleAt(batch.values, 0)).toBe(true);
  });

  test('times are exact to 2^53, beyond that the sample is refused', () => {
    const batch = v1({ timeseries: [{ labels: [label('__name__', 'm')], samples: [
      { value: 1, timestamp: Number.MAX_SAFE_INTEGER }, { value: 2, timestamp: Number.MIN_SAFE_INTEGER }, { value: 3, timestamp: '9223372036854775807' },
    ] }] });
    expect(rows(batch)).toStrictEqual([`m ${Number.MAX_SAFE_INTEGER} 1`, `m ${Number.MIN_SAFE_INTEGER} 2`]);
    expect(batch.rejects.map(({ status, points, metric }) => [status, points, metric])).toStrictEqual([[AppendStatus.outOfBounds, 1, 'm']]);
  });

  test.each([
    ['repeated name', [label('__name__', 'm'), label('a', '1'), label('a', '1')]],
    ['no metric name', [label('a', '1')]],
    ['empty metric name', [label('__name__', ''), label('a', '1')]],
    ['empty label name', [label('__name__', 'm'), label('', '1')]],
  ])('%s: the series is refused, the others stay', (_name, labels) => {
    const samples = [{ value: 1, timestamp: 1 }, { value: 2, timestamp: 2 }];
    const batch = v1({ timeseries: [{ labels, samples }, { labels: [label('__name__', 'ok')], samples }] });
    expect(rows(batch)).toStrictEqual(['ok 1 1', 'ok 2 2']);
    expect(batch.rejects.map(({ status, points }) => [status, points])).toStrictEqual([[AppendStatus.invalidLabels, 2]]);
  });

  test('a histogram: deltas become counts, an invalid one is refused alone', () => {
    const histogram = { countInt: 6, sum: 3, schema: 1, zeroThreshold: 0.001, zeroCountInt: 1, positiveSpans: [{ offset: -2, length: 2 }],
      positiveDeltas: [2, 1], resetHint: 2, timestamp: 5 };
    const batch = v1({ timeseries: [{ labels: [label('__name__', 'h')], histograms: [histogram, { ...histogram, countInt: 7, timestamp: 6 }] }] });
    expect(batch.histograms.get(0)).toStrictEqual({
      float: false, schema: 1, zeroThreshold: 0.001, zeroCount: 1, count: 6, sum: 3, positiveSpans: [{ offset: -2, length: 2 }],
      negativeSpans: [], positiveBuckets: [2, 3], negativeBuckets: [], customValues: [], resetHint: 2,
    });
    expect(batch.length).toBe(1);
    expect(batch.rejects.map(({ status, message }) => [status, message])).toStrictEqual([[AppendStatus.invalidHistogram,
      "6 observations found in buckets, but the Count field is 7: histogram's observation count should equal the number of observations found in the buckets (in absence of NaN) for series h"]]);
  });

  test('packed and unpacked numbers', () => {
    const histogram = writer().uint32(8).uint64(5).uint32(90).bytes(writer().uint32(16).uint32(2).finish())
      .uint32(96).sint64(2).uint32(98).bytes(writer().sint64(1).finish()).uint32(120).int64(9).finish();
    const name = writer().uint32(10).string('__name__').uint32(18).string('h').finish();
    const batch = decodeWriteRequestV1(writer().uint32(10).bytes(writer().uint32(10).bytes(name).uint32(34).bytes(histogram).finish()).finish());
    expect(batch.rejects).toStrictEqual([]);
    expect(batch.histograms.get(0)?.positiveBuckets).toStrictEqual([2, 3]);
  });
});

describe('remote write 2.0', () => {
  const symbols = ['', '__name__', 'm', 'job', 'j', 'help', 's'];

  test('start times: on the sample, or on the series as in early drafts', () => {
    const draft = writer().uint32(10).bytes(Uint8Array.of(1, 2)).uint32(18).bytes(writer().uint32(9).double(1).uint32(16).int64(20).finish())
      .uint32(48).int64(10).finish();
    const request = writer();
    for (const symbol of symbols) request.uint32(34).string(symbol);
    expect(rows(decodeWriteRequestV2(request.uint32(42).bytes(draft).finish()))).toStrictEqual(['m 20 1 from 10']);
    expect(rows(v2({ symbols, timeseries: [{ labelsRefs: [1, 2], samples: [{ value: 1, timestamp: 5, startTimestamp: 3 }] }] }))).toStrictEqual(['m 5 1 from 3']);
  });

  test('symbols may follow the series, references may be unpacked', () => {
    const series = writer().uint32(8).uint32(1).uint32(8).uint32(2).uint32(18).bytes(writer().uint32(16).int64(1).finish()).finish();
    const request = writer().uint32(42).bytes(series);
    for (const symbol of symbols) request.uint32(34).string(symbol);
    expect(rows(decodeWriteRequestV2(request.finish()))).toStrictEqual(['m 1 0']);
  });

  test.each([
    ['odd number', [1, 2, 3]],
    ['out of range', [1, 2, 3, 7]],
  ])('references: %s', (_name, labelsRefs) => {
    const samples = [{ value: 1, timestamp: 1 }];
    const batch = v2({ symbols, timeseries: [{ labelsRefs, samples }, { labelsRefs: [3, 4, 1, 2], samples }] });
    expect(rows(batch)).toStrictEqual(['m{job="j"} 1 1']);
    expect(batch.rejects.map(({ status, points, metric }) => [status, points, metric])).toStrictEqual([[AppendStatus.invalidLabels, 1, 'm']]);
  });

  test('metadata is kept once per family', () => {
    const samples = [{ value: 1, timestamp: 1 }];
    const metadata = { type: 3, helpRef: 5, unitRef: 6 };
    const batch = v2({ symbols: [...symbols, 'm_bucket', 'm_sum'], timeseries: [{ labelsRefs: [1, 7], samples, metadata }, { labelsRefs: [1, 8], samples, metadata }] });
    expect(batch.metadata).toStrictEqual([{ family: 'm', type: 'histogram', help: 'help', unit: 's' }]);
  });

  test('labels that expand beyond the limit', () => {
    const long = 'x'.repeat(1_000_000);
    const timeseries = Array.from({ length: 40 }, () => ({ labelsRefs: [1, 2], samples: [{ value: 1, timestamp: 1 }] }));
    expect(() => v2({ symbols: ['', '__name__', long], timeseries })).toThrow(expect.objectContaining({ code: 'too_large' }));
  });

  test('a million bad series do not make a million rejects', () => {
    const batch = v2({ symbols: [''], timeseries: Array.from({ length: 5000 }, () => ({ samples: [{ value: 1, timestamp: 1 }] })) });
    expect(batch.rejects.length).toBeLessThanOrEqual(1000);
    expect(batch.rejects.reduce((sum, { points }) => sum + points, 0)).toBe(5000);
  });
});

describe('agreement with protobufjs', () => {
  const number = fc.oneof(fc.double(), fc.constantFrom(0, -0, 1, Infinity, NaN));
  const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 8 });
  const series = fc.record({
    name: text,
    labels: fc.dictionary(text.filter((name) => name !== '__name__'), text, { maxKeys: 5 }),
    samples: fc.array(fc.record({ value: number, timestamp: fc.maxSafeInteger() }), { minLength: 1, maxLength: 4 }),
  });

  test('both versions tell the same samples', () => {
    fc.assert(fc.property(fc.array(series, { maxLength: 5 }), (list) => {
      const want = list.flatMap(({ samples }) => samples.map(({ value, timestamp }) => [timestamp, value]));
      const pairs = list.map(({ name, labels }) => [['__name__', name] as const, ...Object.entries(labels)]);
      const first = v1({ timeseries: list.map(({ samples }, i) => ({ labels: pairs[i]!.map(([n, v]) => label(n, v)), samples })) });
      const symbols = ['', ...new Set(pairs.flat(2))];
      const second = v2({ symbols, timeseries: list.map(({ samples }, i) => ({ labelsRefs: pairs[i]!.flat().map((s) => symbols.indexOf(s)), samples })) });
      for (const batch of [first, second]) {
        expect(batch.rejects).toStrictEqual([]);
        expect(batch.series.map((set) => set.toObject())).toEqual(pairs.map((set) => Object.fromEntries(set)));
        expect(Array.from({ length: batch.length }, (_, i) => [batch.timestamps[i], batch.values[i]])).toStrictEqual(want);
      }
    }));
  });

  test('damaged bytes give a WireError or a batch', () => {
    const values = new Float64Array(1);
    putStale(values, 0);
    const message = {
      timeseries: [{
        labels: [label('__name__', 'm'), label('a', 'é')], samples: [{ value: values[0], timestamp: 1e12 }, { value: 2, timestamp: 1e12 + 1 }],
        exemplars: [{ labels: [label('t', 'x')], value: 1, timestamp: 1 }],
        histograms: [{ countInt: 3, positiveSpans: [{ offset: 0, length: 2 }], positiveDeltas: [1, 1], customValues: [1, 2], timestamp: 4 }],
      }],
      metadata: [{ type: 1, metricFamilyName: 'm', help: 'h' }],
    };
    const one = WriteRequestV1.encode(WriteRequestV1.fromObject(message)).finish();
    const two = WriteRequestV2.encode(WriteRequestV2.fromObject({
      symbols: ['', '__name__', 'm', 'a', 'é'],
      timeseries: [{ labelsRefs: [1, 2, 3, 4], samples: message.timeseries[0]!.samples, histograms: message.timeseries[0]!.histograms,
        exemplars: [{ labelsRefs: [3, 4], value: 1 }], metadata: { type: 1, helpRef: 4 } }],
    })).finish();
    const decoders = [[one, decodeWriteRequestV1], [two, (bytes: Uint8Array) => decodeWriteRequestV2(bytes)]] as const;
    const edits = fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(fc.property(fc.constantFrom(...decoders), edits, fc.nat(30), ([bytes, decode], changes, cut) => {
      const damaged = bytes.slice(0, bytes.length - (cut < 20 ? 0 : cut));
      for (const [at, byte] of changes) damaged[at % damaged.length] = byte;
      try {
        expect(decode(damaged).length).toBeLessThan(100);
      } catch (error) {
        if (!(error instanceof WireError)) throw error;
      }
    }), { numRuns: 3000 });
  });
});
