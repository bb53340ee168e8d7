/** Set operations on postings: series refs in strictly rising order. Results are new arrays, or an argument if it is the result. */

/** Above this ratio of lengths, the short list is looked up in the long one by galloping. */
const GALLOP_RATIO = 32;

export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length > b.length) return intersect(b, a);
  const out = new Uint32Array(a.length);
  let n = 0;
  let j = 0;
  const gallop = a.length * GALLOP_RATIO < b.length;
  for (let i = 0; i < a.length && j < b.length; i++) {
    const ref = a[i]!;
    if (gallop) j = lowerBound(b, ref, j);
    else while (j < b.length && b[j]! < ref) j++;
    if (j < b.length && b[j] === ref) out[n++] = ref;
  }
  return out.subarray(0, n);
}

/** First index >= from whose element is >= ref. */
function lowerBound(list: Uint32Array, ref: number, from: number): number {
  let step = 1;
  let high = from;
  while (high < list.length && list[high]! < ref) {
    from = high + 1;
    high += step;
    step *= 2;
  }
  high = Math.min(high, list.length);
  while (from < high) {
    const middle = (from + high) >>> 1;
    if (list[middle]! < ref) from = middle + 1;
    else high = middle;
  }
  return from;
}

export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (a.length === 0 || b.length === 0) return a;
  const out = new Uint32Array(a.length);
  let n = 0;
  let j = 0;
  for (let i = 0; i < a.length; i++) {
    const ref = a[i]!;
    while (j < b.length && b[j]! < ref) j++;
    if (j === b.length || b[j] !== ref) out[n++] = ref;
  }
  return out.subarray(0, n);
}

export function union(lists: readonly Uint32Array[]): Uint32Array {
  const filled = lists.filter((list) => list.length > 0);
  if (filled.length === 0) return new Uint32Array(0);
  if (filled.length === 1) return filled[0]!;
  let total = 0;
  let disjoint = true;
  filled.sort((a, b) => a[0]! - b[0]!);
  for (let i = 0; i < filled.length; i++) {
    total += filled[i]!.length;
    if (i > 0 && filled[i - 1]!.at(-1)! >= filled[i]![0]!) disjoint = false;
  }
  const out = new Uint32Array(total);
  let n = 0;
  for (const list of filled) {
    out.set(list, n);
    n += list.length;
  }
  if (disjoint) return out;
  // Typed arrays sort numerically and natively: faster than a k-way merge for the list counts that regular expressions give.
  out.sort();
  let unique = 0;
  for (let i = 0; i < total; i++) if (i === 0 || out[i] !== out[i - 1]) out[unique++] = out[i]!;
  return out.subarray(0, unique);
}
