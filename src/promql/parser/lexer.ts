/**
 * Text to tokens, one at a time: the parser asks for a token only when it needs it, because the order in which
 * mistakes are found decides which one is reported. The texts and places of errors are those of Prometheus 3.14.
 *
 * What a character means depends on where it stands: inside braces words are always identifiers, inside brackets
 * there are durations and a colon. Both are kept here and not in the parser, as upstream does, so that errors agree.
 */
import { goQuoteRune } from '../../model/go-quote.js';
import { type ParseError, parseErrorAt } from './parse-error.js';
import { readEscape } from './string-literal.js';
import { keywordOf, type SymbolKind, type Token, type TokenKind } from './token.js';

const DURATION_UNITS = 'smhdwy';
const LATER_DURATION_UNITS = 'smhdw';

export class Lexer {
  private at = 0;
  private parenDepth = 0;
  private braceOpen = false;
  private bracketOpen = false;
  /** Between `[` and the first number: upstream has texts of its own for errors there. */
  private durationStart = false;
  private gotColon = false;
  /** Some bracket had a number or word: before that a colon gets an error of its own. */
  private gotDuration = false;

  constructor(readonly text: string) {}

  /** The next token; 'eof' for ever at the end. @throws ParseError */
  next(): Token {
    this.skipSpaceAndComments();
    if (this.braceOpen) return this.nextInsideBraces();
    if (this.durationStart) return this.nextAtDurationStart();
    return this.nextStatement();
  }

  private nextStatement(): Token {
    const start = this.at;
    const char = this.text[start];
    if (char === undefined) {
      if (this.parenDepth !== 0) throw this.error(start, 'unclosed left parenthesis');
      if (this.bracketOpen) throw this.error(start, 'unclosed left bracket');
      return { kind: 'eof', start, end: start, text: '' };
    }
    switch (char) {
      case ',': case '*': case '/': case '%': case '+': case '-': case '^': case '@':
        return this.symbol(char);
      case '=':
        if (this.text[start + 1] === '=') return this.symbol('==');
        if (this.text[start + 1] === '~') throw this.error(start, "unexpected character after '=': '~'");
        return this.symbol('=');
      case '!':
        if (this.text[start + 1] === '=') return this.symbol('!=');
        throw this.error(start, `unexpected character after '!': ${this.quoteAt(start + 1)}`);
      case '<':
        return this.symbol(this.text[start + 1] === '=' ? '<=' : this.text[start + 1] === '/' ? '</' : '<');
      case '>':
        return this.symbol(this.text[start + 1] === '=' ? '>=' : this.text[start + 1] === '/' ? '>/' : '>');
      case '"': case "'": case '`':
        return this.string(char);
      case '(':
        this.parenDepth++;
        return this.symbol('(');
      case ')':
        return this.rightParen();
      case '{':
        this.braceOpen = true;
        return this.symbol('{');
      case '[':
        if (this.bracketOpen) throw this.error(start, "unexpected left bracket '['");
        this.bracketOpen = true;
        this.durationStart = true;
        this.gotColon = false;
        return this.symbol('[');
      case ']':
        if (!this.bracketOpen) throw this.error(start, "unexpected right bracket ']'");
        this.bracketOpen = false;
        return this.symbol(']');
    }
    if (isDigit(char) || (char === '.' && isDigit(this.text[start + 1]))) return this.numberOrDuration();
    if (this.bracketOpen) {
      if (char === ':') {
        if (this.gotColon) throw this.error(start, "unexpected colon ':'");
        this.gotColon = true;
        return this.symbol(':');
      }
      if (isAlpha(char)) {
        const word = this.durationWord();
        if (word !== undefined) return word;
        throw this.error(start, `unexpected character: '${char}', expected ':'`);
      }
    } else if (isAlpha(char) || char === ':') {
      return this.word();
    }
    throw this.error(start, `unexpected character: ${this.quoteAt(start)}`);
  }

