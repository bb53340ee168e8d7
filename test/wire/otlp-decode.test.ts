import fc from 'fast-check';
import protobuf from 'protobufjs';
import { describe, expect, test } from 'vitest';
import { OTLP_DEFAULTS } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import { decodeOtlpJson, decodeOtlpProtobuf } from '../../src/wire/otlp-decode.js';
import { encodeExportResponse, encodeStatus } from '../../src/wire/otlp-response.js';
import { KeyValueList, type NumberPoint, type OtlpRequest } from '../../src/wire/otlp-types.js';
import { ExportMetricsServiceResponse, Status } from '../../src/wire/schemas.js';
import { WireError } from '../../src/wire/wire-error.js';
import { otlpProtobuf } from './otlp-encode.js';

const json = (value: unknown): OtlpRequest => decodeOtlpJson(Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)));
const ofPoints = (points: string): string => `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"g","gauge":{"dataPoints":[${points}]}}]}]}]}`;

function onlyPoint(request: OtlpRequest): NumberPoint {
  const data = request.resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.data;
  if (data.kind !== 'gauge') throw new Error(`unexpected ${data.kind}`);
  return data.points[0]!;
}

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    return error.code;
  }
  return 'none';
}

describe('OTLP JSON', () => {
  test.each([
    ['string', '"1700000000001999999"', 1700000000001],
    ['number beyond 2^53', '1700000000001000000', 1700000000001],
    ['number whose double would fall below the millisecond', '1700000000000000001', 1700000000000],
    ['number with exponent', '1.7e18', 1700000000000],
    ['fewer digits than a millisecond', '"999999"', 0],
    ['null', 'null', 0],
  ])('time as %s', (_name, text, want) => expect(onlyPoint(json(ofPoints(`{"timeUnixNano": ${text}}`))).timeMs).toBe(want));

  test('integers keep their digits, inside strings nothing changes', () => {
    const attributes = '[{"key":"i","value":{"intValue":9007199254740993}},{"key":"s","value":{"stringValue":":12345678901234567890, \\"1234567890123456"}}]';
    const { attributes: decoded } = onlyPoint(json(ofPoints(`{"attributes":${attributes},"asDouble":0.12345678901234567}`)));
    expect(decoded.map(({ value }) => value)).toStrictEqual([9007199254740993n, ':12345678901234567890, "1234567890123456']);
  });

  test.each([
    ['asDouble', '"NaN"', NaN], ['asDouble', '"-Infinity"', -Infinity], ['asDouble', '"1.5"', 1.5], ['asDouble', '123456789012345678901', 123456789012345680000],
    ['asInt', '"9007199254740993"', 9007199254740992], ['as_int', '-7', -7], ['asInt', '12', 12],
  ])('%s %s', (key, text, want) => expect(onlyPoint(json(ofPoints(`{"${key}":${text}}`))).value).toBe(want));

  test('every kind of attribute value', () => {
    const values = [{ stringValue: 's' }, { intValue: '5' }, { doubleValue: 2 }, { boolValue: true }, { bytesValue: 'AQI=' }, {},
      { arrayValue: { values: [{ stringValue: 'x' }, {}] } }, { kvlistValue: { values: [{ key: 'k', value: { intValue: 1 } }] } }];
    const decoded = onlyPoint(json(ofPoints(JSON.stringify({ attributes: values.map((value, i) => ({ key: `${i}`, value })) })))).attributes.map(({ value }) => value);
    expect(decoded).toStrictEqual(['s', 5n, 2, true, Buffer.from([1, 2]), null, ['x', null], new KeyValueList([{ key: 'k', value: 1n }])]);
  });

  test('lone surrogates are replaced, pairs stay', () => {
    expect(onlyPoint(json(ofPoints('{"attributes":[{"key":"a\\ud800","value":{"stringValue":"\\ud83d\\ude00\\udc00"}}]}'))).attributes).toStrictEqual([{ key: 'a\ufffd', value: '😀\ufffd' }]);
  });

  test.each([
    ['empty body', ''], ['array', '[]'], ['cut off', '{"resourceMetrics":['], ['not an array', '{"resourceMetrics":{}}'], ['trace id of a wrong length', ofPoints('{"exemplars":[{"traceId":"zz"}]}')],
    ['letters in an integer', ofPoints('{"asInt":"1x"}')], ['negative time', ofPoints('{"timeUnixNano":"-1"}')], ['text in a double', ofPoints('{"asDouble":"much"}')],
    ['endless intValue', ofPoints(`{"attributes":[{"key":"a","value":{"intValue":"${'9'.repeat(100_000)}"}}]}`)],
    ['deep nesting', ofPoints(`{"attributes":[{"key":"a","value":${'{"arrayValue":{"values":['.repeat(5000)}${']}}'.repeat(5000)}}]}`)],
  ])('%s', (_name, body) => expect(codeOf(() => json(body))).toBe('corrupt'));

  test('bytes that are not UTF-8', () => expect(codeOf(() => decodeOtlpJson(Uint8Array.of(0x22, 0xff, 0x22)))).toBe('corrupt'));

  test('keys of Object.prototype are not fields', () => {
    expect(json('{"__proto__":{"resourceMetrics":[{}]}}').resourceMetrics).toStrictEqual([]);
  });

  test('long strings and long numbers do not exhaust the stack', () => {
    const long = JSON.stringify('\n"'.repeat(1_000_000));
    expect(codeOf(() => json(`{"x":${long},"y":${'1'.repeat(1_000_000)}.5,"z":1234567890123456789}`))).toBe('none');
  });
});

