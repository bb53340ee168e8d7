/**
 * Profiles in the form that `go tool pprof`, promtool and Grafana Pyroscope read: a protobuf message in which every name is a number.
 * Source: github.com/google/pprof, proto/profile.proto.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Place } from './source-places.js';

/** A function: its name and where it begins. */
export interface Frame extends Place {
  readonly name: string;
}

export interface ValueType {
  readonly type: string;
  readonly unit: string;
}

export interface ProfileSample {
  /** Innermost first. */
  readonly stack: readonly Frame[];
  /** One for each sample type; whole numbers. */
  readonly values: readonly number[];
  readonly thread: string;
}

export interface Profile {
  readonly sampleTypes: readonly ValueType[];
  readonly periodType?: ValueType;
  readonly period?: number;
  readonly timeMs: number;
  readonly durationMs: number;
  readonly samples: readonly ProfileSample[];
  /** Sentences that `go tool pprof -comments` prints. */
  readonly comments: readonly string[];
}

/** Field numbers and wire type as the byte before a field: (number << 3) | type. */
const VARINT = 0;
const LENGTH = 2;
const tag = (field: number, type: number): number => (field << 3) | type;
/** All code is said to lie in one program: readers complain about locations without any. */
const MAPPING_ID = 1;

/** The bytes of the message, not compressed. */
export function encodeProfile(profile: Profile): Uint8Array {
  const writer = new protobuf.Writer();
  const tables = new Tables();
  const text = (field: number, value: string): void => void writer.uint32(tag(field, VARINT)).int64(tables.text(value));
  const valueType = (field: number, { type, unit }: ValueType): void => void writer.uint32(tag(field, LENGTH)).fork()
    .uint32(tag(1, VARINT)).int64(tables.text(type)).uint32(tag(2, VARINT)).int64(tables.text(unit)).ldelim();

  for (const type of profile.sampleTypes) valueType(1, type);
  const threadKey = tables.text('thread');
  for (const { stack, values, thread } of profile.samples) {
    writer.uint32(tag(2, LENGTH)).fork();
    packed(writer, 1, stack.map((frame) => tables.location(frame)));
    packed(writer, 2, values);
    writer.uint32(tag(3, LENGTH)).fork().uint32(tag(1, VARINT)).int64(threadKey).uint32(tag(2, VARINT)).int64(tables.text(thread)).ldelim();
    writer.ldelim();
  }
  writer.uint32(tag(3, LENGTH)).fork().uint32(tag(1, VARINT)).uint64(MAPPING_ID).uint32(tag(5, VARINT)).int64(tables.text('narthex'));
  // has_functions, has_filenames, has_line_numbers: nothing is left to be looked up in a program file.
  for (const field of [7, 8, 9]) writer.uint32(tag(field, VARINT)).bool(true);
  writer.ldelim();
  tables.writeCode(writer);
  writer.uint32(tag(9, VARINT)).int64(profile.timeMs * 1e6);
  writer.uint32(tag(10, VARINT)).int64(Math.round(profile.durationMs * 1e6));
  if (profile.periodType) valueType(11, profile.periodType);
  if (profile.period !== undefined) writer.uint32(tag(12, VARINT)).int64(profile.period);
  for (const comment of profile.comments) text(13, comment);
  tables.writeStrings(writer);
  return writer.finish();
}

/** What samples refer to by number: strings from 0 on, where 0 must be '', functions and locations from 1 on. */
class Tables {
  private readonly strings = new Map<string, number>([['', 0]]);
  private readonly locations = new Map<string, { readonly id: number; readonly frame: Frame }>();

  text(value: string): number {
    const known = this.strings.get(value);
    if (known !== undefined) return known;
    this.strings.set(value, this.strings.size);
    return this.strings.size - 1;
  }

  /** A location is a function here: the engine's samples have no finer place. */
  location(frame: Frame): number {
    const key = `${frame.name}\n${frame.file}\n${frame.line}`;
    const known = this.locations.get(key);
    if (known) return known.id;
    const id = this.locations.size + 1;
    this.locations.set(key, { id, frame });
    return id;
  }

  writeCode(writer: protobuf.Writer): void {
    for (const { id, frame } of this.locations.values()) {
      writer.uint32(tag(4, LENGTH)).fork().uint32(tag(1, VARINT)).uint64(id).uint32(tag(2, VARINT)).uint64(MAPPING_ID);
      writer.uint32(tag(4, LENGTH)).fork().uint32(tag(1, VARINT)).uint64(id).uint32(tag(2, VARINT)).int64(frame.line).ldelim().ldelim();
      const name = this.text(frame.name);
      writer.uint32(tag(5, LENGTH)).fork().uint32(tag(1, VARINT)).uint64(id).uint32(tag(2, VARINT)).int64(name);
      writer.uint32(tag(3, VARINT)).int64(name).uint32(tag(4, VARINT)).int64(this.text(frame.file));
      writer.uint32(tag(5, VARINT)).int64(frame.line).ldelim();
    }
  }

  writeStrings(writer: protobuf.Writer): void {
    for (const text of this.strings.keys()) writer.uint32(tag(6, LENGTH)).string(text);
  }
}

function packed(writer: protobuf.Writer, field: number, values: readonly number[]): void {
  writer.uint32(tag(field, LENGTH)).fork();
  for (const value of values) writer.int64(value);
  writer.ldelim();
}
