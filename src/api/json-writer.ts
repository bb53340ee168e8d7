/**
 * JSON as bytes, written once, into one growing buffer: a matrix of a million points never exists as a string or as
 * objects. The buffer is handed out at the end and can be transferred to another thread.
 */
import type { MemoryAccount } from '../storage/memory-account.js';
import { answerTooLarge } from './error-types.js';
import { NUMBER_TEXT_MAX, plainFloatText, writeFloat, writeInteger, writeTimestamp } from './number-text.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const HEX = '0123456789abcdef';

/** Enough for an answer with a series or two. Most answers are small, and 16 KiB took 6 of the 43 us of such a query. */
const INITIAL_BYTES = 1024;

const ENCODER = new TextEncoder();

export class JsonWriter {
  private bytes: Uint8Array<ArrayBuffer>;
  private length = 0;

  /**
   * @param maxBytes size above which writing fails with an ApiError instead of filling memory
   * @param memory what the bytes are noted in
   */
  constructor(private readonly maxBytes: number, private readonly memory?: MemoryAccount) {
    this.bytes = new Uint8Array(Math.min(INITIAL_BYTES, Math.max(maxBytes, NUMBER_TEXT_MAX)));
  }

  /** Everything written so far. Ends the use of this writer: the caller owns the bytes. */
  finish(): Uint8Array<ArrayBuffer> {
    // A transferred view takes its whole buffer along: do not send much more than there is.
    return this.length > this.bytes.length / 2 ? this.bytes.subarray(0, this.length) : this.bytes.slice(0, this.length);
  }

  /** Text that is ASCII and needs no escapes: punctuation, fixed keys. */
  raw(text: string): void {
    this.reserve(text.length);
    const bytes = this.bytes;
    let at = this.length;
    for (let i = 0; i < text.length; i++) bytes[at++] = text.charCodeAt(i);
    this.length = at;
  }

  /** Text that is JSON already. Half the time of `raw` from some fifty characters on, and not ASCII only. */
  ready(text: string): void {
    this.reserve(text.length * 3);
    this.length += ENCODER.encodeInto(text, this.bytes.subarray(this.length)).written;
  }

  byte(code: number): void {
    this.reserve(1);
    this.bytes[this.length++] = code;
  }

  /** A JSON string with the escapes that JSON demands. Label names and values use this one. */
  string(text: string): void {
    this.escaped(text, false);
  }

  /**
   * A JSON string in which `<`, `>`, `&`, U+2028 and U+2029 are escaped too. Prometheus writes error texts, string
   * results, label value lists and metadata so (the default of Go's encoder), and label maps of series not so.
   */
  htmlSafeString(text: string): void {
    this.escaped(text, true);
  }

  /** A sample value as a string: `"1e-07"`. */
  quotedFloat(value: number): void {
    this.reserve(NUMBER_TEXT_MAX + 2);
    this.bytes[this.length] = QUOTE;
    const end = writeFloat(this.bytes, this.length + 1, value);
    this.bytes[end] = QUOTE;
    this.length = end + 1;
  }

  /** A scalar as a string, never with an exponent. */
  quotedPlainFloat(value: number): void {
    this.raw(`"${plainFloatText(value)}"`);
  }

  /** A JSON number. NaN and infinities are not JSON: the caller makes sure. */
  number(value: number): void {
    this.reserve(NUMBER_TEXT_MAX);
    this.length = writeFloat(this.bytes, this.length, value);
  }

  integer(value: number): void {
    this.reserve(NUMBER_TEXT_MAX);
    this.length = writeInteger(this.bytes, this.length, value);
  }

  /** Seconds with no or exactly three digits behind the point. */
  timestamp(ms: number): void {
    this.reserve(NUMBER_TEXT_MAX);
    this.length = writeTimestamp(this.bytes, this.length, ms);
  }

