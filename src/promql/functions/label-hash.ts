import type { Labels } from '../../model/labels.js';

const MASK = (1n << 64n) - 1n;
const P1 = 0x9e3779b185ebca87n;
const P2 = 0xc2b2ae3d27d4eb4fn;
const P3 = 0x165667b19e3779f9n;
const P4 = 0x85ebca77c2b2ae63n;
const P5 = 0x27d4eb2f165667c5n;

const encoder = new TextEncoder();

/**
 * Where the hash of a label set lies among all hashes, in [0, 1]: what `limit_ratio` samples by. It is the hash that
 * Prometheus takes (xxHash64 over its string form of labels), so that both pick the same series.
 */
export function labelHashRatio(labels: Labels): number {
  return Number(xxHash64(stringLabels(labels))) / Number(MASK);
}

/** Prometheus' `stringlabels`: each name and value preceded by its length, one byte, or 0xff and three bytes from 255 on. */
function stringLabels(labels: Labels): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let i = 0; i < labels.length; i++) {
    for (const text of [labels.names[i]!, labels.values[i]!]) {
      const bytes = encoder.encode(text);
      const n = bytes.length;
      parts.push(n < 255 ? Uint8Array.of(n) : Uint8Array.of(255, n & 0xff, (n >> 8) & 0xff, (n >> 16) & 0xff), bytes);
    }
  }
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/** XXH64, seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). BigInt is slow, and fast enough for one use a series. */
export function xxHash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = bytes.length;
  let at = 0;
  let hash: bigint;
  if (length >= 32) {
    const lanes = [(P1 + P2) & MASK, P2, 0n, -P1 & MASK];
    for (; at + 32 <= length; at += 32) {
      for (let lane = 0; lane < 4; lane++) lanes[lane] = round(lanes[lane]!, view.getBigUint64(at + lane * 8, true));
    }
    hash = (rotate(lanes[0]!, 1n) + rotate(lanes[1]!, 7n) + rotate(lanes[2]!, 12n) + rotate(lanes[3]!, 18n)) & MASK;
    for (const lane of lanes) hash = ((hash ^ round(0n, lane)) * P1 + P4) & MASK;
  } else hash = P5;
  hash = (hash + BigInt(length)) & MASK;
  for (; at + 8 <= length; at += 8) hash = (rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4) & MASK;
  if (at + 4 <= length) {
    hash = (rotate(hash ^ ((BigInt(view.getUint32(at, true)) * P1) & MASK), 23n) * P2 + P3) & MASK;
    at += 4;
  }
  for (; at < length; at++) hash = (rotate(hash ^ ((BigInt(bytes[at]!) * P5) & MASK), 11n) * P1) & MASK;
  hash = ((hash ^ (hash >> 33n)) * P2) & MASK;
  hash = ((hash ^ (hash >> 29n)) * P3) & MASK;
  return hash ^ (hash >> 32n);
}

function round(accumulator: bigint, input: bigint): bigint {
  return (rotate((accumulator + input * P2) & MASK, 31n) * P1) & MASK;
}

function rotate(value: bigint, bits: bigint): bigint {
  return ((value << bits) | (value >> (64n - bits))) & MASK;
}
