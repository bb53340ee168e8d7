import type { Position } from './ast.js';

/** A query that is not PromQL. The message is upstream's: `1:5: parse error: unexpected …`. */
export class ParseError extends Error {
  override name = 'ParseError';
  constructor(
    message: string,
    readonly pos: Position,
  ) {
    super(message);
  }
}