describe('OTLP protobuf', () => {
  const request = {
    resourceMetrics: [{
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'ü' } }, { key: 'i', value: { intValue: '-9007199254740993' } }] },
      scopeMetrics: [{
        scope: { name: 'n', version: 'v', attributes: [{ key: 'k', value: { arrayValue: { values: [{ doubleValue: 1.5 }, { boolValue: true }, { bytesValue: 'AQI=' }] } } }] },
        schemaUrl: 'u',
        metrics: [
          { name: 's', description: 'd', unit: 'By', sum: { aggregationTemporality: 2, isMonotonic: true, dataPoints: [{ timeUnixNano: '1700000000001999999', startTimeUnixNano: '5000000', asInt: '-3',
            exemplars: [{ timeUnixNano: '1000000', asInt: '5', traceId: '0102030405060708090a0b0c0d0e0f10', spanId: '0000000000000000' }] }] } },
          { name: 'h', histogram: { aggregationTemporality: 1, dataPoints: [{ count: '18446744073709551615', sum: 2, bucketCounts: ['1', '2'], explicitBounds: [0.5], flags: 3, min: 1, max: 2 }] } },
          { name: 'e', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{ count: '3', scale: -2, zeroCount: '1', zeroThreshold: 0.001, positive: { offset: -7, bucketCounts: ['1', '1'] } }] } },
          { name: 'q', summary: { dataPoints: [{ count: '2', sum: 3, quantileValues: [{ quantile: 0.5, value: 1 }] }] } },
          { name: 'none' },
        ],
      }],
    }],
  };

  test('means the same as JSON', () => {
    // Bytes are a Buffer from the one and a plain array from the other; only protobuf messages have an offset.
    const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value, (key, v: unknown) => (key === 'bodyOffset' ? 0 : typeof v === 'bigint' ? `${v}n` : v instanceof Uint8Array ? [...v] : v)).replaceAll('{"type":"Buffer","data":[1,2]}', '[1,2]'));
    expect(plain(decodeOtlpProtobuf(otlpProtobuf(request)))).toStrictEqual(plain(json(request)));
  });

  test('a part is damaged where the whole is', () => {
    const body = otlpProtobuf({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', summary: { dataPoints: [{ count: '1' }] } }] }] }] });
    const point = body.indexOf(9, body.indexOf(0x5a)) - 2;
    expect(decodeOtlpProtobuf(body, Uint32Array.of(point + 2)).resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.data).toMatchObject({ points: [{ count: 1 }] });
    // Not a message any more, but a number.
    body[point] = 0x08;
    expect(() => decodeOtlpProtobuf(body, Uint32Array.of(body.indexOf(0x6d) - 2))).toThrow(WireError);
  });

  test('a message in two parts is one', () => {
    const writer = () => protobuf.Writer.create();
    const point = writer().uint32(25).fixed64(5_000_000).finish();
    const metric = writer().uint32(42).bytes(writer().uint32(10).bytes(point).finish()).uint32(42).bytes(writer().uint32(10).bytes(point).finish()).finish();
    const data = decodeOtlpProtobuf(writer().uint32(10).bytes(writer().uint32(18).bytes(writer().uint32(18).bytes(metric).finish()).finish()).finish())
      .resourceMetrics[0]!.scopeMetrics[0]!.metrics[0]!.data;
    expect(data).toMatchObject({ kind: 'gauge', points: [{ timeMs: 5 }, { timeMs: 5 }] });
  });

  test('the bits of a stale marker mean no recorded value', () => {
    const writer = () => protobuf.Writer.create();
    const point = writer().uint32(33).fixed32(2).fixed32(0x7ff00000).finish();
    const metric = writer().uint32(42).bytes(writer().uint32(10).bytes(point).finish()).finish();
    const request = decodeOtlpProtobuf(writer().uint32(10).bytes(writer().uint32(18).bytes(writer().uint32(18).bytes(metric).finish()).finish()).finish());
    expect(onlyPoint(request).noRecordedValue).toBe(true);
  });

  test('damaged bytes give a WireError or a request that can be translated', () => {
    const bytes = otlpProtobuf(request);
    const text = Buffer.from(JSON.stringify(request));
    const edits = fc.array(fc.tuple(fc.nat(5000), fc.nat(255)), { minLength: 1, maxLength: 6 });
    fc.assert(fc.property(fc.boolean(), edits, fc.nat(40), (isJson, changes, cut) => {
      const source = isJson ? text : bytes;
      const damaged = source.slice(0, source.length - (cut < 30 ? 0 : cut));
      const copy = Uint8Array.from(damaged);
      for (const [at, byte] of changes) copy[at % copy.length] = byte;
      codeOf(() => new OtlpTranslator(OTLP_DEFAULTS).translate(isJson ? decodeOtlpJson(copy) : decodeOtlpProtobuf(copy)));
    }), { numRuns: 4000 });
  });

  test('deep nesting', () => {
    let value = protobuf.Writer.create().uint32(10).string('x').finish();
    for (let i = 0; i < 3000; i++) {
      const array = protobuf.Writer.create().uint32(10).bytes(value).finish();
      value = protobuf.Writer.create().uint32(42).bytes(array).finish();
    }
    const attribute = protobuf.Writer.create().uint32(18).bytes(value).finish();
    const resource = protobuf.Writer.create().uint32(10).bytes(attribute).finish();
    const body = protobuf.Writer.create().uint32(10).bytes(protobuf.Writer.create().uint32(10).bytes(resource).finish()).finish();
    expect(codeOf(() => decodeOtlpProtobuf(body))).toBe('corrupt');
  });
});

describe('answers', () => {
  const partial = { rejectedDataPoints: 3, errorMessage: 'no' };

  test('protobuf', () => {
    expect(encodeExportResponse('protobuf')).toHaveLength(0);
    expect(ExportMetricsServiceResponse.toObject(ExportMetricsServiceResponse.decode(encodeExportResponse('protobuf', partial)), { longs: Number }))
      .toStrictEqual({ partialSuccess: partial });
    expect(Status.toObject(Status.decode(encodeStatus('protobuf', 3, 'bad')))).toMatchObject({ code: 3, message: 'bad' });
  });

  test('JSON', () => {
    const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();
    expect(text(encodeExportResponse('json'))).toBe('{}');
    expect(text(encodeExportResponse('json', partial))).toBe('{"partialSuccess":{"rejectedDataPoints":"3","errorMessage":"no"}}');
    expect(text(encodeStatus('json', 3, 'bad'))).toBe('{"code":3,"message":"bad"}');
  });
});
