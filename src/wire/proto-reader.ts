/**
 * A cursor over protobuf bytes for hand-written decoders: protobufjs' `Reader` plus embedded messages by bounds,
 * 64-bit integers without objects, and doubles kept as bits.
 *
 *     while (reader.next()) {
 *       switch (reader.field) {
 *         case 1: name = reader.expect(BYTES).text(); break;
 *         case 2: { const outer = reader.enter(); ...; reader.leave(outer); break; }
 *         default: reader.skipField();
 *       }
 *     }
 *
 * Encoding: https://protobuf.dev/programming-guides/encoding/
 */
import { isUtf8 } from 'node:buffer';
import protobuf from 'protobufjs/minimal.js';
import { WireError } from './wire-error.js';

export const VARINT = 0;
export const FIXED64 = 1;
export const BYTES = 2;

const TWO_32 = 4294967296;
const VARINT_BYTES_MAX = 10;
const LOW = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 0 : 1;
const HIGH = 1 - LOW;

export class ProtoReader extends protobuf.Reader {
  /** Field number and wire type of the tag that `next` read. */
  field = 0;
  wireType = 0;
  /** The 64 bits of the integer read last. */
  low = 0;
  high = 0;
  /** The double read last, bit for bit: a signalling NaN (the stale marker) must not become a JavaScript number. */
  readonly lastDouble = new Float64Array(1);
  /** Set by `text` when a string was not UTF-8; whoever cares clears it. */
  illFormed = false;

  private readonly doubleWords = new Uint32Array(this.lastDouble.buffer);

  /** Reads the next tag. False at the end of the current message. */
  next(): boolean {
    if (this.pos >= this.len) return false;
    const tag = this.tag();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0) throw new WireError('corrupt', `field number 0 at byte ${this.pos}`);
    return true;
  }

  /** Checks the wire type of the current field: a known field of another type is another message. */
  expect(wireType: number): this {
    if (this.wireType !== wireType) this.wrongType();
    return this;
  }

  /** Skips the current field, whatever it is (groups too). */
  skipField(): void {
    this.skipType(this.wireType, 0, this.field);
  }

  /** Enters the embedded message of the current field. @returns the bound to hand to `leave`. */
  enter(): number {
    if (this.wireType !== BYTES) this.wrongType();
    return this.enterPacked();
  }

  leave(outer: number): void {
    this.pos = this.len;
    this.len = outer;
  }

  /**
   * Enters a repeated number field, packed or not: read elements while `pos < len`, then `leave`.
   * An unpacked element is bounded like a packed run of one.
   */
  enterNumbers(elementType: number): number {
    if (this.wireType === BYTES) return this.enterPacked();
    if (this.wireType !== elementType) this.wrongType();
    const outer = this.len;
    let end = this.pos;
    if (elementType === FIXED64) end += 8;
    else while (end < outer && this.buf[end++]! >= 0x80);
    if (end > outer) throw new WireError('corrupt', `field ${this.field} is cut off at byte ${this.pos}`);
    this.len = end;
    return outer;
  }

  /** Appends the elements of a repeated double, packed or not. Not for values that may be stale markers. */
  doublesInto(out: number[]): void {
    const outer = this.enterNumbers(FIXED64);
    while (this.pos < this.len) out.push(this.readDouble());
    this.leave(outer);
  }

  /** A string. Bytes that are not UTF-8 come as U+FFFD and set `illFormed`. */
  text(): string {
    const start = this.pos;
    const text = this.string();
    if (text.includes('\ufffd')) {
      const end = this.pos;
      this.pos = start;
      const size = this.size();
      if (!isUtf8(this.buf.subarray(end - size, end))) this.illFormed = true;
      this.pos = end;
    }
    return text;
  }

  /** Varint as int64. Exact if it is a safe integer, rounded otherwise; the bits are in `low` and `high`. */
  signed64(): number {
    this.varint64();
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** Varint as uint64, rounded above 2^53. */
  unsigned64(): number {
    this.varint64();
    return this.high * TWO_32 + this.low;
  }

  /** Varint as sint64 (zigzag), rounded beyond 2^53. */
  zigzag64(): number {
    this.varint64();
    const mask = -(this.low & 1);
    const low = (((this.low >>> 1) | (this.high << 31)) ^ mask) >>> 0;
    const high = (this.high >>> 1) ^ mask;
    return (high | 0) * TWO_32 + low;
  }

  /** fixed64, rounded above 2^53. */
  fixedUnsigned64(): number {
    this.words64();
    return this.high * TWO_32 + this.low;
  }

  /** sfixed64, rounded beyond 2^53. */
  fixedSigned64(): number {
    this.words64();
    return (this.high | 0) * TWO_32 + this.low;
  }

  /** Reads a double into `lastDouble`. The returned number is for arithmetic; its NaN bits are not reliable. */
  readDouble(): number {
    this.words64();
    this.doubleWords[LOW] = this.low;
    this.doubleWords[HIGH] = this.high;
    return this.lastDouble[0]!;
  }

  private enterPacked(): number {
    const size = this.size();
    const end = this.pos + size;
    if (end > this.len) {
      throw new WireError('corrupt', `field ${this.field} claims ${size} bytes at byte ${this.pos}, ${this.len - this.pos} are left`);
    }
    const outer = this.len;
    this.len = end;
    return outer;
  }

  private words64(): void {
    const position = this.pos;
    if (position + 8 > this.len) throw new WireError('corrupt', `field ${this.field} is cut off at byte ${position}`);
    const bytes = this.buf;
    this.low = (bytes[position]! | (bytes[position + 1]! << 8) | (bytes[position + 2]! << 16) | (bytes[position + 3]! << 24)) >>> 0;
    this.high = (bytes[position + 4]! | (bytes[position + 5]! << 8) | (bytes[position + 6]! << 16) | (bytes[position + 7]! << 24)) >>> 0;
    this.pos = position + 8;
  }

  private varint64(): void {
    const bytes = this.buf;
    const end = this.len;
    let position = this.pos;
    let low = 0;
    let high = 0;
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (position >= end) throw new WireError('corrupt', `field ${this.field} is cut off at byte ${position}`);
      const byte = bytes[position++]!;
      const seven = byte & 0x7f;
      if (i < 4) low |= seven << (7 * i);
      else if (i === 4) {
        low |= seven << 28;
        high = seven >>> 4;
      } else high |= seven << (7 * i - 32);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.pos = position;
        return;
      }
    }
    throw new WireError('corrupt', `varint of more than ${VARINT_BYTES_MAX} bytes at byte ${this.pos}`);
  }

  private wrongType(): never {
    throw new WireError('corrupt', `field ${this.field} has wire type ${this.wireType} at byte ${this.pos}`);
  }
}
