/**
 * How well a name fits what somebody typed, from 0 to 1, for the search endpoints. Two algorithms, as in Prometheus
 * (`fuzz_alg`): `subsequence`, the typed characters in order with gaps between, and `jarowinkler`, similar spelling.
 */

export const FUZZ_ALGORITHMS = ['subsequence', 'jarowinkler'] as const;
export type FuzzAlgorithm = (typeof FUZZ_ALGORITHMS)[number];

/** The score of a text, undefined if it does not match. */
export type TextMatch = (text: string) => number | undefined;

/** Scores of a text that holds what was typed: at its beginning, and elsewhere. */
const PREFIX_SCORE = 1;
const SUBSTRING_SCORE = 0.9;

/** @param threshold 0 to 1; for `jarowinkler` 0 means that only texts which contain the typed one match */
export function textMatch(typed: string, algorithm: FuzzAlgorithm, threshold: number, caseSensitive: boolean): TextMatch {
  const fold = caseSensitive ? (text: string) => text : (text: string) => text.toLowerCase();
  const wanted = fold(typed);
  if (wanted === '') return () => PREFIX_SCORE;
  const points = Array.from(wanted);
  const fuzzy = algorithm === 'subsequence' ? subsequenceScore : jaroWinklerScore;
  return (text) => {
    const folded = fold(text);
    if (folded.startsWith(wanted)) return PREFIX_SCORE;
    if (algorithm === 'jarowinkler') {
      if (folded.includes(wanted)) return SUBSTRING_SCORE;
      if (threshold === 0) return undefined;
    }
    const score = fuzzy(points, Array.from(folded));
    if (algorithm === 'subsequence' && score === 0) return undefined;
    return score >= threshold ? score : undefined;
  };
}

/** Matches what any of the given ones matches, with the best score. */
export function anyMatch(matches: readonly TextMatch[]): TextMatch {
  if (matches.length === 1) return matches[0]!;
  return (text) => {
    let best: number | undefined;
    for (const match of matches) {
      const score = match(text);
      if (score !== undefined && (best === undefined || score > best)) best = score;
    }
    return best;
  };
}

/**
 * The squares of the lengths of runs, minus what is left out before, between and (half) behind them relative to the
 * length of the text; the best of all beginnings, as a share of one unbroken run. 0 if the characters are not there in order.
 */
function subsequenceScore(wanted: readonly string[], text: readonly string[]): number {
  let best = -1;
  for (let start = 0; start + wanted.length <= text.length; start++) {
    if (text[start] !== wanted[0]) continue;
    const score = scoreFrom(wanted, text, start);
    // What cannot be completed from here cannot be completed from further on.
    if (score === undefined) break;
    if (score > best) best = score;
  }
  return best < 0 ? 0 : best / (wanted.length * wanted.length);
}

function scoreFrom(wanted: readonly string[], text: readonly string[], start: number): number | undefined {
  const share = 1 / text.length;
  let score = 0;
  let found = 0;
  let at = start;
  let afterRun = 0;
  while (found < wanted.length) {
    while (at < text.length && text[at] !== wanted[found]) at++;
    if (at === text.length) return undefined;
    const runStart = at;
    while (found < wanted.length && at < text.length && text[at] === wanted[found]) {
      at++;
      found++;
    }
    score += (at - runStart) * (at - runStart) - (runStart - afterRun) * share;
    afterRun = at;
  }
  return score - (text.length - afterRun) * share * 0.5;
}

/** Weight of a common beginning of up to four characters (Winkler 1990). */
const PREFIX_WEIGHT = 0.1;
const PREFIX_MAX = 4;

function jaroWinklerScore(a: readonly string[], b: readonly string[]): number {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  if (short.length === 0) return 0;
  const reach = Math.max(Math.floor(long.length / 2) - 1, 0);
  const taken = new Uint8Array(long.length);
  const matched: string[] = [];
  for (let i = 0; i < short.length; i++) {
    const end = Math.min(i + reach + 1, long.length);
    for (let j = Math.max(i - reach, 0); j < end; j++) {
      if (taken[j] === 1 || short[i] !== long[j]) continue;
      taken[j] = 1;
      matched.push(short[i]!);
      break;
    }
  }
  if (matched.length === 0) return 0;
  let misplaced = 0;
  let next = 0;
  for (let j = 0; j < long.length; j++) if (taken[j] === 1 && long[j] !== matched[next++]) misplaced++;
  const m = matched.length;
  const jaro = (m / short.length + m / long.length + (m - misplaced / 2) / m) / 3;
  let prefix = 0;
  while (prefix < Math.min(PREFIX_MAX, short.length) && short[prefix] === long[prefix]) prefix++;
  return jaro + prefix * PREFIX_WEIGHT * (1 - jaro);
}
