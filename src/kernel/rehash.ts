// Brings an arena to life whose records and heap were read from a snapshot: everything that depends on the process is made anew. The
// seed of the hashes is random for each process, so the tables are filled again; wire identities are hashes over what clients send
// and are found again with their next request.
import { DOMAIN_NAME, DOMAIN_VALUE, nameRecord, pairRecord } from './dictionary';
import { hash1, hashBytes } from './hash';
import { coldRecord, listTag, publishSeries } from './series';
import { dropGrowth, insertSlot } from './table';
import {
  C_HASH, C_LABELS, HDR_HEAP_LIMIT, HDR_IDENTS, HDR_IDENT_MASK, HDR_IDENT_TABLE, HDR_NAMES, HDR_NAME_MASK, HDR_NAME_TABLE, HDR_PAIRS,
  HDR_PAIR_MASK, HDR_PAIR_TABLE, HDR_PREDICTED, HDR_PREVIOUS, HDR_SEED, HDR_SEQ, HDR_SERIES, HDR_SERIES_LIMIT, HDR_SERIES_MASK,
  HDR_SERIES_TABLE, HDR_STARVED, NAME_LENGTH, NAME_TEXT, PAIR_LENGTH, PAIR_NAME, PAIR_TEXT,
} from './layout';

/** As `initArena`, for an arena whose header, records and heap are there. */
export function rehashArena(seedLow: u32, seedHigh: u32, heapLimit: u32, seriesLimit: u32): void {
  store<u64>(HDR_SEED, (<u64>seedHigh << 32) | <u64>seedLow);
  store<u32>(HDR_HEAP_LIMIT, heapLimit);
  store<u32>(HDR_SERIES_LIMIT, seriesLimit);
  store<u32>(HDR_SEQ, 0);
  store<u32>(HDR_IDENTS, 0);
  store<u32>(HDR_PREDICTED, 0);
  store<u32>(HDR_PREVIOUS, 0);
  store<u32>(HDR_STARVED, 0);
  emptyTable(HDR_NAME_TABLE, HDR_NAME_MASK);
  emptyTable(HDR_PAIR_TABLE, HDR_PAIR_MASK);
  emptyTable(HDR_SERIES_TABLE, HDR_SERIES_MASK);
  emptyTable(HDR_IDENT_TABLE, HDR_IDENT_MASK);
  const names = load<u32>(HDR_NAMES);
  for (let id: u32 = 0; id < names; id++) {
    const record = nameRecord(id);
    hashBytes(load<u32>(record, NAME_TEXT), load<u32>(record, NAME_LENGTH), DOMAIN_NAME);
    insertSlot(HDR_NAME_TABLE, HDR_NAME_MASK, <u32>hash1, id);
  }
  const pairs = load<u32>(HDR_PAIRS);
  for (let id: u32 = 0; id < pairs; id++) {
    const record = pairRecord(id);
    hashBytes(load<u32>(record, PAIR_TEXT), load<u32>(record, PAIR_LENGTH), DOMAIN_VALUE + load<u32>(record, PAIR_NAME));
    insertSlot(HDR_PAIR_TABLE, HDR_PAIR_MASK, <u32>hash1, id);
  }
  const series = load<u32>(HDR_SERIES);
  for (let ref: u32 = 0; ref < series; ref++) {
    const cold = coldRecord(ref);
    const labels = load<u32>(cold, C_LABELS);
    const tag = listTag(labels + 4, load<u32>(labels));
    store<u32>(cold, tag, C_HASH);
    insertSlot(HDR_SERIES_TABLE, HDR_SERIES_MASK, tag, ref);
  }
  publishSeries();
}

function emptyTable(tableField: u32, maskField: u32): void {
  dropGrowth(tableField, maskField);
  memory.fill(load<u32>(tableField), 0, (load<u32>(maskField) + 1) << 3);
}
