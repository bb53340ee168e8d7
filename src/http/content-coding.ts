/** Which compression an answer gets. */

export const CODINGS = ['gzip', 'deflate', 'br'] as const;
export type Coding = (typeof CODINGS)[number];

/** Longer headers are not looked at: no client lists so much. */
const HEADER_LENGTH_MAX = 1024;

/**
 * The coding with the highest weight, of equal ones the first in the client's order, as Prometheus takes the first. undefined: send it as
 * it is. `*` stands for gzip, `x-gzip` is its old name.
 */
export function preferredCoding(acceptEncoding: string): Coding | undefined {
  if (acceptEncoding.length > HEADER_LENGTH_MAX) return undefined;
  let best: Coding | undefined;
  let bestWeight = 0;
  for (const range of acceptEncoding.toLowerCase().split(',')) {
    const [token = '', ...parameters] = range.split(';').map((part) => part.trim());
    const name = token === '*' || token === 'x-gzip' ? 'gzip' : token;
    const coding = CODINGS.find((one) => one === name);
    const weight = Number(parameters.find((one) => one.startsWith('q='))?.slice('q='.length) ?? 1);
    if (coding !== undefined && weight > bestWeight) [best, bestWeight] = [coding, weight];
  }
  return best;
}
