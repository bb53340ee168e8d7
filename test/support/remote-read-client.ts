/** A remote read client for tests: protobufjs and snappyjs, no code of the server's own codecs. */
import snappy from 'snappyjs';
import { lookupType } from './message-types.js';
import { readFrames } from './chunk-decoder.js';

const requestType = lookupType('prompb/remote.proto', 'prometheus.ReadRequest');
const samplesType = lookupType('prompb/remote.proto', 'prometheus.ReadResponse');
const chunkedType = lookupType('prompb/remote.proto', 'prometheus.ChunkedReadResponse');

export interface ReadQueryFields {
  readonly startTimestampMs: number;
  readonly endTimestampMs: number;
  /** type: 0 =, 1 !=, 2 =~, 3 !~ */
  readonly matchers: readonly { readonly type: number; readonly name: string; readonly value: string }[];
}

export interface ReadSeries {
  readonly labels: readonly { readonly name: string; readonly value: string }[];
  readonly samples?: readonly { readonly timestamp: number; readonly value: number }[];
  readonly histograms?: readonly Record<string, unknown>[];
  readonly chunks?: readonly { readonly minTimeMs: number; readonly maxTimeMs: number; readonly type: number; readonly data: Uint8Array }[];
  /** Chunked answers only. */
  readonly queryIndex?: number;
}

export function encodeReadRequest(queries: readonly ReadQueryFields[], acceptedResponseTypes: readonly number[]): Uint8Array {
  return snappy.compress(requestType.encode(requestType.fromObject({ queries, acceptedResponseTypes })).finish());
}

const HEADERS = {
  'content-type': 'application/x-protobuf', 'content-encoding': 'snappy', 'x-prometheus-remote-read-version': '0.1.0',
};

export function postRead(url: string, queries: readonly ReadQueryFields[], types: readonly number[]): Promise<Response> {
  return fetch(`${url}/api/v1/read`, { method: 'POST', headers: HEADERS, body: Buffer.from(encodeReadRequest(queries, types)) });
}

interface SamplesMessage {
  readonly results?: readonly { readonly timeseries?: readonly ReadSeries[] }[];
}

interface ChunkedMessage {
  readonly chunkedSeries?: readonly ReadSeries[];
  readonly queryIndex?: number;
}

export function decodeSamplesAnswer(body: Uint8Array): ReadSeries[][] {
  const message: SamplesMessage = samplesType.toObject(samplesType.decode(snappy.uncompress(body)), { longs: Number, defaults: true });
  return (message.results ?? []).map((result) => [...(result.timeseries ?? [])]);
}

export function decodeChunkedAnswer(body: Uint8Array): ReadSeries[] {
  return readFrames(body, checksum).flatMap((frame) => {
    const message: ChunkedMessage = chunkedType.toObject(chunkedType.decode(frame), { longs: Number, defaults: true });
    return (message.chunkedSeries ?? []).map((series) => ({ ...series, queryIndex: Number(message.queryIndex ?? 0) }));
  });
}

/** CRC-32C bit by bit, as the definition has it. */
export function checksum(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
