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

/**
 * In the order to repeat them in, while nothing is appended: oldest first, those that hold from a time on before those of single samples.
 * The list itself has the entry of a late sample behind the one that was the newest then; repeated first, it would begin the series'
 * changes with "not said from the head's mint on", and a start that does hold from there would no longer be taken.
 */
export function startChanges(arena: Arena, ref: number): StartChange[] {
  if ((arena.bytes[SERIES_BASE + ref * SERIES_BYTES + S_FLAGS]! & FLAG_STARTS) === 0) return [];
  const mint = arena.f64[HDR_MINT >>> 3]!;
  const lasting: StartChange[] = [];
  const single: StartChange[] = [];
  for (let entry = START_BASE + ref * START_BYTES; entry !== 0;) {
    const link = arena.u32[(entry + START_LINK) >>> 2]!;
    const isOnce = (link & START_ONCE_BIT) !== 0;
    const change = { timeMs: mint + arena.u32[(entry + START_TIME) >>> 2]!, startMs: arena.f64[entry >>> 3]!, isOnce };
    (isOnce ? single : lasting).push(change);
    entry = (link & ~START_ONCE_BIT) >>> 0;
  }
  return [...lasting.reverse(), ...single.reverse()];
}
