/** What differs between the protocols that the kernels walk: where the walk begins, how labels and metadata are written. */
import {
  BODY_OUT, META_LIST, META_LIST_BYTES, OTHER_BASE, OTHER_BYTES, RES_METADATA, RES_OTHERS, RES_SYMBOLS, SYMBOL_BASE, SYMBOL_BYTES,
  SYMBOL_LENGTH, SYMBOL_TEXT,
} from '../kernel/layout.js';
import { ByteReader, ReadError } from '../encoding/byte-reader.js';
import { ByteWriter } from '../encoding/byte-writer.js';
import { familyOf, METRIC_TYPES, type MetricMetadata } from '../model/metadata.js';
import type { Arena } from './head/arena.js';

export interface WireWalk {
  /** Address of the first field to walk, 0 if the general decoder must take the whole body. */
  begin(arena: Arena, end: number): number;
  /** Labels of the first series at or behind `at`, as `labelRun` gives them; undefined if they cannot be read. */
  firstRun(arena: Arena, at: number, end: number): Uint8Array | undefined;
  /** Returns a WALK_ code. `context`: see `SeriesNaming.begin`. */
  walk(arena: Arena, at: number, end: number, context: number): number;
  /** See `resolveMisses` of the kernels. */
  resolveMisses(arena: Arena, count: number): number;
  /** Gives a miss its ref (or a REF_ value) and remembers it. */
  settle(arena: Arena, miss: number, ref: number): void;
  /** The labels of a miss as remote write 1.0 label submessages; may be a view of the body, so use it before the next walk. */
  labelRun(arena: Arena, miss: number): Uint8Array;
  /** Upper bound of the bytes of a label name or value, and four times the number of labels, among the first `count` misses. */
  longestLabel(arena: Arena, count: number): number;
  /** Metadata of the last pass that is new to its series; call it once, when the misses are settled. */
  newMetadata(arena: Arena): MetricMetadata[];
  /** What the last pass left to the general decoder: top-level fields, copied. Empty if nothing. */
  others(arena: Arena): Uint8Array[];
  /** Fields that a message of such parts needs before them, copied. `first` is what `begin` returned. */
  preamble(arena: Arena, first: number): Uint8Array;
}

export const remoteWriteV1Walk: WireWalk = {
  begin: () => BODY_OUT,
  firstRun: firstSubmessages,
  walk: ({ kernel }, at, end, context) => kernel.walkRemoteWriteV1(at, end, context),
  resolveMisses: ({ kernel }, count) => kernel.resolveMisses(count),
  settle: ({ kernel }, miss, ref) => kernel.settleMissV1(miss, ref),
  labelRun: (arena, miss) => arena.misses.bytes(miss),
  longestLabel: longestRun,
  newMetadata: () => [],
  others,
  preamble: () => new Uint8Array(0),
};

export const remoteWriteV2Walk: WireWalk = {
  begin: ({ kernel }, end) => kernel.readSymbols(BODY_OUT, end),
  firstRun: firstReferences,
  walk: ({ kernel }, at, end, context) => kernel.walkRemoteWriteV2(at, end, context),
  resolveMisses: ({ kernel }, count) => kernel.resolveMissesV2(count),
  settle: ({ kernel }, miss, ref) => kernel.settleMiss(miss, ref),
  labelRun: (arena, miss) => runOfReferences(arena, arena.misses.bytes(miss)),
  longestLabel: longestSymbol,
  newMetadata: symbolMetadata,
  others,
  preamble: (arena, first) => arena.bytes.slice(BODY_OUT, first),
};

/** A label is shorter than the run that it is in, and takes at least four bytes there. */
function longestRun(arena: Arena, count: number): number {
  let longest = 0;
  for (let miss = 0; miss < count; miss++) longest = Math.max(longest, arena.misses.size(miss));
  return longest;
}

/** Each label has two references of at least a byte. */
function longestSymbol(arena: Arena, count: number): number {
  let longest = 0;
  for (let miss = 0; miss < count; miss++) {
    const references = new ByteReader(arena.misses.bytes(miss));
    longest = Math.max(longest, references.remaining * 2);
    while (references.remaining > 0) {
      longest = Math.max(longest, arena.field(SYMBOL_BASE + references.varint() * SYMBOL_BYTES + SYMBOL_LENGTH));
    }
  }
  return longest;
}

