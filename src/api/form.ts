/**
 * `application/x-www-form-urlencoded` parameters with the rules of Go's net/url, which differ from URLSearchParams:
 * a pair with a bad percent escape or a semicolon is dropped (not taken literally), the others stay. The first such
 * pair is remembered, since `/series` reports it.
 */
export class FormParams {
  private readonly values = new Map<string, string[]>();
  /** What was wrong with the first dropped pair, in Go's words. */
  error: string | undefined;

  /** `text`: pairs in the order in which they count; callers put a form body before the URL query. */
  constructor(text: string) {
    for (const pair of text.split('&')) {
      if (pair !== '') this.addPair(pair);
    }
  }

  /** The first value of a parameter, '' if absent. */
  get(name: string): string {
    return this.values.get(name)?.[0] ?? '';
  }

  getAll(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }

  private addPair(pair: string): void {
    if (pair.includes(';')) {
      this.error ??= 'invalid semicolon separator in query';
      return;
    }
    const eq = pair.indexOf('=');
    const name = this.unescape(eq < 0 ? pair : pair.slice(0, eq));
    const value = this.unescape(eq < 0 ? '' : pair.slice(eq + 1));
    if (name === undefined || value === undefined) return;
    const list = this.values.get(name);
    if (list) list.push(value);
    else this.values.set(name, [value]);
  }

  private unescape(text: string): string | undefined {
    const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
    if (!spaced.includes('%')) return spaced;
    const bad = BAD_ESCAPE.exec(spaced);
    if (bad) {
      this.error ??= `invalid URL escape "${spaced.slice(bad.index, bad.index + 3)}"`;
      return undefined;
    }
    try {
      return decodeURIComponent(spaced);
    } catch {
      // Escapes are well formed, so the bytes are not UTF-8: Go keeps them, we show U+FFFD in their place.
      return decodeLossy(spaced);
    }
  }
}

const BAD_ESCAPE = /%(?![0-9a-fA-F]{2})/;

function decodeLossy(text: string): string {
  const source = new TextEncoder().encode(text);
  const bytes = new Uint8Array(source.length);
  let length = 0;
  for (let i = 0; i < source.length; i++) {
    if (source[i] === 0x25) {
      bytes[length++] = (hexDigit(source[i + 1]!) << 4) | hexDigit(source[i + 2]!);
      i += 2;
    } else {
      bytes[length++] = source[i]!;
    }
  }
  return new TextDecoder().decode(bytes.subarray(0, length));
}

function hexDigit(code: number): number {
  return code <= 0x39 ? code - 0x30 : (code | 0x20) - 0x61 + 10;
}
