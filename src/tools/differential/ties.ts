/**
 * `topk` and `bottomk` of equal values may take any of them. Whether a question has equal values where it matters is asked, so that a
 * wrong choice among different values is found.
 */
import { ask, hasEqualValues, type Question } from './answers.js';

export const TIES = 'which of equal values topk and bottomk take is undefined; with all taken, the answers agree';

const CALL = /\b(?:topk|bottomk)\b(?: (?:by|without) \([^)]*\) )?\(/g;

/** True if an argument of a `topk` or `bottomk` in the question has equal values, or is evaluated at other times than the question. */
export async function mayHaveTies(base: string, question: Question): Promise<boolean> {
  const { text } = question;
  for (const call of text.matchAll(CALL)) {
    const from = call.index + call[0].length;
    const to = endOfCall(text, from);
    // Inside a subquery it is evaluated at times of its own.
    if (text.slice(to).includes(')[')) return true;
    const inner = text.slice(endOfArgument(text, from) + 1, to);
    if (hasEqualValues(await ask(base, { ...question, text: inner }))) return true;
  }
  return false;
}

/** Index of the bracket that closes the call whose arguments begin at `from`. Brackets in strings of the questions are balanced. */
function endOfCall(text: string, from: number): number {
  return endAt(text, from, '');
}

/** Index of the comma behind the argument that begins at `from`. */
function endOfArgument(text: string, from: number): number {
  return endAt(text, from, ',');
}

function endAt(text: string, from: number, separator: string): number {
  let depth = 1;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '(') depth++;
    else if (text[i] === ')' && --depth === 0) return i;
    else if (text[i] === separator && depth === 1) return i;
  }
  return text.length;
}
