// Open-addressing tables of { u32 tag, u32 id + 1 }. A slot's place comes from its tag alone, so growing needs no keys.
// The keys themselves (texts, id lists, 128-bit hashes) lie in the records that the ids name.
import { allocPower, freePower } from './heap';
import { HDR_GROWTH } from './layout';

/** Words of the header that belong to a table, seen from its first. */
const GROWN: usize = HDR_GROWTH;
const MOVED: usize = HDR_GROWTH + 4;
/** A 64th of the slots is left when growing begins, so that the last are moved with the entry that fills the half. */
const SLOTS_PER_STEP: u32 = 64;

/** Address of the slot where probing for `tag` starts. */
export function firstSlot(table: u32, mask: u32, tag: u32): u32 {
  return table + ((tag & mask) << 3);
}

export function nextSlot(table: u32, mask: u32, slot: u32): u32 {
  const next = slot + 8;
  return next > table + (mask << 3) ? table : next;
}

function put(table: u32, mask: u32, tag: u32, entry: u32): u32 {
  let slot = firstSlot(table, mask, tag);
  while (load<u32>(slot, 4) != 0) slot = nextSlot(table, mask, slot);
  store<u32>(slot, tag);
  store<u32>(slot, entry, 4);
  return slot;
}

/**
 * Makes room for one more of `count` entries (load at most 1/2). False if there is no memory and the table is nearly full.
 *
 * A table does not grow at once: half a million entries took 20 ms, and three tables of an arena often grew in the same request.
 * From a load of 31/64 on, each entry that is added takes SLOTS_PER_STEP slots along into the new table, which takes over when all
 * are there.
 */
export function ensureSlot(tableField: u32, maskField: u32, count: u32): bool {
  const slots = load<u32>(maskField) + 1;
  if (count < (slots >> 6) * 31) return true;
  if (load<u32>(tableField, GROWN) == 0) {
    const grown = allocPower(slots << 4);
    if (grown == 0) return count < slots - (slots >> 3);
    store<u32>(tableField, grown, GROWN);
    store<u32>(tableField, 0, MOVED);
  }
  // Where there was no memory for a while, nothing is left to wait for.
  move(tableField, maskField, count * 2 < slots ? SLOTS_PER_STEP : slots);
  return true;
}

/** Takes up to `most` more slots into the new table, and puts it in the place of the old one after the last. */
function move(tableField: u32, maskField: u32, most: u32): void {
  const table = load<u32>(tableField);
  const slots = load<u32>(maskField) + 1;
  const grown = load<u32>(tableField, GROWN);
  const grownMask = (slots << 1) - 1;
  const from = load<u32>(tableField, MOVED);
  const to = min(from + most, slots);
  const end = table + (to << 3);
  for (let slot = table + (from << 3); slot < end; slot += 8) {
    const entry = load<u32>(slot, 4);
    if (entry != 0) put(grown, grownMask, load<u32>(slot), entry);
  }
  store<u32>(tableField, to, MOVED);
  if (to < slots) return;
  store<u32>(tableField, grown);
  store<u32>(maskField, grownMask);
  store<u32>(tableField, 0, GROWN);
  freePower(table, slots << 3);
}

/** Forgets the table that would take the place of this one. */
export function dropGrowth(tableField: u32, maskField: u32): void {
  const grown = load<u32>(tableField, GROWN);
  if (grown == 0) return;
  store<u32>(tableField, 0, GROWN);
  freePower(grown, (load<u32>(maskField) + 1) << 4);
}

/** Adds an entry; `ensureSlot` came before. */
export function insertSlot(tableField: u32, maskField: u32, tag: u32, id: u32): void {
  const table = load<u32>(tableField);
  const mask = load<u32>(maskField);
  const slot = put(table, mask, tag, id + 1);
  const grown = load<u32>(tableField, GROWN);
  // Slots behind those that were moved will be.
  if (grown != 0 && (slot - table) >> 3 < load<u32>(tableField, MOVED)) put(grown, (mask << 1) + 1, tag, id + 1);
}
