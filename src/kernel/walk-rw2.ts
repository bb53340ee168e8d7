// Walks a decompressed io.prometheus.write.v2.Request (remote write 2.0) and fills the sample columns. Symbols are hashed once a
// request; the identity of a series is folded from the hashes of its label references, so that the same labels are recognised
// whatever numbers the symbols have. A series with anything but labels, floats and metadata is left to the general decoder.
import {
  beginSeries, dropSeries, outsideInSeries, passOver, putRef, putSample, putStart, rows, SAMPLE_NO_ROOM, SAMPLE_ODD,
} from './columns';
import { lookupIdentity, previous } from './identity';
import { hash1, hash2, hashBytes, mix } from './hash';
import { beginMetadata, hashMetadata, isKnownMetadata, listMetadata, metadataHash, symbolRecord } from './metadata';
import { putMiss, settleMiss } from './miss';
import { resolvedRef, resolveSymbols } from './series';
import { BAD_VARINT, lengthAt, numberAt, varint64At, varintEnd } from './varint';
import { beginWalk, endWalk, SERIES_OTHER, settleField } from './walk-frame';
import {
  HDR_SEED, LABELS_OK, MISS_BASE, MISS_BYTES, MISS_CODE, MISS_LABELS, MISS_LABELS_END, READER_BASE, REF_FOREIGN, REF_PASSED,
  RES_SYMBOLS, SYMBOL_CAPACITY, SYMBOL_LENGTH, SYMBOL_META, SYMBOL_TEXT, WALK_DONE, WALK_GENERAL, WALK_MORE,
} from './layout';

const DOMAIN_SYMBOL: u64 = 0x72773200;
const TAG_SYMBOL: u32 = 0x22;
const TAG_SERIES: u32 = 0x2a;
const TAG_LABELS: u32 = 0x0a;
const TAG_SAMPLE: u32 = 0x12;
const TAG_METADATA: u32 = 0x2a;
/** created_timestamp of 2.0 drafts, still sent by Prometheus up to 3.5: the start of all samples of the series. */
const TAG_CREATED: u32 = 0x30;

/** Reads the symbols, which come first; returns where the series begin, 0 if the general decoder must look. */
export function readSymbols(start: u32, end: u32): u32 {
  let at = start;
  let count: u32 = 0;
  while (at < end && load<u8>(at) == TAG_SYMBOL) {
    const length = lengthAt(at + 1, end);
    if (length == BAD_VARINT || count == SYMBOL_CAPACITY) return 0;
    const text = <u32>(length >> 32);
    hashBytes(text, <u32>length, DOMAIN_SYMBOL);
    const record = symbolRecord(count);
    store<u64>(record, hash1);
    store<u64>(record, hash2, 8);
    store<u32>(record, text, SYMBOL_TEXT);
    store<u32>(record, <u32>length, SYMBOL_LENGTH);
    store<u32>(record, 0, SYMBOL_META);
    count++;
    at = text + <u32>length;
  }
  store<u32>(RES_SYMBOLS, count);
  return at;
}

/**
 * Walks series from `start` to `end`, after `readSymbols`; as `walkRemoteWriteV1`. Metadata that is new to its identity is listed
 * for `collectMetadata`, to be called when the misses are settled.
 */
export function walkRemoteWriteV2(start: u32, end: u32, context: u32): u32 {
  seed = mix(load<u64>(HDR_SEED), context);
  beginWalk();
  beginMetadata();
  let result: u32 = WALK_DONE;
  let at = start;
  while (at < end) {
    const length = load<u8>(at) == TAG_SERIES ? lengthAt(at + 1, end) : BAD_VARINT;
    if (length == BAD_VARINT) {
      result = WALK_GENERAL;
      break;
    }
    const from = <u32>(length >> 32);
    const next = from + <u32>length;
    result = settleField(walkSeries(from, next), at, next);
    if (result != WALK_DONE) break;
    at = next;
  }
  endWalk(at);
  return result;
}