  private nextAtDurationStart(): Token {
    const start = this.at;
    const char = this.text[start];
    if (char === undefined) throw this.error(start, 'unexpected end of input in duration expression');
    switch (char) {
      case '+': case '-': case '*': case '/': case '%': case '^': case ',':
        return this.symbol(char);
      case '(':
        this.parenDepth++;
        return this.symbol('(');
      case ')':
        return this.rightParen();
      case ']':
        this.bracketOpen = false;
        this.durationStart = false;
        return this.symbol(']');
      case ':':
        if (!this.gotDuration) throw this.error(start + 1, 'unexpected colon before duration in duration expression');
        if (this.gotColon) throw this.error(start + 1, 'unexpected repeated colon in duration expression');
        this.gotColon = true;
        return this.symbol(':');
    }
    if (isDigit(char) || (char === '.' && isDigit(this.text[start + 1]))) {
      this.gotDuration = true;
      this.durationStart = false;
      return this.numberOrDuration();
    }
    const word = isAlpha(char) ? this.durationWord() : undefined;
    if (word === undefined) throw this.error(start, `unexpected character in duration expression: ${this.quoteAt(start)}`);
    this.gotDuration = true;
    return word;
  }

  private nextInsideBraces(): Token {
    const start = this.at;
    const char = this.text[start];
    if (char === undefined) throw this.error(start, 'unexpected end of input inside braces');
    switch (char) {
      case ',':
        return this.symbol(',');
      case '"': case "'": case '`':
        return this.string(char);
      case '=':
        return this.symbol(this.text[start + 1] === '~' ? '=~' : '=');
      case '!':
        if (this.text[start + 1] === '~') return this.symbol('!~');
        if (this.text[start + 1] === '=') return this.symbol('!=');
        throw this.error(start, `unexpected character after '!' inside braces: ${this.quoteAt(start + 1)}`);
      case '{':
        throw this.error(start, "unexpected left brace '{'");
      case '}':
        this.braceOpen = false;
        return this.symbol('}');
    }
    if (!isAlpha(char)) throw this.error(start, `unexpected character inside braces: ${this.quoteAt(start)}`);
    let end = start + 1;
    while (isAlphaNumeric(this.text[end])) end++;
    return this.token('identifier', end);
  }

  private rightParen(): Token {
    this.parenDepth--;
    // The parenthesis has been read already when upstream finds it is too many: the place is behind it.
    if (this.parenDepth < 0) throw this.error(this.at + 1, "unexpected right parenthesis ')'");
    return this.symbol(')');
  }

