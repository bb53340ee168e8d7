/**
 * Numbers as text, written straight into a byte buffer: the three formats of the Prometheus API
 * (`util/jsonutil/marshal.go`, `promql/value.go`; observed on a running server).
 *
 * - Sample values: shortest text that reads back as the same double; plain decimals for 1e-6 <= abs < 1e21, else an
 *   exponent of at least two digits. JavaScript's own rule has the same bounds but writes `1e-7`, `Infinity`, and 0 for -0.
 * - Scalars (and `le` texts): likewise, but never an exponent.
 * - Timestamps: seconds; no fraction if whole, else exactly three digits.
 */

/** Longest text that `writeFloat` and `writeTimestamp` produce: -1.2345678901234567e-308 has 24. */
export const NUMBER_TEXT_MAX = 32;

const ZERO = 0x30;
const MINUS = 0x2d;
const DOT = 0x2e;

/** Writes a sample value without quotes and returns the offset behind it. `out` has NUMBER_TEXT_MAX bytes to spare. */
export function writeFloat(out: Uint8Array, offset: number, value: number): number {
  const whole = Math.trunc(value);
  if (whole === value && whole < 1e15 && whole > -1e15) {
    if (whole === 0 && 1 / whole < 0) return writeText(out, offset, '-0');
    return writeInteger(out, offset, whole);
  }
  // Decimals with few digits are common (counts of seconds, ratios) and cost a third of the general conversion. A
  // decimal of at most 15 digits that gives back the same double is its only one, hence also the shortest.
  if (value < 1e9 && value > -1e9) {
    const scaled = Math.round(value * 1e6);
    if (scaled / 1e6 === value) return writeDecimal(out, offset, scaled);
  }
  return writeText(out, offset, floatText(value));
}

/** The text of a sample value. */
export function floatText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = String(value);
  // `1e-7` but not `1.5e-10` or `1e+21`: only the negative exponents -7..-9 have one digit.
  const dash = text.length - 2;
  return text.charCodeAt(dash) === MINUS && text.charCodeAt(dash - 1) === 0x65
    ? `${text.slice(0, dash + 1)}0${text.slice(dash + 1)}`
    : text;
}

/** The text of a scalar: as `floatText`, always in plain decimals (up to 309 digits before, 1,074 behind the point). */
export function plainFloatText(value: number): string {
  const text = floatText(value);
  const e = text.indexOf('e');
  if (e < 0) return text;
  const negative = text.charCodeAt(0) === MINUS;
  const [intDigits = '', fracDigits = ''] = text.slice(negative ? 1 : 0, e).split('.');
  const digits = intDigits + fracDigits;
  const point = intDigits.length + Number(text.slice(e + 1));
  const plain = point <= 0 ? `0.${'0'.repeat(-point)}${digits}` : digits.padEnd(point, '0');
  return negative ? `-${plain}` : plain;
}

/** Writes ms since the epoch as seconds, `1795230729.540` or `1795230705`; needs NUMBER_TEXT_MAX bytes. */
export function writeTimestamp(out: Uint8Array, offset: number, timestampMs: number): number {
  let at = offset;
  let ms = timestampMs;
  if (ms < 0) {
    out[at++] = MINUS;
    ms = -ms;
  }
  const seconds = Math.floor(ms / 1000);
  // Ten digits from 2001 to 2286: two halves of five in int32, without asking how many digits there are.
  if (seconds >= 1e9 && seconds < 1e10) {
    const high = (seconds / 1e5) | 0;
    writeFive(out, at, high);
    writeFive(out, at + 5, (seconds - high * 1e5) | 0);
    at += 10;
  } else {
    at = writeInteger(out, at, seconds);
  }
  const fraction = ms - seconds * 1000;
  if (fraction === 0) return at;
  out[at] = DOT;
  out[at + 1] = ZERO + ((fraction / 100) | 0);
  out[at + 2] = ZERO + ((fraction / 10) | 0) % 10;
  out[at + 3] = ZERO + (fraction % 10);
  return at + 4;
}

/** A whole number, abs < 2^53. */
export function writeInteger(out: Uint8Array, offset: number, value: number): number {
  let at = offset;
  let rest = value;
  if (rest < 0) {
    out[at++] = MINUS;
    rest = -rest;
  }
  if (rest < 10) {
    out[at] = ZERO + rest;
    return at + 1;
  }
  // int32 division is several times faster than double division: handle 9 digits at a time.
  if (rest >= 1e9) {
    const high = Math.floor(rest / 1e9);
    at = writeInteger(out, at, high);
    return writePadded(out, at, (rest - high * 1e9) | 0, 9);
  }
  const low = rest | 0;
  const digits = low < 1e3 ? (low < 100 ? 2 : 3)
    : low < 1e6 ? (low < 1e4 ? 4 : low < 1e5 ? 5 : 6)
    : low < 1e7 ? 7 : low < 1e8 ? 8 : 9;
  return writePadded(out, at, low, digits);
}

/** Texts of 00 to 99, so that one division gives two digits. */
const PAIRS = Uint8Array.from({ length: 200 }, (_, i) => ZERO + (i % 2 === 0 ? Math.floor(i / 20) : (i >> 1) % 10));

function writeFive(out: Uint8Array, offset: number, value: number): void {
  const first = (value / 10_000) | 0;
  const rest = value - first * 10_000;
  const upper = (rest / 100) | 0;
  const lower = rest - upper * 100;
  out[offset] = ZERO + first;
  out[offset + 1] = PAIRS[upper * 2]!;
  out[offset + 2] = PAIRS[upper * 2 + 1]!;
  out[offset + 3] = PAIRS[lower * 2]!;
  out[offset + 4] = PAIRS[lower * 2 + 1]!;
}

function writePadded(out: Uint8Array, offset: number, value: number, digits: number): number {
  let rest = value;
  let at = offset + digits;
  while (at - offset >= 2) {
    const next = (rest / 100) | 0;
    const pair = (rest - next * 100) * 2;
    at -= 2;
    out[at] = PAIRS[pair]!;
    out[at + 1] = PAIRS[pair + 1]!;
    rest = next;
  }
  if (at > offset) out[offset] = ZERO + rest;
  return offset + digits;
}

/** Writes `scaled` / 1e6 (not whole, abs < 1e9) without trailing zeros. */
function writeDecimal(out: Uint8Array, offset: number, scaled: number): number {
  let at = offset;
  let rest = scaled;
  if (rest < 0) {
    out[at++] = MINUS;
    rest = -rest;
  }
  const whole = Math.floor(rest / 1e6);
  at = writeInteger(out, at, whole);
  out[at++] = DOT;
  at = writePadded(out, at, (rest - whole * 1e6) | 0, 6);
  while (out[at - 1] === ZERO) at--;
  return at;
}

function writeText(out: Uint8Array, offset: number, text: string): number {
  for (let i = 0; i < text.length; i++) out[offset + i] = text.charCodeAt(i);
  return offset + text.length;
}
