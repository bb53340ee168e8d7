/**
 * What a regular expression amounts to, when it is one of the simple ones that people write in label matchers:
 * a set of fixed texts (`a|b|c`, `x(1|2)`, `[ab]c`), or texts with gaps (`api-.*`, `.*error.*`, `.+`). Those are
 * answered with string comparison and never reach the regular expression engine.
 *
 * This reads only a subset of RE2 and must be exact on it: whatever it accepts is valid RE2 with the same meaning,
 * whatever it is not sure of is `undefined` and left to the engine, wrong syntax included. As in Prometheus the
 * whole value must match and `.` matches a newline too.
 */

/** Fixed texts with a gap between each two: `texts.length === gaps.length + 1`; a gap is its least length, 0 or 1. */
export interface Glob {
  readonly texts: readonly string[];
  readonly gaps: readonly number[];
}

export interface RegexShape {
  /** The pattern as a choice of globs, undefined if it needs the engine. */
  readonly globs: readonly Glob[] | undefined;
  /** What every match starts with, '' if nothing is known. */
  readonly prefix: string;
  /** Steps that multiplying out took. */
  readonly work: number;
}

type Node =
  | { readonly kind: 'text'; readonly text: string }
  /** One of these characters. */
  | { readonly kind: 'class'; readonly chars: readonly string[] }
  | { readonly kind: 'any' }
  | { readonly kind: 'gap'; readonly min: number }
  | { readonly kind: 'concat'; readonly parts: readonly Node[] }
  | { readonly kind: 'alternate'; readonly branches: readonly Node[] }
  | { readonly kind: 'repeat'; readonly node: Node; readonly min: number; readonly max: number }
  /** Understood, but no fixed text: `[^a]`, `\w+`. */
  | { readonly kind: 'opaque' };

/** Products of alternatives ((a|b)(c|d)...) beyond this go to the engine; plain alternations may be of any length. */
const MAX_PRODUCT = 1024;
/** Steps of multiplying out before the engine is the better choice; a long pattern may take some for each character. */
const MAX_JOINS = 4096;
const MAX_JOINS_PER_CHARACTER = 4;
const MAX_NESTING = 64;
/** Parts of a pattern read or multiplied out between two polls: a few milliseconds. */
const PARTS_PER_POLL = 10_000;
/** Characters of a text times places where it may be that are searched without a poll: a few milliseconds at worst. */
const UNPOLLED_SEARCH = 1 << 22;
/** RE2's own limit on a counted repetition. */
const MAX_REPEAT = 1000;

/**
 * Reads a pattern. undefined: not in the subset, or not valid at all.
 * @param poll called now and then for a large one
 */
export function readShape(pattern: string, poll?: () => void): RegexShape | undefined {
  const reader = new ShapeReader(pattern, poll);
  const node = reader.readPattern();
  if (node === undefined) return undefined;
  const expansion = new Expansion(MAX_JOINS + MAX_JOINS_PER_CHARACTER * pattern.length, poll);
  const globs = expansion.expand(node);
  return { globs, prefix: wholeCharacters(leading(node).text), work: expansion.joins };
}

/** @param poll called now and then where long texts meet a long value, which is quadratic at worst */
export function matchGlob(glob: Glob, value: string, poll?: () => void): boolean {
  const { texts, gaps } = glob;
  const last = texts.length - 1;
  const head = texts[0]!;
  if (last === 0) return value === head;
  const tail = texts[last]!;
  if (!value.startsWith(head) || !value.endsWith(tail)) return false;
  const end = value.length - tail.length;
  let at = head.length;
  for (let i = 1; i < last; i++) {
    // The leftmost place is always the best one: gaps have no upper bound.
    const found = find(value, texts[i]!, at + gaps[i - 1]!, poll);
    if (found < 0) return false;
    at = found + texts[i]!.length;
  }
  return end - at >= gaps[last - 1]!;
}

