// Metadata of remote write 2.0. Senders attach it to every series of every request; what an identity had already is recognised by a
// hash, the rest is listed, and read out once a pass: one entry a metric name, however many series have it.
import { noteIdentity, noteOf } from './identity';
import { numberAt, lengthAt } from './varint';
import {
  META_LIST, META_LIST_BYTES, META_LIST_CAPACITY, RES_METADATA, RES_SYMBOLS, SYMBOL_BASE, SYMBOL_BYTES, SYMBOL_LENGTH,
  SYMBOL_META, SYMBOL_TEXT,
} from './layout';

const TAG_TYPE: u32 = 0x08;
const TAG_HELP: u32 = 0x18;
const TAG_UNIT: u32 = 0x20;
/** `__name__` as a little-endian word. */
const NAME_WORD: u64 = 0x5f5f656d616e5f5f;

let listed: u32 = 0;

/** Type, help and unit symbols of the metadata read last. */
let metaType: u32 = 0;
let metaHelp: u32 = 0;
let metaUnit: u32 = 0;

export function beginMetadata(): void {
  listed = 0;
}

export function symbolRecord(symbol: u32): u32 {
  return SYMBOL_BASE + symbol * SYMBOL_BYTES;
}

/** Reads the fields of Metadata at [p, end), each at most once and in order as encoders write them. */
function readMetadata(p: u32, end: u32): bool {
  metaType = 0;
  metaHelp = 0;
  metaUnit = 0;
  while (p < end) {
    const tag = <u32>load<u8>(p);
    const read = numberAt(p + 1, end);
    const value = <u32>read;
    if (tag == TAG_TYPE) metaType = value;
    else if (tag == TAG_HELP) metaHelp = value;
    else if (tag == TAG_UNIT) metaUnit = value;
    else return false;
    p = <u32>(read >> 32);
    if (p > end) return false;
  }
  const symbols = load<u32>(RES_SYMBOLS);
  return metaHelp < symbols && metaUnit < symbols;
}

/** True if metadata at [p, end) has the usual form; `metadataHash` is then its hash, 0 if it says nothing. */
export function hashMetadata(p: u32, end: u32): bool {
  if (!readMetadata(p, end)) return false;
  const help = symbolRecord(metaHelp);
  const unit = symbolRecord(metaUnit);
  if (metaType == 0 && load<u32>(help, SYMBOL_LENGTH) == 0 && load<u32>(unit, SYMBOL_LENGTH) == 0) metadataHash = 0;
  else {
    const h = load<u64>(help) + rotl<u64>(load<u64>(unit), 21) * 3 + <u64>metaType * 0x9e3779b185ebca87;
    metadataHash = <u32>(h >> 32) | 1;
  }
  return true;
}

export let metadataHash: u32 = 0;

/** True if the identity came with this metadata the last time. */
export function isKnownMetadata(ident: u32, hash: u32): bool {
  return noteOf(ident) == hash;
}

/**
 * Lists metadata that is new to its identity (-1: it has none), for the label references at [labels, labelsEnd). `field` is the
 * address of the metadata's length. When there is no room the next request lists it.
 */
export function listMetadata(ident: i32, hash: u32, labels: u32, labelsEnd: u32, field: u32): void {
  if (listed == META_LIST_CAPACITY) return;
  const name = metricSymbol(labels, labelsEnd);
  if (name < 0) return;
  const entry = META_LIST + listed * META_LIST_BYTES;
  store<i32>(entry, ident);
  store<u32>(entry, hash, 4);
  store<u32>(entry, name, 8);
  store<u32>(entry, field, 12);
  listed++;
}

/** Symbol of the metric name among label references that were walked already; -1 if there is none. */
function metricSymbol(p: u32, end: u32): i32 {
  while (p < end) {
    const name = numberAt(p, end);
    const value = numberAt(<u32>(name >> 32), end);
    const record = symbolRecord(<u32>name);
    if (load<u32>(record, SYMBOL_LENGTH) == 8 && load<u64>(load<u32>(record, SYMBOL_TEXT)) == NAME_WORD) return <i32>value;
    p = <u32>(value >> 32);
  }
  return -1;
}

/**
 * Turns the list into entries { name, type, help, unit } (symbols, but for the type), leaving out repetitions, and remembers each
 * with its identity. RES_METADATA tells how many. The caller hands them on.
 */
export function collectMetadata(): void {
  let collected: u32 = 0;
  for (let i: u32 = 0; i < listed; i++) {
    const entry = META_LIST + i * META_LIST_BYTES;
    const ident = load<i32>(entry);
    const hash = load<u32>(entry, 4);
    const name = load<u32>(entry, 8);
    const field = load<u32>(entry, 12);
    if (ident >= 0) noteIdentity(ident, hash);
    const symbol = symbolRecord(name);
    if (load<u32>(symbol, SYMBOL_META) == hash) continue;
    store<u32>(symbol, hash, SYMBOL_META);
    const length = lengthAt(field, 0xffffffff);
    const start = <u32>(length >> 32);
    readMetadata(start, start + <u32>length);
    const out = META_LIST + collected * META_LIST_BYTES;
    store<u32>(out, name);
    store<u32>(out, metaType, 4);
    store<u32>(out, metaHelp, 8);
    store<u32>(out, metaUnit, 12);
    collected++;
  }
  listed = 0;
  store<u32>(RES_METADATA, collected);
}
