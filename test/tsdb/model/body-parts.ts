/** The parts in which a store may take the rows of a body: a walk stores those of one head, and may go on with those of another. */
import { isBlock, type SourceDescriptor } from '../../../src/tsdb/head/descriptor.js';
import { keyOf, textOf, type Row } from './store-model.js';

/** Beyond that not every place is tried at which a body can be divided. */
const MANY_ROWS = 16;

/** The heads that a body may have met. */
export interface MetHeads {
  readonly rangeMs: number;
  readonly before: readonly SourceDescriptor[];
  readonly after: readonly SourceDescriptor[];
  /** Heads may end before their range is over. */
  readonly closesEarly: boolean;
}

/** What may be stored of a body whose walk did not come to its end: nothing, the rows of one head, or those of two. */
export function* beginnings(rows: readonly Row[], heads: MetHeads): Generator<Row[]> {
  yield [];
  const begun = firstParts(rows, heads);
  yield* begun;
  for (const one of begun) {
    for (const other of firstParts(without(rows, one), heads, MANY_ROWS)) yield [...one, ...other];
  }
}

/** Ways to begin: with the rows of one head. With `splitMax` rows at most it may be one that goes early. */
export function firstParts(rows: readonly Row[], { rangeMs, before, after, closesEarly }: MetHeads, splitMax = Infinity): Row[][] {
  const byHead = [(t: number): number => Math.floor(t / rangeMs), headOf(before), headOf(after)];
  // A head that goes early takes what comes up to some time of its own; what is later is for one that may not be there yet.
  const byPart = closesEarly && rows.length <= splitMax
    ? byHead.flatMap((head) => rows.map((row) => (t: number): string => `${head(t)} ${t > row.t}`)) : [];
  const groupings: ((t: number) => number | string)[] = [...byHead, ...byPart];
  return groupings.flatMap((group) => {
    const groups = new Set(rows.map((row) => group(row.t)));
    return Array.from(groups, (one) => rows.filter((row) => group(row.t) === one));
  });
}

/** Which head takes a time: of those that cover it the one with the highest id. */
function headOf(sources: readonly SourceDescriptor[]): (t: number) => number {
  return (t) => Math.max(-1, ...sources.filter((one) => !isBlock(one) && one.mint <= t && t < one.maxt).map(({ id }) => id));
}

/** Each of `taken` takes one row that is equal to it. */
export function without(rows: readonly Row[], taken: readonly Row[]): Row[] {
  const left = new Map<string, number>();
  const key = ({ series, t, value }: Row): string => keyOf(series, t, textOf(value));
  for (const row of taken) left.set(key(row), (left.get(key(row)) ?? 0) + 1);
  return rows.filter((row) => {
    const n = left.get(key(row)) ?? 0;
    left.set(key(row), n - 1);
    return n <= 0;
  });
}
