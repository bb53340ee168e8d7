import { compareUtf8 } from '../../model/labels.js';

const CHUNKS = /\d+|\D+/g;

/**
 * Order in which numbers inside texts count as numbers: `eth2` before `eth10`. Texts are compared chunk by chunk, runs
 * of digits against runs of digits by value; as `sort_by_label` of Prometheus (github.com/facette/natsort).
 */
export function compareNatural(a: string, b: string): number {
  const left = a.match(CHUNKS) ?? [];
  const right = b.match(CHUNKS) ?? [];
  for (let i = 0; i < left.length && i < right.length; i++) {
    const x = left[i]!;
    const y = right[i]!;
    if (x === y) continue;
    const numbers = isNumber(x) && isNumber(y);
    if (numbers) {
      const order = compareDigits(x, y);
      if (order !== 0) return order;
      continue;
    }
    return compareUtf8(x, y);
  }
  return left.length - right.length;
}

function isNumber(chunk: string): boolean {
  const code = chunk.charCodeAt(0);
  return code >= 0x30 && code <= 0x39;
}

/** By value, of any length. */
function compareDigits(a: string, b: string): number {
  const x = a.replace(/^0+/, '');
  const y = b.replace(/^0+/, '');
  if (x.length !== y.length) return x.length - y.length;
  return x < y ? -1 : x > y ? 1 : 0;
}