function find(value: string, text: string, from: number, poll: (() => void) | undefined): number {
  if (poll === undefined || text.length * (value.length - from) <= UNPOLLED_SEARCH) return value.indexOf(text, from);
  const places = Math.ceil(UNPOLLED_SEARCH / text.length);
  for (let at = from; at + text.length <= value.length; at += places) {
    poll();
    const found = value.slice(at, at + places - 1 + text.length).indexOf(text);
    if (found >= 0) return at + found;
  }
  return -1;
}

/** Multiplies a tree out into globs, giving up when that is too many of them or too much work. */
class Expansion {
  joins = 0;
  private parts = 0;

  constructor(private readonly maxJoins: number, private readonly poll: (() => void) | undefined) {}

  expand(node: Node): Glob[] | undefined {
    if (++this.parts % PARTS_PER_POLL === 0) this.poll?.();
    switch (node.kind) {
      case 'text':
        return [{ texts: [node.text], gaps: [] }];
      case 'class':
        return node.chars.map((char) => ({ texts: [char], gaps: [] }));
      case 'gap':
        return [{ texts: ['', ''], gaps: [node.min] }];
      case 'alternate': {
        const out: Glob[] = [];
        for (const branch of node.branches) {
          const globs = this.expand(branch);
          if (globs === undefined) return undefined;
          for (const glob of globs) out.push(glob);
        }
        return out;
      }
      case 'concat':
        return this.product(node.parts);
      case 'repeat': {
        const out: Glob[] = [];
        if (node.max > MAX_PRODUCT) return undefined;
        for (let count = node.min; count <= node.max; count++) {
          const globs = this.product(Array.from({ length: count }, () => node.node));
          if (globs === undefined || out.length + globs.length > MAX_PRODUCT) return undefined;
          for (const glob of globs) out.push(glob);
        }
        return out;
      }
      default:
        return undefined;
    }
  }

  private product(parts: readonly Node[]): Glob[] | undefined {
    let out: Glob[] = [{ texts: [''], gaps: [] }];
    for (const part of parts) {
      const right = this.expand(part);
      if (right === undefined) return undefined;
      const size = out.length * right.length;
      // One side alone may be long (a bare alternation in parentheses); what multiplies is capped.
      if (out.length > 1 && right.length > 1 && size > MAX_PRODUCT) return undefined;
      this.joins += size;
      if (this.joins > this.maxJoins) return undefined;
      const next: Glob[] = [];
      for (const a of out) {
        for (const b of right) {
          const joined = join(a, b);
          if (joined === undefined) return undefined;
          next.push(joined);
        }
      }
      out = next;
    }
    return out;
  }
}

function join(a: Glob, b: Glob): Glob | undefined {
  const middle = a.texts[a.texts.length - 1]! + b.texts[0]!;
  if (middle === '' && a.gaps.length > 0 && b.gaps.length > 0) {
    const min = a.gaps[a.gaps.length - 1]! + b.gaps[0]!;
    // `.+.+` asks for two characters, and a gap counts UTF-16 units: only "at least one" is the same in both.
    if (min > 1) return undefined;
    return { texts: [...a.texts.slice(0, -1), ...b.texts.slice(1)], gaps: [...a.gaps.slice(0, -1), min, ...b.gaps.slice(1)] };
  }
  return { texts: [...a.texts.slice(0, -1), middle, ...b.texts.slice(1)], gaps: [...a.gaps, ...b.gaps] };
}

/** Text that all matches of a node start with; `exact` if the node matches nothing but this text. */
function leading(node: Node): { text: string; exact: boolean } {
  switch (node.kind) {
    case 'text':
      return { text: node.text, exact: true };
    case 'class':
      return node.chars.length === 1 ? { text: node.chars[0]!, exact: true } : { text: '', exact: false };
    case 'concat': {
      let text = '';
      for (const part of node.parts) {
        const next = leading(part);
        text += next.text;
        if (!next.exact) return { text, exact: false };
      }
      return { text, exact: true };
    }
    case 'alternate': {
      let { text, exact } = leading(node.branches[0]!);
      for (let i = 1; i < node.branches.length; i++) {
        const next = leading(node.branches[i]!);
        exact &&= next.exact && next.text === text;
        text = commonStart(text, next.text);
      }
      return { text, exact };
    }
    case 'repeat': {
      if (node.min === 0) return { text: '', exact: false };
      const once = leading(node.node);
      return { text: once.text, exact: once.exact && node.min === 1 && node.max === 1 };
    }
    default:
      return { text: '', exact: false };
  }
}