function walkSeries(start: u32, end: u32): u32 {
  let p = start;
  let labels: u32 = 0;
  let labelsEnd: u32 = 0;
  let metadata: u32 = 0;
  let created: i64 = 0;
  const first = rows;
  beginSeries();
  while (p < end) {
    const tag = <u32>load<u8>(p);
    if (tag == TAG_CREATED) {
      created = <i64>varint64At(p + 1, end);
      p = varintEnd;
      if (p == 0) return drop(SERIES_OTHER);
      continue;
    }
    const field = p + 1;
    const length = lengthAt(field, end);
    if (length == BAD_VARINT) return drop(SERIES_OTHER);
    const from = <u32>(length >> 32);
    p = from + <u32>length;
    if (tag == TAG_SAMPLE) {
      const code = putSample(from, p);
      if (code == SAMPLE_NO_ROOM) return drop(first == 0 ? WALK_GENERAL : WALK_MORE);
      if (code == SAMPLE_ODD) return drop(SERIES_OTHER);
    } else if (tag == TAG_LABELS && labels == 0) {
      labels = from;
      labelsEnd = p;
    } else if (tag == TAG_METADATA && metadata == 0) {
      metadata = field;
      if (!hashMetadata(from, p)) return drop(SERIES_OTHER);
    } else return drop(SERIES_OTHER);
  }
  if (rows == first && outsideInSeries() == 0) return drop(SERIES_OTHER);
  if (!hashReferences(labels, labelsEnd)) return drop(SERIES_OTHER);
  if (rows == first) return WALK_DONE;
  if (created != 0) putStart(first, created);
  const h1 = identity1;
  const h2 = identity2;
  const ref = lookupIdentity(h1, h2);
  if (ref == REF_FOREIGN) return drop(SERIES_OTHER);
  const metaHash = metadata == 0 ? 0 : metadataHash;
  if (ref < 0) {
    if (!putMiss(h1, h2, labels, labelsEnd, first, rows, metaHash, metadata)) return drop(WALK_MORE);
  } else if (metaHash != 0 && !isKnownMetadata(previous, metaHash)) listMetadata(previous, metaHash, labels, labelsEnd, metadata);
  if (ref >= REF_PASSED) {
    passOver(ref);
    return WALK_DONE;
  }
  putRef(first, ref);
  return WALK_DONE;
}

function drop(result: u32): u32 {
  dropSeries();
  return result;
}

/** Of the current walk: the seed of identities, with its context. */
let seed: u64 = 0;
let identity1: u64 = 0;
let identity2: u64 = 0;

/**
 * Identity of the label references at [p, end). False: an odd number of them, malformed, or outside of the table.
 *
 * The hashes of the symbols are random already, so mixing only has to keep their places apart: a rotation by 11 bits a label (64
 * places before two coincide), and swapped halves for values.
 */
function hashReferences(p: u32, end: u32): bool {
  const symbols = load<u32>(RES_SYMBOLS);
  let h = i64x2.splat(seed);
  while (p < end) {
    const name = numberAt(p, end);
    const value = numberAt(<u32>(name >> 32), end);
    p = <u32>(value >> 32);
    // BAD_VARINT is outside of the table too; a name without a value makes one.
    if (<u32>name >= symbols || <u32>value >= symbols) return false;
    const valueHash = v128.load(symbolRecord(<u32>value));
    h = v128.or(i64x2.shl(h, 11), i64x2.shr_u(h, 53));
    h = v128.xor(h, v128.xor(v128.load(symbolRecord(<u32>name)), v128.shuffle<u64>(valueHash, valueHash, 1, 0)));
  }
  identity1 = i64x2.extract_lane(h, 0);
  identity2 = i64x2.extract_lane(h, 1);
  return true;
}

/** As `resolveMisses`, for the label references of this version. */
export function resolveMissesV2(count: u32): u32 {
  let left: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const miss = MISS_BASE + i * MISS_BYTES;
    const code = resolveSymbols(load<u32>(miss, MISS_LABELS), load<u32>(miss, MISS_LABELS_END), READER_BASE);
    store<u32>(miss, code, MISS_CODE);
    if (code == LABELS_OK) settleMiss(i, resolvedRef);
    else left++;
  }
  return left;
}
