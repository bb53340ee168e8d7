/** Series of a request that have samples on both sides: for the kernels, and for a decoder. Only one of them can keep their order. */
import { COLUMN_CAPACITY, REFS_IN } from '../kernel/layout.js';
import type { Labels } from '../model/labels.js';
import type { Head } from './head/head.js';

/** Whether one of the first `rows` rows of the columns, whose refs are settled, is of one of these series. */
export function rowsShare(head: Head, rows: number, series: readonly Labels[]): boolean {
  const { arena } = head;
  if (series.length > COLUMN_CAPACITY) return true;
  let known = 0;
  for (const labels of series) {
    const ref = head.find(labels);
    if (ref >= 0) arena.u32[(REFS_IN >>> 2) + known++] = ref;
  }
  return known > 0 && arena.kernel.rowsMeet(rows, known) !== 0;
}
