import type { Position } from './ast.js';
import { formatPosition } from './position.js';

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

/** The error for a place in `text`, with the place in front of the message. */
export function parseErrorAt(text: string, pos: Position, message: string): ParseError {
  return new ParseError(`${formatPosition(text, pos.start)}: parse error: ${message}`, pos);
}
