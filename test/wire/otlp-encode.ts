import { ExportMetricsServiceRequest } from '../../src/wire/schemas.js';

/** A time as OTLP/JSON has it. */
export const nanos = (ms: number): string => String(BigInt(ms) * 1_000_000n);

/** An OTLP/JSON request as protobuf, encoded by protobufjs. */
export function otlpProtobuf(otlp: object): Uint8Array {
  const prepared: unknown = JSON.parse(JSON.stringify(otlp), (key, value: unknown) => {
    if (typeof value !== 'string') return value;
    // protobufjs takes bytes as base64; OTLP has the two ids in hex.
    if (key === 'traceId' || key === 'spanId') return Buffer.from(value, 'hex').toString('base64');
    if (value === 'NaN') return NaN;
    if (value === 'Infinity') return Infinity;
    return value === '-Infinity' ? -Infinity : value;
  });
  return ExportMetricsServiceRequest.encode(ExportMetricsServiceRequest.fromObject(prepared as Record<string, unknown>)).finish();
}
