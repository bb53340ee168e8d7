// Open-addressing tables of { u32 tag, u32 id + 1 }. A slot's place comes from its tag alone, so growing needs no keys.
// The keys themselves (texts, id lists, 128-bit hashes) lie in the records that the ids name.
import { allocPower, freePower } from './heap';

/** Address of the slot where probing for `tag` starts. */
export function firstSlot(table: u32, mask: u32, tag: u32): u32 {
  return table + ((tag & mask) << 3);
}

export function nextSlot(table: u32, mask: u32, slot: u32): u32 {
  const next = slot + 8;
  return next > table + (mask << 3) ? table : next;
}

function put(table: u32, mask: u32, tag: u32, entry: u32): void {
  let slot = firstSlot(table, mask, tag);
  while (load<u32>(slot, 4) != 0) slot = nextSlot(table, mask, slot);
  store<u32>(slot, tag);
  store<u32>(slot, entry, 4);
}

/** Makes room for one more of `count` entries (load at most 1/2). False if there is no memory and the table is nearly full. */
export function ensureSlot(tableField: u32, maskField: u32, count: u32): bool {
  const mask = load<u32>(maskField);
  const slots = mask + 1;
  if (count * 2 < slots) return true;
  const table = load<u32>(tableField);
  const grown = allocPower(slots << 4);
  if (grown == 0) return count < slots - (slots >> 3);
  const grownMask = (slots << 1) - 1;
  const end = table + (slots << 3);
  for (let slot = table; slot < end; slot += 8) {
    const entry = load<u32>(slot, 4);
    if (entry != 0) put(grown, grownMask, load<u32>(slot), entry);
  }
  store<u32>(tableField, grown);
  store<u32>(maskField, grownMask);
  freePower(table, slots << 3);
  return true;
}

/** Adds an entry; `ensureSlot` came before. */
export function insertSlot(tableField: u32, maskField: u32, tag: u32, id: u32): void {
  put(load<u32>(tableField), load<u32>(maskField), tag, id + 1);
}
