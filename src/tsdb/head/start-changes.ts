/** The changes of start timestamps that a head knows of a series, as the log has them (src/kernel/starts.ts). */
import {
  FLAG_STARTS, HDR_MINT, SERIES_BASE, SERIES_BYTES, START_BASE, START_BYTES, START_LINK, START_ONCE_BIT, START_TIME, S_FLAGS,
} from '../../kernel/layout.js';
import type { Arena } from './arena.js';

export interface StartChange {
  /** From here on, or at exactly this time: ms since the epoch. */
  readonly timeMs: number;
  /** Ms since the epoch, 0: not said. */
  readonly startMs: number;
  readonly isOnce: boolean;
}

/** Oldest first, which is the order to repeat them in. While nothing is appended. */
export function startChanges(arena: Arena, ref: number): StartChange[] {
  const changes: StartChange[] = [];
  if ((arena.bytes[SERIES_BASE + ref * SERIES_BYTES + S_FLAGS]! & FLAG_STARTS) === 0) return changes;
  const mint = arena.f64[HDR_MINT >>> 3]!;
  for (let entry = START_BASE + ref * START_BYTES; entry !== 0;) {
    const link = arena.u32[(entry + START_LINK) >>> 2]!;
    changes.push({
      timeMs: mint + arena.u32[(entry + START_TIME) >>> 2]!, startMs: arena.f64[entry >>> 3]!, isOnce: (link & START_ONCE_BIT) !== 0,
    });
    entry = (link & ~START_ONCE_BIT) >>> 0;
  }
  return changes.reverse();
}
