// Where the walk of an OTLP request stands, and the fields that it reads there. Whatever is not read for certain calls
// `leaveToGeneral`, which ends the walk: the general decoder takes the request.

export let cursor: u32 = 0;
/** The request is not of the usual form: everything stops. */
export let isGeneral: bool = false;

export function beginCursor(start: u32): void {
  cursor = start;
  isGeneral = false;
}

@inline
export function moveTo(p: u32): void {
  cursor = p;
}

export function leaveToGeneral(): void {
  isGeneral = true;
}

/** The byte at the cursor, which moves on: a tag, for all fields that are known have numbers below 16. Longer ones are above 127. */
@inline
export function takeTag(): u32 {
  return <u32>load<u8>(cursor++);
}

/** Reads a varint below `limit`; sets `isGeneral` if it is malformed. */
export function readVarint(limit: u32): u64 {
  let value: u64 = 0;
  for (let shift: u64 = 0; shift < 70; shift += 7) {
    if (cursor >= limit) break;
    const b = <u64>load<u8>(cursor++);
    value |= (b & 127) << shift;
    if (b < 128) return value;
  }
  isGeneral = true;
  return 0;
}

/** After a tag: end of the submessage at the cursor, which then stands at its first byte. On failure `isGeneral` and `limit`. */
export function enter(limit: u32): u32 {
  if (cursor < limit) {
    const short = <u32>load<u8>(cursor);
    if (short < 128 && short < limit - cursor) return ++cursor + short;
  }
  const length = readVarint(limit);
  if (isGeneral || length > <u64>(limit - cursor)) {
    isGeneral = true;
    return limit;
  }
  return cursor + <u32>length;
}

/** Skips fields with this tag and lengths, however many there are. */
export function skipRun(tag: u32, limit: u32): void {
  while (cursor < limit && load<u8>(cursor) == tag) {
    cursor++;
    cursor = enter(limit);
    if (isGeneral) return;
  }
}

/** After a tag: the address of 8 bytes, which are passed over. */
export function fixed64(limit: u32): u32 {
  const at = cursor;
  if (limit - at < 8) {
    isGeneral = true;
    return at;
  }
  cursor = at + 8;
  return at;
}

/** Passes over the field with this tag, whatever it is. What a decoder would have to look at twice ends the walk. */
export function skipField(tag: u32, limit: u32): void {
  if (tag < 8 || tag > 127) {
    isGeneral = true;
    return;
  }
  switch (tag & 7) {
    case 0: readVarint(limit); break;
    case 1: fixed64(limit); break;
    case 2: cursor = enter(limit); break;
    case 5:
      if (limit - cursor < 4) isGeneral = true;
      else cursor += 4;
      break;
    default: isGeneral = true;
  }
}
