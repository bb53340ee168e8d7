/**
 * Cuts a large regular expression that must match a whole value into smaller ones of which any may match: at its alternatives, or at
 * those of a group in it (`a(b|c|d)e` is `a(?:b|c)e` or `a(?:d)e`). Compiling cannot be interrupted, so that no piece may be large.
 * Capturing groups lose their numbers by it.
 */

/** Instructions of a piece. Compiling takes about 10 us for each as long as that code is cold. */
export const MAX_PIECE_SIZE = 3_000;
/** A class of the Unicode tables (`\pL`) has hundreds of ranges: 200 us each to compile. */
const UNICODE_CLASS_SIZE = 15;
/** Where it begins and where it ends. */
const CAPTURE_SIZE = 2;
/** What the flags of the whole and `(?:` `)` around a bundle add, at most. */
const AROUND_SIZE = 9;

/**
 * Rough upper bound of the compiled size: one for each character, two more for a group that captures, counted repetitions multiplied
 * out. Stops counting at `max`.
 */
export function programSize(pattern: string, max: number): number {
  const groups: number[] = [];
  let total = 0;
  let last = 0;
  for (let i = 0; i < pattern.length && total <= max; i++) {
    const char = pattern[i]!;
    const repeat = char === '{' ? /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(pattern.slice(i, i + 12)) : null;
    if (repeat !== null) {
      total += last * (Math.max(Number(repeat[1]), Number(repeat[2] ?? 0)) - 1);
      i += repeat[0].length - 1;
      last = 0;
    } else if (char === '(') {
      groups.push(total);
      if (pattern[i + 1] !== '?') total += CAPTURE_SIZE;
    } else if (char === ')') {
      last = total - (groups.pop() ?? 0);
    } else if (char === '[' || (char === '\\' && pattern[i + 1] === 'Q')) {
      // What looks like a group inside of a class or of quoted text is none.
      const end = char === '[' ? endOfClass(pattern, i) : endOfQuote(pattern, i);
      const text = pattern.slice(i, end + 1);
      total += text.length + (text.match(/\\p/gi)?.length ?? 0) * UNICODE_CLASS_SIZE;
      last = 1;
      i = end;
    } else {
      last = 1;
      total++;
      if (char === '\\') {
        i++;
        if (pattern[i] === 'p' || pattern[i] === 'P') total += UNICODE_CLASS_SIZE - 1;
      }
    }
  }
  return total;
}

/** The pieces, each with the flags that the pattern begins with. A piece that cannot be cut is as large as it is. */
export function regexPieces(pattern: string): string[] {
  // Most patterns are small.
  if (programSize(pattern, MAX_PIECE_SIZE) <= MAX_PIECE_SIZE) return [pattern];
  const flags = /^\(\?[imsU]+\)/.exec(pattern)?.[0] ?? '';
  return cut(pattern.slice(flags.length), MAX_PIECE_SIZE).map((piece) => flags + piece);
}

/** Pieces of `maxSize` each, where there are any. */
function cut(pattern: string, maxSize: number): string[] {
  if (programSize(pattern, maxSize) <= maxSize) return [pattern];
  const structure = structureOf(pattern);
  if (structure === undefined) return [pattern];
  const alternatives = alternativesOf(pattern, structure);
  if (alternatives.length > 1) {
    return bundles(alternatives, maxSize - AROUND_SIZE)
      .flatMap((bundle) => (bundle.length > 1 ? bundle.join('|') : cut(bundle[0]!, maxSize)));
  }
  const group = largest(pattern, structure.groups);
  if (group === undefined) return [pattern];
  const [before, after] = [pattern.slice(0, group.start), pattern.slice(group.end + 1)];
  const around = programSize(before, maxSize) + programSize(after, maxSize) + AROUND_SIZE;
  // Each piece repeats what is around the group.
  if (around > maxSize / 2) return [pattern];
  return cut(pattern.slice(group.inner, group.end), maxSize - around).map((piece) => `${before}(?:${piece})${after}`);
}

