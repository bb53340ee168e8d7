// Start timestamps: when the counter that a sample belongs to began to count (ms since the epoch, 0: not said). They change about
// once a restart of the sender, so a series has a list of changes and not a number a sample. Its newest entry lies in START_BASE
// by ref, older ones in the heap, newest first; all have the form { f64 start, u32 time, u32 link }, link = next | START_ONCE_BIT.
//
//   from  this start holds from `time` on, until the next entry of this kind; their times rise from the oldest to the newest
//   once  this start holds for the sample at exactly `time`: a late sample with another start than its neighbours'
//
// Entries in the heap do not change, so that readers follow them without a lock from a copy of the newest one.
import { alloc } from './heap';
import { hotRecord } from './series';
import {
  FLAG_STARTS, HDR_MINT, HDR_STARTS_MODE, READER_START, READER_TIMES, READER_VALUES, STARTS_CLEARED, STARTS_NONE, START_BASE,
  START_BYTES, START_FROM, START_LINK, START_ONCE, START_ONCE_BIT, START_SAME, START_TIME, S_FLAGS,
} from './layout';

function newestEntry(ref: u32): u32 {
  return START_BASE + ref * START_BYTES;
}

/** Notes the start of a sample that is newer than all of its series `ref`, whose hot record is at `s`. Returns a START_ code. */
export function noteStart(ref: u32, s: u32, time: u32, start: f64): u32 {
  const newest = newestEntry(ref);
  if ((load<u8>(s, S_FLAGS) & FLAG_STARTS) == 0) {
    if (start == 0) return START_SAME;
    begin(s, newest, time, start);
    return START_FROM;
  }
  // Entries ahead of the samples are left over from a write that failed half-way.
  if (time < load<u32>(newest, START_TIME)) return noteLateStart(ref, s, time, start);
  if (load<f64>(newest) == start) return START_SAME;
  push(newest, time, start);
  return START_FROM;
}

/** As `noteStart`, for any other sample. */
export function noteLateStart(ref: u32, s: u32, time: u32, start: f64): u32 {
  const known: f64 = load<u8>(s, S_FLAGS) & FLAG_STARTS ? startAt(newestEntry(ref), time) : 0;
  if (known == start) return START_SAME;
  putOnce(ref, s, time, start);
  return START_ONCE;
}

/** Applies an entry of the log; one that is there already is passed over. */
export function replayStart(ref: u32, t: f64, start: f64, isOnce: u32): void {
  const s = hotRecord(ref);
  const time = <u32>(t - load<f64>(HDR_MINT));
  const newest = newestEntry(ref);
  if (isOnce) putOnce(ref, s, time, start);
  else if ((load<u8>(s, S_FLAGS) & FLAG_STARTS) == 0) begin(s, newest, time, start);
  else if (time > load<u32>(newest, START_TIME)) push(newest, time, start);
}

function begin(s: u32, newest: u32, time: u32, start: f64): void {
  store<f64>(newest, start);
  store<u32>(newest, time, START_TIME);
  store<u32>(newest, 0, START_LINK);
  store<u8>(s, load<u8>(s, S_FLAGS) | FLAG_STARTS, S_FLAGS);
  // From now on samples without a start are a change, too.
  if (load<u32>(HDR_STARTS_MODE) == STARTS_NONE) store<u32>(HDR_STARTS_MODE, STARTS_CLEARED);
}

function push(newest: u32, time: u32, start: f64): void {
  const older = alloc(START_BYTES);
  memory.copy(older, newest, START_BYTES);
  store<f64>(newest, start);
  store<u32>(newest, time, START_TIME);
  store<u32>(newest, older, START_LINK);
}

function putOnce(ref: u32, s: u32, time: u32, start: f64): void {
  const newest = newestEntry(ref);
  if ((load<u8>(s, S_FLAGS) & FLAG_STARTS) == 0) begin(s, newest, 0, 0);
  for (let entry = nextEntry(newest); entry != 0; entry = nextEntry(entry)) {
    if (!isOnce(entry) || load<u32>(entry, START_TIME) != time) continue;
    // Only of a sample that did not get stored then.
    store<f64>(entry, start);
    return;
  }
  const entry = alloc(START_BYTES);
  store<f64>(entry, start);
  store<u32>(entry, time, START_TIME);
  store<u32>(entry, nextEntry(newest) | START_ONCE_BIT, START_LINK);
  store<u32>(newest, entry, START_LINK);
}

function nextEntry(entry: u32): u32 {
  return load<u32>(entry, START_LINK) & ~START_ONCE_BIT;
}

function isOnce(entry: u32): bool {
  return (load<u32>(entry, START_LINK) & START_ONCE_BIT) != 0;
}

function startAt(newest: u32, time: u32): f64 {
  let start: f64 = 0;
  let isFound: bool = false;
  for (let entry = newest; entry != 0; entry = nextEntry(entry)) {
    const entryTime = load<u32>(entry, START_TIME);
    if (isOnce(entry)) {
      if (entryTime == time) return load<f64>(entry);
    } else if (!isFound && entryTime <= time) {
      start = load<f64>(entry);
      isFound = true;
    }
  }
  return start;
}

/**
 * Starts of the `n` samples at the times in READER_TIMES of the slot (f64 ms, rising), into READER_VALUES. The slot's series must
 * have FLAG_STARTS; its entries are those of the last `readBegin`.
 */
export function readStarts(slot: u32, n: u32): void {
  const base = load<f64>(HDR_MINT);
  const times = slot + READER_TIMES;
  const starts = slot + READER_VALUES;
  let left = n;
  let hasOnce: bool = false;
  for (let entry = slot + READER_START; entry != 0; entry = nextEntry(entry)) {
    if (isOnce(entry)) {
      hasOnce = true;
      continue;
    }
    const from = base + <f64>load<u32>(entry, START_TIME);
    const start = load<f64>(entry);
    while (left != 0 && load<f64>(times + ((left - 1) << 3)) >= from) store<f64>(starts + (--left << 3), start);
  }
  while (left != 0) store<f64>(starts + (--left << 3), 0);
  if (!hasOnce) return;
  for (let entry = slot + READER_START; entry != 0; entry = nextEntry(entry)) {
    if (!isOnce(entry)) continue;
    const at = base + <f64>load<u32>(entry, START_TIME);
    let low: u32 = 0;
    let high = n;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (load<f64>(times + (middle << 3)) < at) low = middle + 1;
      else high = middle;
    }
    if (low < n && load<f64>(times + (low << 3)) == at) store<f64>(starts + (low << 3), load<f64>(entry));
  }
}
