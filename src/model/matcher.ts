/** A label matcher: `name="value"`, `!=`, `=~`, `!~`. Regular expressions are fully anchored and linear in time. */
export type MatchType = '=' | '!=' | '=~' | '!~';

export class Matcher {
  /**
   * For `=~` and `!~` patterns that stand for a finite set of literals (`a|b|c`, `x(1|2)`): that set, so that an
   * index can answer without scanning. undefined otherwise.
   */
  readonly literals: readonly string[] | undefined;
  /** Literal that every match of a regular expression starts with, '' if none. */
  readonly prefix: string = '';

  /** @throws RegexError (code 'bad_regex') if the pattern is not RE2 syntax or is over a limit. */
  constructor(
    readonly type: MatchType,
    readonly name: string,
    readonly value: string,
  ) {
    this.literals = undefined;
  }

  matches(value: string): boolean {
    switch (this.type) {
      case '=':
        return value === this.value;
      case '!=':
        return value !== this.value;
      default:
        throw new Error(`regular expressions are not compiled yet: ${this.toString()}`);
    }
  }

  /** True if a series without the label matches. */
  matchesEmpty(): boolean {
    return this.matches('');
  }

  toString(): string {
    return `${this.name}${this.type}${JSON.stringify(this.value)}`;
  }
}
