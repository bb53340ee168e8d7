// Which parts of the head's range took samples, and in which batch: a table of TOUCHED_COUNT batch counters over the range. Readers
// that keep what they computed look here whether it still holds (tsdb/source-changes.ts).
import { HDR_MINT, HDR_SEQ, HDR_TOUCHED, HDR_TOUCHED_WIDTH, TOUCHED_COUNT } from './layout';

/** Notes that samples with low <= t <= high (ms, inside the head's range) came. Inside a batch. */
export function touch(low: f64, high: f64): void {
  const mint = load<f64>(HDR_MINT);
  const width = load<f64>(HDR_TOUCHED_WIDTH);
  // The counter as it will be when readers may see them.
  const seq = load<u32>(HDR_SEQ) + 1;
  const last = min(<u32>((high - mint) / width), <u32>(TOUCHED_COUNT - 1));
  for (let part = min(<u32>((low - mint) / width), last); part <= last; part++) store<u32>(HDR_TOUCHED + (part << 2), seq);
}
