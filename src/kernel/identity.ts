// Wire identity -> series: a 128-bit hash over the bytes that name a series in a request. An identity has a record
// { u64 hash1, u64 hash2, u32 ref, u32 next }; `next` is the identity that followed it in the request that was seen last,
// because senders repeat their order. A right prediction is one sequential read; the table is probed only on a wrong one.
// One series may have several identities (protocols, label order).
import { ensureSlot, firstSlot, insertSlot, nextSlot } from './table';
import {
  HDR_IDENTS, HDR_IDENT_MASK, HDR_IDENT_TABLE, HDR_PREDICTED, HDR_PREVIOUS, IDENT_BASE, IDENT_BYTES, IDENT_CAPACITY, IDENT_NEXT,
  IDENT_NOTE_BASE, IDENT_REF,
} from './layout';

/** Identity that the next series should have, and the one before it (to repair its `next`). */
export let predicted: u32 = 0;
export let previous: u32 = 0;

export function identRecord(id: u32): u32 {
  return IDENT_BASE + id * IDENT_BYTES;
}

/** Takes up the prediction where the last walk over this arena ended. */
export function beginPrediction(): void {
  predicted = load<u32>(HDR_PREDICTED);
  previous = load<u32>(HDR_PREVIOUS);
}

export function endPrediction(): void {
  store<u32>(HDR_PREDICTED, predicted);
  store<u32>(HDR_PREVIOUS, previous);
}

/** Ref of the series with this identity, or -1. Moves the prediction on. */
export function lookupIdentity(h1: u64, h2: u64): i32 {
  const guess = identRecord(predicted);
  if (load<u64>(guess) == h1 && load<u64>(guess, 8) == h2) {
    previous = predicted;
    predicted = load<u32>(guess, IDENT_NEXT);
    return load<u32>(guess, IDENT_REF);
  }
  const tag = <u32>h1;
  const table = load<u32>(HDR_IDENT_TABLE);
  const mask = load<u32>(HDR_IDENT_MASK);
  for (let slot = firstSlot(table, mask, tag); ; slot = nextSlot(table, mask, slot)) {
    const entry = load<u32>(slot, 4);
    if (entry == 0) return -1;
    if (load<u32>(slot) != tag) continue;
    const record = identRecord(entry - 1);
    if (load<u64>(record) != h1 || load<u64>(record, 8) != h2) continue;
    store<u32>(identRecord(previous), entry - 1, IDENT_NEXT);
    previous = entry - 1;
    predicted = load<u32>(record, IDENT_NEXT);
    return load<u32>(record, IDENT_REF);
  }
}

/** What `noteIdentity` noted for the identity that is expected next, 0 if nothing. */
export function predictedNote(): u32 {
  return load<u32>(IDENT_NOTE_BASE + (predicted << 2));
}

/** True if the identity expected next has this hash; moves nothing. */
export function isPredicted(h1: u64, h2: u64): bool {
  const guess = identRecord(predicted);
  return load<u64>(guess) == h1 && load<u64>(guess, 8) == h2;
}

/** Keeps one number with an identity; its meaning is the protocol's. */
export function noteIdentity(id: u32, note: u32): void {
  store<u32>(IDENT_NOTE_BASE + (id << 2), note);
}

export function noteOf(id: u32): u32 {
  return load<u32>(IDENT_NOTE_BASE + (id << 2));
}

/** Remembers an identity; returns its id. -1: no room, it is simply not remembered, and the slow path finds the series every time. */
export function registerIdentity(h1: u64, h2: u64, ref: u32): i32 {
  const id = load<u32>(HDR_IDENTS);
  // One record beyond the last must exist: a prediction may point there.
  if (id + 1 >= <u32>IDENT_CAPACITY || !ensureSlot(HDR_IDENT_TABLE, HDR_IDENT_MASK, id)) return -1;
  const record = identRecord(id);
  store<u64>(record, h1);
  store<u64>(record, h2, 8);
  store<u32>(record, ref, IDENT_REF);
  // Identities are registered in the order of the request, so the next to come is most likely the next new one.
  store<u32>(record, id + 1, IDENT_NEXT);
  insertSlot(HDR_IDENT_TABLE, HDR_IDENT_MASK, <u32>h1, id);
  store<u32>(HDR_IDENTS, id + 1);
  return id;
}