  /** `[[t,"v"],[t,"v"]]` for the first `length` samples: the loop that most of the bytes of an answer come from. */
  samples(timestamps: Float64Array, values: Float64Array, length: number): void {
    this.raw('[');
    for (let i = 0; i < length; i++) {
      this.reserve(2 * NUMBER_TEXT_MAX + 8);
      const bytes = this.bytes;
      let at = this.length;
      if (i > 0) bytes[at++] = 0x2c;
      bytes[at++] = 0x5b;
      at = writeTimestamp(bytes, at, timestamps[i]!);
      bytes[at++] = 0x2c;
      bytes[at++] = QUOTE;
      at = writeFloat(bytes, at, values[i]!);
      bytes[at++] = QUOTE;
      bytes[at++] = 0x5d;
      this.length = at;
    }
    this.raw(']');
  }

  private escaped(text: string, html: boolean): void {
    // A UTF-16 unit becomes at most 6 bytes (\u00XX).
    this.reserve(text.length * 6 + 2);
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = QUOTE;
    for (let i = 0; i < text.length; i++) {
      const c = text.charCodeAt(i);
      if (c < 0x80) {
        if (c >= 0x20 && c !== QUOTE && c !== BACKSLASH && !(html && (c === 0x3c || c === 0x3e || c === 0x26))) {
          bytes[at++] = c;
        } else {
          at = writeEscape(bytes, at, c);
        }
      } else if (c < 0x800) {
        bytes[at++] = 0xc0 | (c >> 6);
        bytes[at++] = 0x80 | (c & 0x3f);
      } else if (c >= 0xd800 && c < 0xe000) {
        const next = text.charCodeAt(i + 1);
        if (c < 0xdc00 && next >= 0xdc00 && next < 0xe000) {
          const point = 0x10000 + ((c - 0xd800) << 10) + (next - 0xdc00);
          bytes[at++] = 0xf0 | (point >> 18);
          bytes[at++] = 0x80 | ((point >> 12) & 0x3f);
          bytes[at++] = 0x80 | ((point >> 6) & 0x3f);
          bytes[at++] = 0x80 | (point & 0x3f);
          i++;
        } else {
          at = writeThree(bytes, at, 0xfffd);
        }
      } else if (html && (c === 0x2028 || c === 0x2029)) {
        at = writeUnicodeEscape(bytes, at, c);
      } else {
        at = writeThree(bytes, at, c);
      }
    }
    bytes[at++] = QUOTE;
    this.length = at;
  }

  private reserve(extra: number): void {
    const need = this.length + extra;
    if (need <= this.bytes.length) return;
    if (this.length > this.maxBytes) throw answerTooLarge(this.maxBytes);
    const size = Math.max(need, this.bytes.length * 2);
    this.memory?.take(size - this.bytes.length);
    const wider = new Uint8Array(size);
    wider.set(this.bytes.subarray(0, this.length));
    this.bytes = wider;
  }
}

function writeEscape(bytes: Uint8Array, at: number, c: number): number {
  const short = c === QUOTE || c === BACKSLASH ? c : c === 0x0a ? 0x6e : c === 0x0d ? 0x72 : c === 0x09 ? 0x74 : 0;
  if (short === 0) return writeUnicodeEscape(bytes, at, c);
  bytes[at] = BACKSLASH;
  bytes[at + 1] = short;
  return at + 2;
}

function writeUnicodeEscape(bytes: Uint8Array, at: number, c: number): number {
  bytes[at] = BACKSLASH;
  bytes[at + 1] = 0x75;
  for (let i = 0; i < 4; i++) bytes[at + 2 + i] = HEX.charCodeAt((c >> (12 - 4 * i)) & 15);
  return at + 6;
}

function writeThree(bytes: Uint8Array, at: number, c: number): number {
  bytes[at] = 0xe0 | (c >> 12);
  bytes[at + 1] = 0x80 | ((c >> 6) & 0x3f);
  bytes[at + 2] = 0x80 | (c & 0x3f);
  return at + 3;
}
