import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { jsonKind, protobufKind } from '../../src/wire/message-kind.js';
import { ExportMetricsServiceRequest, WriteRequestV1, WriteRequestV2 } from '../../src/wire/schemas.js';
import { exportRequest, field, join, LOG, SPAN } from './other-messages.js';

const METRICS = { resourceMetrics: [{ resource: { attributes: [{ key: 'a', value: { stringValue: 'b' } }] }, scopeMetrics: [{ metrics: [
  { name: 'sixteen.letters!', description: '8letters', gauge: { dataPoints: [{ asDouble: 1 }] } },
] }] }] };
const V1 = { timeseries: [{ labels: [{ name: '__name__', value: 'up' }], samples: [{ value: 1, timestamp: 1 }] }] };
const V2 = { symbols: ['', '__name__', 'up'], timeseries: [{ labelsRefs: [1, 2], samples: [{ value: 1, timestamp: 1 }] }] };

describe('protobuf', () => {
  test.each<[string, Uint8Array, string | undefined]>([
    ['metrics', ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(METRICS)).finish(), 'metrics'],
    ['traces', exportRequest(SPAN), 'traces'],
    ['logs', exportRequest(LOG), 'logs'],
    ['logs without a time', exportRequest(join(Buffer.from([0x10, 9]), field(5, field(1, 'hello')))), 'logs'],
    ['remote write 1.0', WriteRequestV1.encode(WriteRequestV1.fromObject(V1)).finish(), 'remote write'],
    ['remote write 2.0', WriteRequestV2.encode(WriteRequestV2.fromObject(V2)).finish(), 'remote write'],
    ['nothing', Buffer.alloc(0), undefined],
    ['text', Buffer.from('hello'), undefined],
    ['a resource only', field(1, field(1, '')), undefined],
    ['cut off', exportRequest(SPAN).subarray(0, 20), undefined],
  ])('%s', (_name, bytes, kind) => expect(protobufKind(bytes)).toBe(kind));

  it('never throws', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => void protobufKind(bytes)));
    const whole = exportRequest(LOG);
    fc.assert(fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, byte) => void protobufKind(whole.map((b, i) => (i === at ? byte : b)))));
  });
});

describe('JSON', () => {
  test.each([
    ['{"resourceMetrics":[]}', 'metrics'], ['{"resource_spans":[]}', 'traces'], ['{"resourceLogs":[]}', 'logs'],
    ['{"resourceProfiles":[]}', 'profiles'], ['{}', undefined], ['[1]', undefined], ['null', undefined], ['{', undefined],
  ])('%s: %s', (text, kind) => expect(jsonKind(Buffer.from(text))).toBe(kind));
});
