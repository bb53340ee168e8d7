/**
 * Cuts a large regular expression that must match a whole value into smaller ones of which any may match: at its alternatives, or at
 * those of a group in it (`a(b|c|d)e` is `a(?:b|c)e` or `a(?:d)e`). Compiling cannot be interrupted, so that no piece may be large.
 * Capturing groups lose their numbers by it.
 */

/** Instructions of a piece. Compiling takes about 10 us for each as long as that code is cold. */
export const MAX_PIECE_SIZE = 3_000;
/** A class of the Unicode tables (`\pL`) has hundreds of ranges: 200 us each to compile. */
const UNICODE_CLASS_SIZE = 15;
/** What the flags of the whole and `(?:` `)` around a bundle add, at most. */
const AROUND_SIZE = 9;

/** Rough upper bound of the compiled size: one for each character, counted repetitions multiplied out. Stops counting at `max`. */
export function programSize(pattern: string, max: number): number {
  const groups: number[] = [];
  let total = 0;
  let last = 0;
  for (let i = 0; i < pattern.length; i++) {
    const char = pattern[i]!;
    const repeat = char === '{' ? /^\{(\d{1,4})(?:,(\d{0,4}))?\}/.exec(pattern.slice(i, i + 12)) : null;
    if (repeat !== null) {
      total += last * (Math.max(Number(repeat[1]), Number(repeat[2] ?? 0)) - 1);
      i += repeat[0].length - 1;
      last = 0;
    } else if (char === '(') {
      groups.push(total);
    } else if (char === ')') {
      last = total - (groups.pop() ?? 0);
    } else {
      last = 1;
      total++;
      if (char === '\\') {
        i++;
        if (pattern[i] === 'p' || pattern[i] === 'P') total += UNICODE_CLASS_SIZE - 1;
      }
    }
    if (total > max) break;
  }
  return total;
}

/** The pieces, each with the flags that the pattern begins with. A piece that cannot be cut is as large as it is. */
export function regexPieces(pattern: string): string[] {
  if (isSmall(pattern)) return [pattern];
  const flags = /^\(\?[imsU]+\)/.exec(pattern)?.[0] ?? '';
  return cut(pattern.slice(flags.length)).map((piece) => flags + piece);
}

function isSmall(pattern: string): boolean {
  return programSize(pattern, MAX_PIECE_SIZE) <= MAX_PIECE_SIZE;
}

function cut(pattern: string): string[] {
  if (isSmall(pattern)) return [pattern];
  const structure = structureOf(pattern);
  if (structure === undefined) return [pattern];
  const alternatives = alternativesOf(pattern, structure);
  if (alternatives.length > 1) {
    return bundles(alternatives, MAX_PIECE_SIZE - AROUND_SIZE)
      .flatMap((bundle) => (bundle.length > 1 ? bundle.join('|') : cut(bundle[0]!)));
  }
  const group = largest(structure.groups);
  return group === undefined ? [pattern] : cutAtGroup(pattern, group);
}

function cutAtGroup(pattern: string, { start, inner, end }: Group): string[] {
  const [before, after] = [pattern.slice(0, start), pattern.slice(end + 1)];
  const inside = pattern.slice(inner, end);
  const rest = programSize(before, MAX_PIECE_SIZE) + programSize(after, MAX_PIECE_SIZE);
  const structure = structureOf(inside);
  // Each piece repeats what is around the group.
  if (structure === undefined || rest > MAX_PIECE_SIZE / 2) return [pattern];
  const alternatives = alternativesOf(inside, structure);
  if (alternatives.length === 1) return cut(before + inside + after);
  return bundles(alternatives, MAX_PIECE_SIZE - rest - AROUND_SIZE).flatMap((bundle) => {
    const piece = `${before}(?:${bundle.join('|')})${after}`;
    return bundle.length > 1 ? piece : cut(piece);
  });
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

function largest(groups: readonly Group[]): Group | undefined {
  let found: Group | undefined;
  for (const group of groups) if (found === undefined || group.end - group.inner > found.end - found.inner) found = group;
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
        // Flags for all that follows.
        if (/^\(\?[imsU-]+\)/.test(pattern.slice(i, i + 12))) return undefined;
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
