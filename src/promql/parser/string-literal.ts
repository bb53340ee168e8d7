/** Quoted strings of PromQL: '…' and "…" with the escapes of Go, `…` without any. */

const SIMPLE: Readonly<Record<string, number>> = { a: 7, b: 8, f: 12, n: 10, r: 13, t: 9, v: 11, '\\': 92 };

/** "Ignoring" the byte order mark means keeping it: here it is a character like any other. */
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export interface Escape {
  /** A byte (`\x`, octal) or a code point (all others). */
  readonly value: number;
  readonly isByte: boolean;
  /** Offset behind the escape. */
  readonly end: number;
}

/** Reads the escape whose backslash is at `start`. A string is the message of what is wrong with it. */
export function readEscape(text: string, start: number, quote: string): Escape | string {
  const char = codePointText(text, start + 1);
  if (char === undefined) return 'escape sequence not terminated';
  if (char === quote) return { value: quote.charCodeAt(0), isByte: false, end: start + 2 };
  const simple = SIMPLE[char];
  if (simple !== undefined) return { value: simple, isByte: false, end: start + 2 };
  if (char >= '0' && char <= '7') return readDigits(text, start + 1, 3, 8, 255);
  if (char === 'x') return readDigits(text, start + 2, 2, 16, 255);
  if (char === 'u') return readDigits(text, start + 2, 4, 16, 0x10ffff);
  if (char === 'U') return readDigits(text, start + 2, 8, 16, 0x10ffff);
  return `unknown escape sequence ${describeRune(char)}`;
}

function readDigits(text: string, start: number, count: number, base: number, max: number): Escape | string {
  let value = 0;
  for (let i = start; i < start + count; i++) {
    const char = codePointText(text, i);
    if (char === undefined) return 'escape sequence not terminated';
    const digit = /^[0-9a-fA-F]$/.test(char) ? parseInt(char, 16) : 16;
    if (digit >= base) return `illegal character ${describeRune(char)} in escape sequence`;
    value = value * base + digit;
  }
  if (value > max || (value >= 0xd800 && value < 0xe000)) return 'escape sequence is an invalid Unicode code point';
  return { value, isByte: max === 255, end: start + count };
}

/** The text that a string token stands for. `token` must have passed the lexer. */
export function unquote(token: string): string {
  const quote = token[0]!;
  const body = token.slice(1, -1);
  if (quote === '`' || !body.includes('\\')) return body;
  let out = '';
  let bytes: number[] = [];
  let at = 1;
  while (at < token.length - 1) {
    if (token[at] !== '\\') {
      out += flush(bytes) + token[at]!;
      bytes = [];
      at++;
      continue;
    }
    const escape = readEscape(token, at, quote);
    if (typeof escape === 'string') throw new Error(`the lexer let a wrong escape pass: ${escape}`);
    if (escape.isByte) {
      bytes.push(escape.value);
    } else {
      out += flush(bytes) + String.fromCodePoint(escape.value);
      bytes = [];
    }
    at = escape.end;
  }
  return out + flush(bytes);
}

/**
 * Bytes written as `\x..` or octal, read as UTF-8. A byte that is no UTF-8 becomes the lone surrogate U+DC00 + byte,
 * so that such a string is not equal to any stored text and can still be printed (`goQuote` shows `\xNN`).
 */
function flush(bytes: readonly number[]): string {
  let out = '';
  for (let i = 0; i < bytes.length; ) {
    const length = utf8Length(bytes, i);
    if (length === 0) {
      out += String.fromCharCode(0xdc00 + bytes[i]!);
      i++;
    } else {
      out += UTF8.decode(Uint8Array.from(bytes.slice(i, i + length)));
      i += length;
    }
  }
  return out;
}

/** Bytes of the UTF-8 character at `i`, 0 if there is none. */
function utf8Length(bytes: readonly number[], i: number): number {
  const first = bytes[i]!;
  if (first < 0x80) return 1;
  const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  const part = Uint8Array.from(bytes.slice(i, i + length));
  if (part.length < length) return 0;
  try {
    UTF8.decode(part);
    return length;
  } catch {
    // Only a decoding error can be thrown, and it is the answer.
    return 0;
  }
}

/** True if the text came from escapes that are no UTF-8: it cannot be a label name or value. */
export function hasInvalidUtf8(text: string): boolean {
  return /[\ud800-\udfff]/u.test(text);
}

/** A character as Go's `%#U` prints it: `U+0071 'q'`. */
function describeRune(char: string): string {
  const code = `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  return /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u.test(char) ? `${code} '${char}'` : code;
}

function codePointText(text: string, at: number): string | undefined {
  const code = text.codePointAt(at);
  return code === undefined ? undefined : String.fromCodePoint(code);
}
