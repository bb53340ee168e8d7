// Walks a decompressed prometheus.WriteRequest (remote write 1.0) and fills the sample columns. Knows the form that senders
// produce: timeseries { labels..., samples... }. A series with anything else (exemplars, histograms), and metadata, is left to the
// general decoder, each by itself.
import { beginSeries, dropSeries, passOver, putRef, putSample, rows, SAMPLE_NO_ROOM, SAMPLE_OK } from './columns';
import { isPredicted, lookupIdentity, noteIdentity, predictedNote } from './identity';
import { hash1, hash2, hashBytes } from './hash';
import { putMiss, settleMiss } from './miss';
import { resolvedRef, resolveLabelRun } from './series';
import { BAD_VARINT, lengthAt } from './varint';
import { beginWalk, endWalk, SERIES_OTHER, settleField } from './walk-frame';
import {
  LABELS_OK, MISS_BASE, MISS_BYTES, MISS_CODE, MISS_LABELS, MISS_LABELS_END, READER_BASE, REF_FOREIGN, REF_PASSED, WALK_DONE,
  WALK_GENERAL, WALK_MORE,
} from './layout';

const DOMAIN_RW1: u64 = 0x72773100;
/** Of the current walk: the domain and its context. */
let domain: u64 = 0;

const TAG_SERIES: u32 = 0x0a;
const TAG_METADATA: u32 = 0x1a;
const TAG_LABEL: u32 = 0x0a;
const TAG_SAMPLE: u32 = 0x12;

/**
 * Walks from `start` to `end`. Samples inside the head's range go to the columns (with NO_REF where the identity is unknown:
 * then the miss list tells which samples wait), those outside are only counted. `context` keeps identities apart whose series are
 * not stored alike. Returns a WALK_ code and sets the RES_ fields. Appends nothing: calling it again gives the same.
 */
export function walkRemoteWriteV1(start: u32, end: u32, context: u32): u32 {
  domain = DOMAIN_RW1 | (<u64>context << 32);
  beginWalk();
  let result: u32 = WALK_DONE;
  let at = start;
  while (at < end) {
    const tag = <u32>load<u8>(at);
    const length = lengthAt(at + 1, end);
    if (length == BAD_VARINT || (tag != TAG_SERIES && tag != TAG_METADATA)) {
      result = WALK_GENERAL;
      break;
    }
    const from = <u32>(length >> 32);
    const next = from + <u32>length;
    result = settleField(tag == TAG_SERIES ? walkSeries(from, next) : SERIES_OTHER, at, next);
    if (result != WALK_DONE) break;
    at = next;
  }
  endWalk(at);
  return result;
}

/** End of the label submessages that begin at p; past `end` if one of them is. 0: malformed. */
function endOfLabels(p: u32, end: u32): u32 {
  while (p < end && load<u8>(p) == TAG_LABEL) {
    // Label submessages are nearly always shorter than 128 bytes.
    const short = <u32>load<u8>(p, 1);
    if (short < 128) p += 2 + short;
    else {
      const length = lengthAt(p + 1, end);
      if (length == BAD_VARINT) return 0;
      p = <u32>(length >> 32) + <u32>length;
    }
  }
  return p;
}

function walkSeries(labels: u32, end: u32): u32 {
  // Where the prediction is right the end of the labels is known, and equal hashes prove it.
  const expected = predictedNote();
  let labelsEnd: u32 = 0;
  if (expected != 0 && expected < end - labels && load<u8>(labels + expected) == TAG_SAMPLE) {
    hashBytes(labels, expected, domain);
    if (isPredicted(hash1, hash2)) labelsEnd = labels + expected;
  }
  const isKnown = labelsEnd != 0;
  if (!isKnown) labelsEnd = endOfLabels(labels, end);
  if (labelsEnd == 0) return SERIES_OTHER;
  let p = labelsEnd;
  const first = rows;
  beginSeries();
  while (p < end) {
    const length = load<u8>(p) == TAG_SAMPLE ? lengthAt(p + 1, end) : BAD_VARINT;
    let code: u32 = SAMPLE_OK + 1;
    if (length != BAD_VARINT) {
      p = <u32>(length >> 32) + <u32>length;
      code = putSample(<u32>(length >> 32), p);
    }
    if (code == SAMPLE_OK) continue;
    dropSeries();
    // A single series that overflows the columns is nobody's normal request.
    return code == SAMPLE_NO_ROOM ? (first == 0 ? WALK_GENERAL : WALK_MORE) : SERIES_OTHER;
  }
  if (p > end) {
    dropSeries();
    return SERIES_OTHER;
  }
  if (rows == first) return WALK_DONE;
  if (!isKnown) hashBytes(labels, labelsEnd - labels, domain);
  const ref = lookupIdentity(hash1, hash2);
  if (ref >= REF_PASSED) {
    if (ref == REF_FOREIGN) {
      dropSeries();
      return SERIES_OTHER;
    }
    passOver(ref);
    return WALK_DONE;
  }
  if (ref < 0 && !putMiss(hash1, hash2, labels, labelsEnd, first, rows, 0, 0)) {
    dropSeries();
    return WALK_MORE;
  }
  putRef(first, ref);
  return WALK_DONE;
}

/**
 * Resolves the misses of the last walk whose labels have the usual form; MISS_CODE of each says how that went. Returns how
 * many are left for the general path. Must run inside a batch: it may create series.
 */
export function resolveMisses(count: u32): u32 {
  let left: u32 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const miss = MISS_BASE + i * MISS_BYTES;
    // The first reader slot's buffer serves as scratch for ids: the writer is its only user, and not while walking.
    const code = resolveLabelRun(load<u32>(miss, MISS_LABELS), load<u32>(miss, MISS_LABELS_END), READER_BASE);
    store<u32>(miss, code, MISS_CODE);
    if (code == LABELS_OK) settleMissV1(i, resolvedRef);
    else left++;
  }
  return left;
}

/** As `settleMiss`, and notes the length of the labels. */
export function settleMissV1(index: u32, ref: u32): void {
  const miss = MISS_BASE + index * MISS_BYTES;
  const ident = settleMiss(index, ref);
  if (ident >= 0) noteIdentity(ident, load<u32>(miss, MISS_LABELS_END) - load<u32>(miss, MISS_LABELS));
}
