// Takes all samples from a series: the writer then appends those that stay. Chunks, late blocks and histogram records that a reader
// may be walking along are left as they are, and are lost to the heap until the arena is dropped.
import { coldRecord, hotRecord } from './series';
import { touch } from './touched';
import {
  C_HIST_HEAD, C_HIST_LAST_TIME, C_HIST_TAIL, C_LATE_HEAD, C_LATE_LAST_TIME, C_LATE_TAIL, HDR_CHUNKS, HDR_SAMPLES, SEALED_NEXT,
  SERIES_BYTES, S_SEALED_HEAD, S_WRITE,
} from './layout';

/**
 * The series has `samples` of all kinds, and those from `low` to `high` (ms, inside the head's range) will not come back. Inside a batch
 * only, which also covers what is appended again.
 */
export function clearSamples(ref: u32, samples: u32, low: f64, high: f64): void {
  touch(low, high);
  const s = hotRecord(ref);
  let chunks: f64 = 0;
  for (let chunk = load<u32>(s, S_SEALED_HEAD); chunk != 0; chunk = load<u32>(chunk, SEALED_NEXT)) chunks += 1;
  store<f64>(HDR_CHUNKS, load<f64>(HDR_CHUNKS) - chunks);
  store<f64>(HDR_SAMPLES, load<f64>(HDR_SAMPLES) - <f64>samples);
  // Readers look at no word at or behind their own `write`, so the next chunk may go on there.
  const write = load<u32>(s, S_WRITE);
  memory.fill(s, 0, SERIES_BYTES);
  store<u32>(s, write, S_WRITE);
  const cold = coldRecord(ref);
  store<u32>(cold, 0, C_LATE_HEAD);
  store<u32>(cold, 0, C_LATE_TAIL);
  store<u32>(cold, 0, C_LATE_LAST_TIME);
  store<u32>(cold, 0, C_HIST_HEAD);
  store<u32>(cold, 0, C_HIST_TAIL);
  store<u32>(cold, 0, C_HIST_LAST_TIME);
}