function commonStart(a: string, b: string): string {
  let n = 0;
  while (n < a.length && n < b.length && a.charCodeAt(n) === b.charCodeAt(n)) n++;
  return a.slice(0, n);
}

/** A prefix must not end between the two halves of a surrogate pair: indexes compare it as UTF-8. */
function wholeCharacters(text: string): string {
  const end = text.charCodeAt(text.length - 1);
  return end >= 0xd800 && end <= 0xdbff ? text.slice(0, -1) : text;
}

const DIGITS = [...'0123456789'];
const QUANTIFIERS = '*+?{';
const META = '\\.+*?()|[]{}^$';

class ShapeReader {
  private at = 0;
  private depth = 0;
  private parts = 0;

  constructor(private readonly pattern: string, private readonly poll: (() => void) | undefined) {}

  readPattern(): Node | undefined {
    const node = this.readAlternation();
    return this.at === this.pattern.length ? node : undefined;
  }

  private readAlternation(): Node | undefined {
    const branches: Node[] = [];
    for (;;) {
      const branch = this.readBranch();
      if (branch === undefined) return undefined;
      branches.push(branch);
      if (this.pattern[this.at] !== '|') break;
      this.at++;
    }
    return branches.length === 1 ? branches[0] : { kind: 'alternate', branches };
  }

  private readBranch(): Node | undefined {
    const parts: Node[] = [];
    let text = '';
    // The whole is anchored already, so anchors around a top-level branch say nothing new.
    if (this.depth === 0 && this.pattern[this.at] === '^') this.at++;
    while (this.at < this.pattern.length) {
      const char = this.pattern[this.at]!;
      if (char === '|' || char === ')') break;
      if (char === '$' && this.depth === 0 && (this.at + 1 === this.pattern.length || this.pattern[this.at + 1] === '|')) {
        this.at++;
        break;
      }
      const atom = this.readAtom(char);
      if (atom === undefined) return undefined;
      const piece = this.readQuantifier(atom);
      if (piece === undefined) return undefined;
      if (piece.kind === 'text') {
        text += piece.text;
        continue;
      }
      if (text !== '') parts.push({ kind: 'text', text });
      text = '';
      parts.push(piece);
    }
    if (parts.length === 0) return { kind: 'text', text };
    if (text !== '') parts.push({ kind: 'text', text });
    return parts.length === 1 ? parts[0] : { kind: 'concat', parts };
  }

  private readAtom(char: string): Node | undefined {
    if (++this.parts % PARTS_PER_POLL === 0) this.poll?.();
    switch (char) {
      case '.':
        this.at++;
        return { kind: 'any' };
      case '(':
        return this.readGroup();
      case '[':
        return this.readClass();
      case '\\':
        return this.readEscape();
      case ']':
      case '}':
        this.at++;
        return { kind: 'text', text: char };
      default: {
        if (META.includes(char)) return undefined;
        const text = String.fromCodePoint(this.pattern.codePointAt(this.at)!);
        this.at += text.length;
        return { kind: 'text', text };
      }
    }
  }

  private readGroup(): Node | undefined {
    this.at++;
    if (this.pattern.startsWith('?:', this.at)) this.at += 2;
    if (this.depth === MAX_NESTING) return undefined;
    this.depth++;
    const inside = this.readAlternation();
    this.depth--;
    if (inside === undefined || this.pattern[this.at] !== ')') return undefined;
    this.at++;
    // Wrapped, so that a quantifier after the parenthesis takes the whole and the text is not merged before it.
    return inside.kind === 'text' ? { kind: 'concat', parts: [inside] } : inside;
  }

