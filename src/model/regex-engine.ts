/**
 * Regular expressions that need the engine (re2js): bounded in size, and stopped while they match. The engine is linear, but the size of
 * a pattern times the length of a value is work of half a minute, and one call of the engine does all of it.
 */
import { RE2JS, RE2JSException } from 're2js';
import { MAX_PROGRAM_SIZE, type RegexBudget, RegexError } from './regex-limits.js';
import { MAX_PIECE_SIZE, programSize, regexPieces } from './regex-pieces.js';
import { type Groups, groupsOf } from './regex-template.js';

/** Instructions times characters that are matched without a poll: at 75 ns for each, the most there is, some 10 ms. */
const UNPOLLED_WORK = 150_000;

/** Whole values, without groups. */
export class RegexTest {
  /** Estimated instructions. */
  private readonly size: number;
  private readonly pieces: RE2JS[] = [];
  /** Work since the last poll. */
  private unpolled = 0;

  /** @throws RegexError, and what the budget's poll throws */
  constructor(pattern: string, budget?: RegexBudget) {
    this.size = programSize(pattern, MAX_PROGRAM_SIZE);
    if (this.size > MAX_PROGRAM_SIZE) throw tooLarge(pattern, this.size, MAX_PROGRAM_SIZE);
    budget?.spend(this.size, pattern);
    for (const piece of regexPieces(pattern)) {
      this.pieces.push(compile(piece, pattern));
      budget?.poll?.();
    }
  }

  /** @param poll called while a large pattern meets a long value, or many; throws if it is not wanted any more */
  matches(value: string, poll?: () => void): boolean {
    const work = this.size * (value.length + 1);
    this.unpolled += work;
    if (this.unpolled < UNPOLLED_WORK || poll === undefined) return this.pieces.some((piece) => piece.testExact(value));
    this.unpolled = 0;
    poll();
    const input = work < UNPOLLED_WORK ? value : polledInput(value, poll);
    return this.pieces.some((piece) => piece.testExact(input));
  }
}

/** Whole values, with what the groups of the pattern captured. */
export class RegexCapture {
  private readonly regex: RE2JS;
  private readonly size: number;
  private unpolled = 0;

  /** @throws RegexError also where `RegexTest` would cut the pattern: groups have numbers */
  constructor(pattern: string, budget?: RegexBudget) {
    this.size = programSize(pattern, MAX_PIECE_SIZE);
    if (this.size > MAX_PIECE_SIZE) throw tooLarge(pattern, this.size, MAX_PIECE_SIZE);
    budget?.spend(this.size, pattern);
    // By itself first: `a)(b` would be in order between the anchors, which are there because they make it faster.
    compile(pattern, pattern);
    this.regex = RE2JS.compile(`^(?s:${pattern})$`);
  }

  /** What the groups captured in `value`; undefined if it does not match. */
  match(value: string, poll?: () => void): Groups | undefined {
    const { regex } = this;
    const work = this.size * (value.length + 1) * (regex.groupCount() + 1);
    this.unpolled += work;
    let input: string | Uint8Array = value;
    if (this.unpolled >= UNPOLLED_WORK && poll !== undefined) {
      this.unpolled = 0;
      poll();
      if (work >= UNPOLLED_WORK) input = polledInput(value, poll);
    }
    const matcher = regex.matcher(input);
    return matcher.matches() ? groupsOf(regex, matcher) : undefined;
  }
}

function tooLarge(pattern: string, size: number, limit: number): RegexError {
  return new RegexError(`error parsing regexp: expression too large: about ${size} instructions, limit ${limit}`, pattern);
}

/** @param whole for the error, which shows where in the pattern it is */
function compile(piece: string, whole: string): RE2JS {
  // What cannot be cut is refused: see MAX_PIECE_SIZE.
  const size = programSize(piece, MAX_PIECE_SIZE);
  if (size > MAX_PIECE_SIZE) throw new RegexError(
    `error parsing regexp: expression too large: about ${size} instructions without alternatives, limit ${MAX_PIECE_SIZE}`, whole,
  );
  try {
    return RE2JS.compile(piece, RE2JS.DOTALL);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    // re2js puts our flag in front of the pattern and shows it where it quotes the whole.
    throw new RegexError(error.message.replace(/`\(\?s\)/, '`'), whole, { cause: error });
  }
}

/**
 * The value's UTF-8 as an array that polls whenever the engine reads of it, which it does for each character, and only a step of all its
 * states apart: the one way into its loop. A read takes 0.1 us, so that this is for large work only.
 */
function polledInput(value: string, poll: () => void): Uint8Array {
  return new Proxy(new TextEncoder().encode(value), {
    get(bytes, key) {
      const found: unknown = Reflect.get(bytes, key, bytes);
      if (typeof found === 'number') poll();
      // Methods of typed arrays take no proxy for an array.
      return typeof found === 'function' ? found.bind(bytes) : found;
    },
  });
}
