/** Which parts of an arena a snapshot holds: everything that the head's data is made of, and nothing that the process is. */
import * as layout from '../../kernel/layout.js';
import { crc32 } from '../../encoding/crc32.js';
import type { Arena } from '../head/arena.js';

/** Addresses [start, end) of an arena. */
export interface ArenaPart {
  readonly start: number;
  readonly end: number;
}

/** What the header says about the head; the results of kernels behind it mean nothing any more. */
const HEADER: ArenaPart = { start: layout.HDR_VERSION, end: layout.RES_SAMPLES };

/** Open-addressing tables: they depend on the seed of the hashes, so that they are filled anew (`kernel/rehash`). */
const TABLES = [
  [layout.HDR_NAME_TABLE, layout.HDR_NAME_MASK], [layout.HDR_PAIR_TABLE, layout.HDR_PAIR_MASK],
  [layout.HDR_SERIES_TABLE, layout.HDR_SERIES_MASK], [layout.HDR_IDENT_TABLE, layout.HDR_IDENT_MASK],
] as const;

/**
 * Regions of the layout that a snapshot leaves out, by the names of their constants. With those that `usedParts` takes they are all that
 * there are, which a test checks: whoever adds a region has to say here or there what becomes of it.
 */
export const LEFT_OUT: ReadonlySet<string> = new Set([
  // Scratch of one pass or one query.
  'OTHER_BASE', 'MISS_BASE', 'SYMBOL_BASE', 'READER_BASE',
  // Hashes of what clients send, with the seed of the process; they come again with the next requests.
  'IDENT_BASE', 'IDENT_NOTE_BASE',
]);

export const TAKEN: ReadonlySet<string> = new Set(['NAME_BASE', 'PAIR_BASE', 'SERIES_BASE', 'COLD_BASE', 'START_BASE', 'HEAP_BASE']);

/** The parts in use, by rising address. */
export function usedParts(arena: Arena): ArenaPart[] {
  const records = (start: number, count: number, bytes: number): ArenaPart => ({ start, end: start + count * bytes });
  const { nameCount, pairCount, seriesCount } = arena;
  const parts = [
    HEADER,
    records(layout.NAME_BASE, nameCount, layout.NAME_BYTES),
    records(layout.PAIR_BASE, pairCount, layout.PAIR_BYTES),
    records(layout.SERIES_BASE, seriesCount, layout.SERIES_BYTES),
    records(layout.COLD_BASE, seriesCount, layout.COLD_BYTES),
    records(layout.START_BASE, arena.field(layout.HDR_STARTS_MODE) === layout.STARTS_NONE ? 0 : seriesCount, layout.START_BYTES),
    ...heapParts(arena),
  ];
  return parts.filter(({ start, end }) => end > start);
}

/** The heap without its tables. */
function heapParts(arena: Arena): ArenaPart[] {
  const tables = TABLES.flatMap(([address, mask]) => {
    const bytes = (arena.field(mask) + 1) * 8;
    const [start, grown] = [arena.field(address), arena.field(address + layout.HDR_GROWTH)];
    return [{ start, end: start + bytes }, ...(grown === 0 ? [] : [{ start: grown, end: grown + bytes * 2 }])];
  });
  const parts: ArenaPart[] = [];
  let start: number = layout.HEAP_BASE;
  for (const table of tables.sort((a, b) => a.start - b.start)) {
    parts.push({ start, end: table.start });
    start = table.end;
  }
  parts.push({ start, end: arena.field(layout.HDR_HEAP_TOP) });
  return parts;
}

/**
 * What the bytes of an arena mean: CRC-32 over all constants of the layout and over the kernels that work with them. A snapshot of
 * another build is therefore never read; replaying the log instead costs a second, once.
 */
export function arenaFormat(kernels: Uint8Array): number {
  const constants = Object.entries(layout).map(([name, value]) => `${name}=${value}`).sort().join('\n');
  return crc32(kernels, crc32(Buffer.from(constants)));
}
