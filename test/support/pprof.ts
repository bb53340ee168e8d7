/** Reads profiles by pprof's own message definition (the fields that are used), with protobufjs: no code is shared with what writes them. */
import zlib from 'node:zlib';
import protobuf from 'protobufjs';

const { root } = protobuf.parse(`syntax = "proto3";
message Profile {
  repeated ValueType sample_type = 1; repeated Sample sample = 2; repeated Mapping mapping = 3; repeated Location location = 4;
  repeated Function function = 5; repeated string string_table = 6; int64 time_nanos = 9; int64 duration_nanos = 10;
  ValueType period_type = 11; int64 period = 12; repeated int64 comment = 13;
}
message ValueType { int64 type = 1; int64 unit = 2; }
message Sample { repeated uint64 location_id = 1; repeated int64 value = 2; repeated Label label = 3; }
message Label { int64 key = 1; int64 str = 2; }
message Mapping { uint64 id = 1; int64 filename = 5; bool has_functions = 7; }
message Location { uint64 id = 1; uint64 mapping_id = 2; repeated Line line = 4; }
message Line { uint64 function_id = 1; int64 line = 2; }
message Function { uint64 id = 1; int64 name = 2; int64 system_name = 3; int64 filename = 4; int64 start_line = 5; }`);

type Pair = { readonly type: number; readonly unit: number };
interface Message {
  readonly sampleType: Pair[];
  readonly sample: { readonly locationId: number[]; readonly value: number[]; readonly label: { readonly key: number; readonly str: number }[] }[];
  readonly mapping: { readonly id: number; readonly filename: number; readonly hasFunctions: boolean }[];
  readonly location: { readonly id: number; readonly mappingId: number; readonly line: { readonly functionId: number; readonly line: number }[] }[];
  readonly function: { readonly id: number; readonly name: number; readonly filename: number; readonly startLine: number }[];
  readonly stringTable: string[];
  readonly timeNanos: number;
  readonly durationNanos: number;
  readonly periodType: Pair | null;
  readonly period: number;
  readonly comment: number[];
}

export interface ReadProfile {
  /** `cpu/nanoseconds`. */
  readonly types: string[];
  readonly period: string;
  readonly timeMs: number;
  readonly durationMs: number;
  /** `stack`: `name file:line`, innermost first. */
  readonly samples: { readonly stack: string[]; readonly values: number[]; readonly labels: Record<string, string> }[];
  readonly comments: string[];
}

/** @throws Error for what pprof refuses: a reference to nothing, a first string that is not empty, values that are not one for each type */
export function readProfile(bytes: Uint8Array): ReadProfile {
  const type = root.lookupType('Profile');
  const raw = type.toObject(type.decode(zlib.gunzipSync(bytes)), { longs: Number, arrays: true, defaults: true }) as Message;
  const at = <T>(list: readonly T[], index: number): T => {
    if (!(index in list)) throw new Error(`no entry ${index} of ${list.length}`);
    return list[index]!;
  };
  const text = (index: number) => at(raw.stringTable, index);
  const byId = <T extends { readonly id: number }>(list: readonly T[], id: number) => at(list.filter((one) => one.id === id), 0);
  if (text(0) !== '') throw new Error('the first string is not empty');
  const frame = (id: number) => {
    const { mappingId, line } = byId(raw.location, id);
    byId(raw.mapping, mappingId);
    const code = byId(raw.function, at(line, 0).functionId);
    return `${text(code.name)} ${text(code.filename)}:${code.startLine}`;
  };
  const pair = ({ type: what, unit }: Pair) => `${text(what)}/${text(unit)}`;
  return {
    types: raw.sampleType.map(pair),
    period: raw.periodType ? `${raw.period} ${pair(raw.periodType)}` : '',
    timeMs: raw.timeNanos / 1e6,
    durationMs: raw.durationNanos / 1e6,
    samples: raw.sample.map(({ locationId, value, label }) => {
      if (value.length !== raw.sampleType.length) throw new Error(`${value.length} values of ${raw.sampleType.length}`);
      return { stack: locationId.map(frame), values: value, labels: Object.fromEntries(label.map(({ key, str }) => [text(key), text(str)])) };
    }),
    comments: raw.comment.map(text),
  };
}
