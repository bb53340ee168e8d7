/**
 * Protobuf messages written otherwise: in ways that mean the same to every decoder (fields in another order, unknown fields, longer varints,
 * packed or not), and damaged. By the definitions of the messages, so for any of them.
 */
import type protobuf from 'protobufjs';
import { ByteReader, ReadError } from '../../src/encoding/byte-reader.js';
import { ByteWriter } from '../../src/encoding/byte-writer.js';
import type { Random } from './random.js';

const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const WIRE_TYPES: ReadonlySet<number> = new Set([VARINT, FIXED64, BYTES, FIXED32]);
const FIXED64_TYPES = new Set(['double', 'fixed64', 'sfixed64']);
const FIXED32_TYPES = new Set(['float', 'fixed32', 'sfixed32']);
const TEXT = new TextDecoder('utf-8', { fatal: true });

interface Field {
  readonly id: number;
  readonly wire: number;
  /** Without tag and length. */
  readonly bytes: Uint8Array;
}

/** @throws ReadError */
function fieldsOf(message: Uint8Array): Field[] {
  const reader = new ByteReader(message);
  const fields: Field[] = [];
  while (reader.remaining > 0) {
    const tag = reader.varint();
    const wire = tag % 8;
    const id = (tag - wire) / 8;
    if (wire === FIXED64) fields.push({ id, wire, bytes: reader.bytes(8) });
    else if (wire === FIXED32) fields.push({ id, wire, bytes: reader.bytes(4) });
    else if (wire === BYTES) fields.push({ id, wire, bytes: reader.bytes(reader.varint()) });
    else fields.push({ id, wire, bytes: varintBytes(reader) });
  }
  return fields;
}

function varintBytes(reader: ByteReader): Uint8Array {
  const bytes: number[] = [];
  do bytes.push(reader.u8()); while (bytes.at(-1)! >= 128);
  return Uint8Array.from(bytes);
}

function putVarint(writer: ByteWriter, value: number, random: Random): void {
  // One that is longer than it must be means the same.
  if (value >= 128 || random.below(40) > 0) return writer.varint(value);
  writer.u8(value | 128);
  writer.u8(0);
}

/** The same message in other bytes. `message` must be well-formed. */
export function rewritten(type: protobuf.Type, message: Uint8Array, random: Random): Uint8Array {
  const fields = fieldsOf(message).flatMap((field) => rewrittenField(type, field, random));
  if (random.below(6) === 0) swapKinds(fields, random);
  if (random.below(8) === 0) fields.splice(random.below(fields.length + 1), 0, unknownField(random));
  const writer = new ByteWriter();
  for (const { id, wire, bytes } of fields) {
    writer.varint(id * 8 + wire);
    if (wire === BYTES) putVarint(writer, bytes.length, random);
    writer.bytes(bytes);
  }
  return writer.copy();
}

function rewrittenField(type: protobuf.Type, field: Field, random: Random): Field[] {
  const known = type.fieldsById[field.id]?.resolve();
  if (known === undefined || field.wire !== BYTES) return [field];
  const { resolvedType } = known;
  if (resolvedType !== null && 'fieldsById' in resolvedType) return [{ ...field, bytes: rewritten(resolvedType, field.bytes, random) }];
  const wire = wireOf(known);
  if (!known.repeated || wire === BYTES || random.below(4) > 0) return [field];
  // What is packed, one by one.
  const reader = new ByteReader(field.bytes);
  const out: Field[] = [];
  while (reader.remaining > 0) {
    out.push({ id: field.id, wire, bytes: wire === VARINT ? varintBytes(reader) : reader.bytes(wire === FIXED64 ? 8 : 4) });
  }
  return out;
}

/** Moves a field past one of another number, or of a number that is not repeated: both orders mean the same. */
function swapKinds(fields: Field[], random: Random): void {
  for (let at = fields.length - 1; at > 0; at--) {
    const before = random.below(at);
    const between = fields.slice(before, at + 1);
    if (new Set(between.map(({ id }) => id)).size !== between.length) continue;
    [fields[at], fields[before]] = [fields[before]!, fields[at]!];
  }
}

function unknownField(random: Random): Field {
  const id = random.pick([100, 15, 1000]);
  return random.pick([
    { id, wire: VARINT, bytes: Uint8Array.from([150, 1]) }, { id, wire: FIXED64, bytes: new Uint8Array(8) }, { id, wire: FIXED32, bytes: new Uint8Array(4) },
    { id, wire: BYTES, bytes: Uint8Array.from([1, 2, 3]) },
  ]);
}

/** Some bytes replaced, perhaps the end cut off. */
export function damaged(message: Uint8Array, random: Random): Uint8Array {
  const out = Uint8Array.from(message);
  if (out.length === 0) return out;
  for (let k = 1 + random.below(3); k > 0; k--) out[random.below(out.length)] = random.below(256);
  return random.below(5) === 0 ? out.subarray(0, random.below(out.length + 1)) : out;
}

/**
 * Whether every known field has the wire type of its definition, every text is UTF-8, and what is there once by definition is there once.
 * Of others decoders think differently: protobufjs reads them as if they were right, and does not merge.
 */
export function isWellFormed(type: protobuf.Type, message: Uint8Array): boolean {
  const seen = new Set<string>();
  try {
    return fieldsOf(message).every(({ id, wire, bytes }) => {
      // Groups are none of ours, and protobufjs reads them.
      if (id === 0 || !WIRE_TYPES.has(wire)) return false;
      const known = type.fieldsById[id]?.resolve();
      if (known === undefined) return true;
      const name = known.partOf?.name ?? known.name;
      if (!known.repeated && seen.has(name)) return false;
      seen.add(name);
      const { resolvedType } = known;
      if (resolvedType !== null && 'fieldsById' in resolvedType) return wire === BYTES && isWellFormed(resolvedType, bytes);
      if (known.type === 'string') TEXT.decode(bytes);
      const expected = wireOf(known);
      return wire === expected || (known.repeated && wire === BYTES);
    });
  } catch (error) {
    if (error instanceof ReadError || error instanceof TypeError) return false;
    throw error;
  }
}

function wireOf({ type, resolvedType }: protobuf.Field): number {
  if (type === 'string' || type === 'bytes' || (resolvedType !== null && 'fieldsById' in resolvedType)) return BYTES;
  if (FIXED64_TYPES.has(type)) return FIXED64;
  return FIXED32_TYPES.has(type) ? FIXED32 : VARINT;
}
