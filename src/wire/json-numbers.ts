/** Integers in JSON text that a JavaScript number cannot hold. */

/** Integers of 16 digits and more may lie beyond 2^53. */
const DIGITS_MIN = 16;
const CANDIDATE = /[:,[]\s*-?\d{16}/;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const DIGIT_0 = 0x30;
const DIGIT_9 = 0x39;

/**
 * Parses JSON and gives long integers as strings of their digits, so that nanoseconds and 64-bit counts stay exact.
 * (A reviver sees the source text of numbers only from Node 21 on.)
 * @throws SyntaxError
 */
export function parseJsonExact(text: string): unknown {
  const parsed: unknown = JSON.parse(text);
  return CANDIDATE.test(text) ? JSON.parse(quoteLongIntegers(text)) : parsed;
}

/**
 * `text` must be valid JSON. A loop over characters, because a regular expression that steps over strings overflows
 * its stack on long ones.
 */
function quoteLongIntegers(text: string): string {
  const pieces: string[] = [];
  let copied = 0;
  let i = 0;
  while (i < text.length) {
    const code = text.charCodeAt(i);
    if (code === QUOTE) {
      i = endOfString(text, i);
    } else if (code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9)) {
      const start = i;
      i = endOfDigits(text, code === MINUS ? i + 1 : i);
      const isInteger = !isNumberPart(text.charCodeAt(i));
      if (isInteger && i - start >= DIGITS_MIN) {
        pieces.push(text.slice(copied, start), '"', text.slice(start, i), '"');
        copied = i;
      }
      while (isNumberPart(text.charCodeAt(i))) i++;
    } else {
      i++;
    }
  }
  pieces.push(text.slice(copied));
  return pieces.join('');
}

function endOfString(text: string, quote: number): number {
  let i = quote + 1;
  for (let code = text.charCodeAt(i); code !== QUOTE; code = text.charCodeAt(i)) i += code === BACKSLASH ? 2 : 1;
  return i + 1;
}

function endOfDigits(text: string, from: number): number {
  let i = from;
  for (let code = text.charCodeAt(i); code >= DIGIT_0 && code <= DIGIT_9; code = text.charCodeAt(i)) i++;
  return i;
}

/** Fraction, exponent, sign, digit: what may follow the integer part of a number. False at the end of the text (NaN). */
function isNumberPart(code: number): boolean {
  return code === 0x2e || code === 0x65 || code === 0x45 || code === 0x2b || code === MINUS || (code >= DIGIT_0 && code <= DIGIT_9);
}
