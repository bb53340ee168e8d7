/** How large regular expressions may be: each, and those of one request together. */
import { MAX_PIECE_SIZE } from './regex-pieces.js';

/**
 * Estimated instructions of a pattern that the engine has to run. re2js needs about 0.7 KB an instruction to compile one, so this
 * bounds a single pattern to some 40 MB for a moment.
 */
export const MAX_PROGRAM_SIZE = 64_000;
/** Of all patterns of a request, most of which are held until its end. */
const REQUEST_SIZE_MAX = 4 * MAX_PROGRAM_SIZE;

/** A pattern that is not RE2 syntax, or too large. The message is the one of Go's regexp package where it has one. */
export class RegexError extends Error {
  override name = 'RegexError';
  readonly code = 'bad_regex';

  constructor(message: string, readonly pattern: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/** What the regular expressions of one request may still take, and how reading them is stopped. */
export class RegexBudget {
  private left: number;

  /**
   * @param poll called now and then while a pattern is read and compiled; throws if it is not wanted any more
   * @param max instructions: about 2 us of the processor each, 10 as long as that code is cold
   */
  constructor(readonly poll?: () => void, private readonly max = REQUEST_SIZE_MAX) {
    this.left = max;
  }

  /** For a request on the thread that takes samples: no more than is compiled at once anyhow. */
  static ofOnePiece(): RegexBudget {
    return new RegexBudget(undefined, MAX_PIECE_SIZE);
  }

  /** To be called before `size` instructions are made of a pattern. @throws RegexError */
  spend(size: number, pattern: string): void {
    this.left -= size;
    if (this.left < 0) throw new RegexError(`regular expressions are too large together, limit ${this.max} instructions`, pattern);
  }
}