function others(arena: Arena): Uint8Array[] {
  return Array.from({ length: arena.field(RES_OTHERS) }, (_, i) => {
    const entry = OTHER_BASE + i * OTHER_BYTES;
    return arena.bytes.slice(arena.field(entry), arena.field(entry + 4));
  });
}

const TAG_LABEL = 0x0a;
const TAG_NAME = 0x0a;
const TAG_VALUE = 0x12;

/** @throws ReadError if the bytes are no varints or end early */
function runOfReferences(arena: Arena, bytes: Uint8Array): Uint8Array {
  const references = new ByteReader(bytes);
  const run = new ByteWriter();
  const label = new ByteWriter();
  while (references.remaining > 0) {
    label.reset();
    for (const tag of [TAG_NAME, TAG_VALUE]) {
      const text = symbolBytes(arena, references.varint());
      label.u8(tag);
      label.varint(text.length);
      label.bytes(text);
    }
    run.u8(TAG_LABEL);
    run.varint(label.length);
    run.bytes(label.view());
  }
  return run.copy();
}

/** What a message has as its first length-delimited field with this tag; undefined if it has none, or is not well-formed before it. */
function firstField(message: Uint8Array, tag: number): Uint8Array | undefined {
  try {
    const reader = new ByteReader(message);
    while (reader.remaining > 0) {
      const found = reader.u8();
      // Other fields of these messages are short: only length-delimited ones are passed over.
      if ((found & 7) !== 2 || found >= 0x80) return undefined;
      const field = reader.bytes(reader.varint());
      if (found === tag) return field;
    }
  } catch (error) {
    if (!(error instanceof ReadError)) throw error;
  }
  return undefined;
}

const TAG_SERIES_V1 = 0x0a;
const TAG_SERIES_V2 = 0x2a;
const TAG_REFERENCES = 0x0a;

function firstSubmessages(arena: Arena, at: number, end: number): Uint8Array | undefined {
  const series = firstField(arena.bytes.subarray(at, end), TAG_SERIES_V1);
  if (series === undefined) return undefined;
  let length = 0;
  // Labels come before samples; a series that is written in another order is not known by its bytes either.
  while (series[length] === TAG_LABEL) {
    const label = firstField(series.subarray(length), TAG_LABEL);
    if (label === undefined) return undefined;
    length = label.byteOffset + label.length - series.byteOffset;
  }
  return series.slice(0, length);
}

function firstReferences(arena: Arena, at: number, end: number): Uint8Array | undefined {
  const series = firstField(arena.bytes.subarray(at, end), TAG_SERIES_V2);
  const references = series && firstField(series, TAG_REFERENCES);
  try {
    const reader = references && new ByteReader(references);
    if (references === undefined || reader === undefined) return undefined;
    const symbols = arena.field(RES_SYMBOLS);
    let count = 0;
    for (; reader.remaining > 0; count++) if (reader.varint() >= symbols) return undefined;
    return count % 2 === 0 ? runOfReferences(arena, references) : undefined;
  } catch (error) {
    if (error instanceof ReadError) return undefined;
    throw error;
  }
}

function symbolBytes(arena: Arena, symbol: number): Uint8Array {
  const record = SYMBOL_BASE + symbol * SYMBOL_BYTES;
  const text = arena.field(record + SYMBOL_TEXT);
  return arena.bytes.subarray(text, text + arena.field(record + SYMBOL_LENGTH));
}

function symbolText(arena: Arena, symbol: number): string {
  const record = SYMBOL_BASE + symbol * SYMBOL_BYTES;
  return arena.textAt(arena.field(record + SYMBOL_TEXT), arena.field(record + SYMBOL_LENGTH));
}

function symbolMetadata(arena: Arena): MetricMetadata[] {
  arena.kernel.collectMetadata();
  return Array.from({ length: arena.field(RES_METADATA) }, (_, i) => {
    const entry = META_LIST + i * META_LIST_BYTES;
    const type = METRIC_TYPES[arena.field(entry + 4)] ?? 'unknown';
    const family = familyOf(symbolText(arena, arena.field(entry)), type);
    return { family, type, help: symbolText(arena, arena.field(entry + 8)), unit: symbolText(arena, arena.field(entry + 12)) };
  });
}

