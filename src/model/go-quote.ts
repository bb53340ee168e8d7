/**
 * Double-quoted text as Go's `strconv.Quote` writes it. Prometheus prints label values, names and strings in its
 * messages this way, and clients compare them; `JSON.stringify` differs for control and invisible characters.
 */
const PRINTABLE = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
const PLAIN = /^[ !#-[\]-~]*$/;

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"', '\\': '\\\\', '\x07': '\\a', '\b': '\\b', '\f': '\\f', '\n': '\\n', '\r': '\\r', '\t': '\\t', '\v': '\\v',
};

export function goQuote(text: string): string {
  return PLAIN.test(text) ? `"${text}"` : `"${escapeAll(text, '"')}"`;
}

/** A single character in single quotes, as Go's `%q` prints a rune. */
export function goQuoteRune(char: string): string {
  return `'${escapeAll(char, "'")}'`;
}

function escapeAll(text: string, quote: '"' | "'"): string {
  let out = '';
  for (const char of text) out += escapeOne(char, quote);
  return out;
}

function escapeOne(char: string, quote: '"' | "'"): string {
  if (char === quote) return `\\${quote}`;
  if (char !== '"') {
    const short = SHORT_ESCAPES[char];
    if (short !== undefined) return short;
  }
  if (PRINTABLE.test(char)) return char;
  const code = char.codePointAt(0)!;
  if (code < 0x20 || code === 0x7f) return `\\x${hex(code, 2)}`;
  // Bytes that are no UTF-8 are kept as U+DC00 + byte (promql/parser/string-literal); no other lone surrogate can come in.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${hex(code - 0xdc00, 2)}`;
  if (code >= 0xd800 && code <= 0xdfff) return '\ufffd';
  return code < 0x10000 ? `\\u${hex(code, 4)}` : `\\U${hex(code, 8)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
