/** One token of lookahead over the lexer, and the "unexpected …" errors. */
import type { Position } from './ast.js';
import { Lexer } from './lexer.js';
import { type ParseError, parseErrorAt } from './parse-error.js';
import { describeToken, type Token, type TokenKind } from './token.js';

/** Tokens between two polls: a millisecond. */
const TOKENS_PER_POLL = 1000;

export class TokenReader {
  private readonly lexer: Lexer;
  private ahead: Token | undefined;
  private taken = 0;
  /** Offset behind the last token taken. */
  lastEnd = 0;

  constructor(readonly text: string, private readonly poll?: () => void) {
    this.lexer = new Lexer(text);
  }

  /** The next token, not consumed. Reading it may throw: call only when the token is needed. */
  peek(): Token {
    return (this.ahead ??= this.lexer.next());
  }

  take(): Token {
    if (++this.taken % TOKENS_PER_POLL === 0) this.poll?.();
    const token = this.peek();
    this.ahead = undefined;
    this.lastEnd = token.end;
    return token;
  }

  /** Consumes the next token if it is of the kind. */
  accept(kind: TokenKind): Token | undefined {
    return this.peek().kind === kind ? this.take() : undefined;
  }

  /** The error that the next token should not be there. */
  unexpected(context = '', expected = ''): ParseError {
    const token = this.peek();
    let message = `unexpected ${describeToken(token)}`;
    if (context !== '') message += ` in ${context}`;
    if (expected !== '') message += `, expected ${expected}`;
    return this.error(token, message);
  }

  error(pos: Position, message: string): ParseError {
    return parseErrorAt(this.text, pos, message);
  }
}