/** Neighbours, as many as are small enough together; one that is too large is alone. */
function bundles(alternatives: readonly string[], maxSize: number): string[][] {
  const out: string[][] = [];
  let bundle: string[] = [];
  let size = 0;
  for (const alternative of alternatives) {
    const more = programSize(alternative, maxSize) + 1;
    if (bundle.length > 0 && size + more > maxSize) {
      out.push(bundle);
      bundle = [];
      size = 0;
    }
    bundle.push(alternative);
    size += more;
  }
  out.push(bundle);
  return out;
}

function alternativesOf(pattern: string, { bars }: Structure): string[] {
  const starts = [0, ...bars.map((bar) => bar + 1)];
  return starts.map((start, i) => pattern.slice(start, bars[i] ?? pattern.length));
}

function largest(pattern: string, groups: readonly Group[]): Group | undefined {
  let found: Group | undefined;
  let foundSize = 0;
  for (const group of groups) {
    const size = programSize(pattern.slice(group.inner, group.end), MAX_PIECE_SIZE);
    if (size <= foundSize) continue;
    found = group;
    foundSize = size;
  }
  return found;
}

/** Of the outermost level. */
interface Structure {
  readonly bars: readonly number[];
  readonly groups: readonly Group[];
}

/** `(`, what it holds, `)`: one that is there once and changes no flags. */
interface Group {
  readonly start: number;
  readonly inner: number;
  readonly end: number;
}

/** Flags for all that follows. */
const FLAGS = /\(\?[imsU-]+\)/y;

/** undefined: something that is better left alone, wrong syntax included. */
function structureOf(pattern: string): Structure | undefined {
  const bars: number[] = [];
  const groups: Group[] = [];
  let depth = 0;
  let start = 0;
  for (let i = 0; i < pattern.length; i++) {
    switch (pattern[i]) {
      case '\\':
        // \Q...\E
        if (pattern[++i] === 'Q') return undefined;
        break;
      case '[':
        i = endOfClass(pattern, i);
        break;
      case '(':
        if (depth++ > 0) break;
        start = i;
        FLAGS.lastIndex = i;
        if (FLAGS.test(pattern)) return undefined;
        break;
      case ')': {
        if (--depth < 0) return undefined;
        const inner = depth === 0 ? innerOf(pattern, start) : undefined;
        if (inner !== undefined && !'*+?{'.includes(pattern[i + 1] ?? '|')) groups.push({ start, inner, end: i });
        break;
      }
      case '|':
        if (depth === 0) bars.push(i);
        break;
    }
  }
  return depth === 0 ? { bars, groups } : undefined;
}

/** Where the inside of the group at `start` begins; undefined if it has flags of its own. */
function innerOf(pattern: string, start: number): number | undefined {
  if (pattern[start + 1] !== '?') return start + 1;
  const opening = /^\(\?(?::|P?<\w+>)/.exec(pattern.slice(start, start + 200))?.[0];
  return opening === undefined ? undefined : start + opening.length;
}

/** Index of the `]` of the class that begins at `at`, or of the end. */
function endOfClass(pattern: string, at: number): number {
  let i = at + 1;
  if (pattern[i] === '^') i++;
  if (pattern[i] === ']') i++;
  for (; i < pattern.length && pattern[i] !== ']'; i++) {
    if (pattern[i] === '\\') i++;
    else if (pattern.startsWith('[:', i)) {
      const end = pattern.indexOf(':]', i + 2);
      if (end > 0) i = end + 1;
    }
  }
  return i;
}

/** Index of the last character of the `\Q…\E` that begins at `at`. */
function endOfQuote(pattern: string, at: number): number {
  const end = pattern.indexOf('\\E', at + 2);
  return end < 0 ? pattern.length - 1 : end + 1;
}