  private readEscape(): Node | undefined {
    const next = this.pattern[this.at + 1];
    if (next === undefined) return undefined;
    this.at += 2;
    if (next === 'd') return { kind: 'class', chars: DIGITS };
    if (next === 'w' || next === 's' || next === 'D' || next === 'W' || next === 'S') return { kind: 'opaque' };
    return isAsciiPunctuation(next) ? { kind: 'text', text: next } : undefined;
  }

  private readClass(): Node | undefined {
    this.at++;
    const negated = this.pattern[this.at] === '^';
    if (negated) this.at++;
    const chars = new Set<string>();
    for (let first = true; ; first = false) {
      const char = this.pattern[this.at];
      if (char === undefined) return undefined;
      if (char === ']' && !first) break;
      if (char === '\\' && this.pattern[this.at + 1] === 'd') {
        this.at += 2;
        for (const digit of DIGITS) chars.add(digit);
        // `\d-x` is an error in RE2, `\d-]` is not; not worth telling apart.
        if (this.pattern[this.at] === '-') return undefined;
        continue;
      }
      const low = this.readClassChar();
      if (low === undefined) return undefined;
      if (this.pattern[this.at] !== '-' || this.pattern[this.at + 1] === ']') {
        // An unescaped `-` in the middle has rules of its own.
        if (low === '-' && char === '-' && !first && this.pattern[this.at] !== ']') return undefined;
        chars.add(low);
        continue;
      }
      this.at++;
      const high = this.readClassChar();
      if (high === undefined || low > high || low === '-') return undefined;
      for (let code = low.charCodeAt(0); code <= high.charCodeAt(0); code++) chars.add(String.fromCharCode(code));
    }
    this.at++;
    return negated ? { kind: 'opaque' } : { kind: 'class', chars: [...chars] };
  }

  /** One ASCII character of a class, plain or escaped; everything else is for the engine. */
  private readClassChar(): string | undefined {
    let char = this.pattern[this.at];
    if (char === '\\') {
      char = this.pattern[this.at + 1];
      if (char === undefined || !isAsciiPunctuation(char)) return undefined;
      this.at += 2;
      return char;
    }
    if (char === undefined || char === '[' || char === ']' || char < ' ' || char > '~') return undefined;
    this.at++;
    return char;
  }

  private readQuantifier(node: Node): Node | undefined {
    const char = this.pattern[this.at];
    if (char === undefined || !QUANTIFIERS.includes(char)) return node;
    let min = 0;
    let max = Infinity;
    if (char === '{') {
      const counted = /^\{(\d{1,4})(,(\d{0,4}))?\}/.exec(this.pattern.slice(this.at, this.at + 12));
      // RE2 limits the product of nested counts; leave counted groups to it.
      if (counted === null || node.kind === 'concat' || node.kind === 'alternate' || node.kind === 'repeat') return undefined;
      min = Number(counted[1]);
      max = counted[2] === undefined ? min : counted[3] === '' ? Infinity : Number(counted[3]);
      if (min > MAX_REPEAT || (max > MAX_REPEAT && max !== Infinity) || max < min) return undefined;
      this.at += counted[0].length;
    } else {
      if (char === '+') min = 1;
      if (char === '?') max = 1;
      this.at++;
    }
    // Lazy or greedy is the same for a yes-or-no answer.
    if (this.pattern[this.at] === '?') this.at++;
    const next = this.pattern[this.at];
    if (next !== undefined && QUANTIFIERS.includes(next)) return undefined;
    if (node.kind === 'any' && max === Infinity && min <= 1) return { kind: 'gap', min };
    return { kind: 'repeat', node, min, max };
  }
}

function isAsciiPunctuation(char: string): boolean {
  return /^[!-/:-@[-`{-~]$/.test(char);
}