  private word(): Token {
    let end = this.at + 1;
    while (isAlphaNumeric(this.text[end]) || this.text[end] === ':') end++;
    const word = this.text.slice(this.at, end);
    const keyword = keywordOf(word);
    if (keyword === undefined) return this.token(word.includes(':') ? 'metric-identifier' : 'identifier', end);
    // These came late to the language: only before a parenthesis, so that metrics of these names stay metrics.
    const needsParen = keyword === 'fill' || keyword === 'fill_left' || keyword === 'fill_right';
    if (needsParen && !/^[ \t\r\n]*\(/.test(this.text.slice(end))) return this.token('identifier', end);
    return this.token(keyword, end);
  }

  /** `step`, `range`, `min_of`, `max_of` inside brackets; undefined (and nothing read) for other words. */
  private durationWord(): Token | undefined {
    let end = this.at;
    while (isAlpha(this.text[end])) end++;
    const word = keywordOf(this.text.slice(this.at, end));
    const allowed = word === 'step' || word === 'range' || word === 'min_of' || word === 'max_of';
    return allowed ? this.token(word, end) : undefined;
  }

  private numberOrDuration(): Token {
    const start = this.at;
    const number = scanNumber(this.text, start);
    if (number.ok) return this.token('number', number.end);
    const duration = scanDuration(this.text, number.end);
    if (duration.ok) return this.token('duration', duration.end);
    throw this.error(start, `bad number or duration syntax: ${JSON.stringify(this.text.slice(start, duration.end))}`);
  }

  /** A quoted string, quotes and escapes still in it. */
  private string(quote: '"' | "'" | '`'): Token {
    const start = this.at;
    let at = start + 1;
    for (;;) {
      const char = this.text[at];
      if (char === quote) return this.token('string', at + 1);
      if (char === '\ufffd') throw this.error(start, 'invalid UTF-8 rune');
      if (quote === '`') {
        if (char === undefined) throw this.error(start, 'unterminated raw string');
        at++;
      } else if (char === undefined || char === '\n') {
        throw this.error(start, 'unterminated quoted string');
      } else if (char === '\\') {
        const escape = readEscape(this.text, at, quote);
        if (typeof escape === 'string') throw this.error(start, escape);
        at = escape.end;
      } else {
        at++;
      }
    }
  }

  private symbol(kind: SymbolKind): Token {
    return this.token(kind, this.at + kind.length);
  }

  private token(kind: TokenKind, end: number): Token {
    const start = this.at;
    this.at = end;
    return { kind, start, end, text: this.text.slice(start, end) };
  }

  private skipSpaceAndComments(): void {
    for (;;) {
      const char = this.text[this.at];
      if (char === ' ' || char === '\t' || char === '\n' || char === '\r') {
        this.at++;
      } else if (char === '#' && !this.durationStart) {
        while (this.at < this.text.length && this.text[this.at] !== '\n' && this.text[this.at] !== '\r') this.at++;
      } else {
        return;
      }
    }
  }

  /** A character in single quotes, for messages; the end of the text is U+FFFD there, as in upstream's. */
  private quoteAt(at: number): string {
    const code = this.text.codePointAt(at);
    return goQuoteRune(code === undefined ? '\ufffd' : String.fromCodePoint(code));
  }

  private error(start: number, message: string): ParseError {
    return parseErrorAt(this.text, { start, end: this.text.length }, message);
  }
}

interface Scan {
  readonly ok: boolean;
  /** Where scanning stopped, which error messages show. */
  readonly end: number;
}

/**
 * The longest thing that looks like a number: decimal with fraction and exponent, hexadecimal, underscores between
 * digits. What it is worth is decided later; here it is only told apart from a duration.
 */
function scanNumber(text: string, start: number): Scan {
  let at = start;
  let hex = false;
  if (text[at] === '0') {
    at++;
    if (text[at] === 'x' || text[at] === 'X') {
      at++;
      hex = true;
      if (text[at] === '_') at++;
    }
  }
  const isNumeral = hex ? isHexDigit : isDigit;
  if (text[at] === '.') at++;
  if (isNumeral(text[at])) at++;
  let dot = false;
  let exponent = false;
  for (;;) {
    const char = text[at];
    if (char === '.') {
      at++;
      if (dot) return { ok: false, end: at };
      dot = true;
      if (text[at] === '_' || text[at] === '.') return { ok: false, end: at + 1 };
      if (hex) return { ok: false, end: at };
    } else if (char === 'e' || char === 'E') {
      at++;
      if (exponent) return { ok: false, end: at };
      exponent = true;
      if (text[at] === '+' || text[at] === '-') at++;
      if (isOneOf('._eE', text[at])) return { ok: false, end: at + 1 };
      if (at >= text.length) return { ok: false, end: at };
    } else if (char === '_') {
      at++;
      if (isOneOf('._eE', text[at])) return { ok: false, end: at + 1 };
      if (at >= text.length) return { ok: false, end: at };
    } else if (isNumeral(char)) {
      while (isNumeral(text[at])) at++;
    } else {
      return { ok: at > start && !isAlphaNumeric(char), end: at };
    }
  }
}

/** The rest of a duration, from the unit behind its first number. Order and repetition of units are not checked here. */
function scanDuration(text: string, start: number): Scan {
  let at = start;
  if (!isOneOf(DURATION_UNITS, text[at])) return { ok: false, end: at };
  at++;
  if (text[at] === 's') at++;
  while (isDigit(text[at])) {
    while (isDigit(text[at])) at++;
    if (!isOneOf(LATER_DURATION_UNITS, text[at])) return { ok: false, end: at };
    at++;
    if (text[at] === 's') at++;
  }
  return isAlphaNumeric(text[at]) ? { ok: false, end: at + 1 } : { ok: true, end: at };
}

function isOneOf(set: string, char: string | undefined): boolean {
  return char !== undefined && set.includes(char);
}

function isDigit(char: string | undefined): boolean {
  return char !== undefined && char >= '0' && char <= '9';
}

function isHexDigit(char: string | undefined): boolean {
  return isDigit(char) || (char !== undefined && ((char >= 'a' && char <= 'f') || (char >= 'A' && char <= 'F')));
}

function isAlpha(char: string | undefined): boolean {
  return char !== undefined && (char === '_' || (char >= 'a' && char <= 'z') || (char >= 'A' && char <= 'Z'));
}

function isAlphaNumeric(char: string | undefined): boolean {
  return isAlpha(char) || isDigit(char);
}
