/**
 * Keeps the heads inside their memory: closes a head before its range is over when together they come near the budget, or when one
 * comes near the limits of an arena. What is closed becomes a block at once and gives its memory back; a successor takes what
 * follows, without the series that are gone.
 *
 *   0            close_at                         between               memory
 *   |---------------|-------------------------------|---------------------|
 *     nothing         the largest head ends, and      ends and is closed      all writes wait
 *                     is closed a little later        at once; and if none
 *                                                     may be: no new series
 *
 * A head that ends goes on taking what is older than its newest sample for a moment, the rest of the scrape that is under way: once it is
 * closed that would open a late head, where each row costs ten times as much, and become a block of its own.
 *
 * A head is not closed again and again: each is to hold a minimum of time, of samples or on the clock. If not even the series
 * that live at a time fit, new ones wait until it may be closed, and known ones go on.
 */
import { HDR_HEAP_LIMIT, HDR_HEAP_TOP, HDR_IDENTS, HEAP_BASE, IDENT_CAPACITY, PAIR_CAPACITY, SERIES_CAPACITY } from '../kernel/layout.js';
import { IngestError } from '../storage/ingestion.js';
import type { HeadStore } from './head-store.js';
import type { Head } from './head/head.js';

/** `memory`: the budget of all heads; `arena`: addresses, series, label pairs or identities of one head are nearly used up. */
export type CloseReason = 'memory' | 'arena';

export interface PressureOptions {
  /** Bytes that all heads together may use. */
  readonly memoryBytes: number;
  /** Bytes above which heads are closed. */
  readonly closeAtBytes: number;
  /** Age below which the head that takes new samples is not closed for memory. */
  readonly minAgeMs: number;
}

/** Share of an arena's tables and addresses at which it counts as full: one request may still bring hundreds of thousands of series. */
const ARENA_FULL = 0.9;

/** How long a head that ends is kept open, in samples or on the clock. Senders batch for 5 to 10 s, and scrapes are 10 to 30 s apart. */
const ENDING_MS = 15_000;

export class HeadPressure {
  /** Since when each head was seen, on the clock. */
  private readonly since = new WeakMap<Head, number>();
  /** The same of those that are ending. */
  private readonly endingSince = new WeakMap<Head, number>();
  private starved = false;

  /** @param onClosed told after a head was closed */
  constructor(
    private readonly store: HeadStore,
    private readonly options: PressureOptions,
    private readonly nowMs: () => number,
    private readonly onClosed: (head: Head, reason: CloseReason) => void,
  ) {}

  /** True while new series are refused. */
  get isStarved(): boolean {
    return this.starved;
  }

  /**
   * To be called before each write.
   * @param newest newest sample of the store, ms
   * @throws IngestError if the budget is used up: until a head that was closed is a block and its memory is back
   */
  relieve(newest: number): void {
    const { memoryBytes, closeAtBytes } = this.options;
    const open = this.store.heads().filter((head) => !head.isClosed);
    const now = this.nowMs();
    for (const head of open) {
      if (!this.since.has(head)) this.since.set(head, now);
      if (isFull(head)) this.close(head, 'arena');
    }
    const used = this.store.usedBytes();
    if (used < closeAtBytes) {
      this.closeEnded(newest);
      this.starve(false);
      return;
    }
    // What ends or is closed already is on its way out; to close small heads too would bring little.
    let openBytes = open.reduce((sum, head) => sum + (head.isClosed || this.isEnding(head) ? 0 : head.usedBytes), 0);
    const candidates = open.filter((head) => !head.isClosed && !this.isEnding(head) && this.isRipe(head, newest, now))
      .sort((a, b) => b.usedBytes - a.usedBytes);
    for (const head of candidates) {
      if (openBytes < closeAtBytes) break;
      openBytes -= head.usedBytes;
      head.endAt(head.arena.maxTime + 1);
      this.endingSince.set(head, now);
    }
    const isUrgent = used >= (closeAtBytes + memoryBytes) / 2;
    this.closeEnded(newest, isUrgent);
    // Where something ends there will be room soon, for everything.
    this.starve(openBytes >= closeAtBytes && isUrgent);
    if (used < memoryBytes) return;
    throw new IngestError('unavailable',
      `the heads use ${used} bytes of memory, storage.head.memory allows ${memoryBytes}; heads are becoming blocks to make room`);
  }

  /**
   * Closes the heads that have been ending for long enough. To be called now and then, also while nothing is written.
   * @param newest newest sample of the store, ms
   */
  closeEnded(newest: number, isUrgent = false): void {
    const now = this.nowMs();
    // Where heads may be as young as they like nobody waits for the rest of a scrape either.
    const waitMs = isUrgent ? 0 : Math.min(ENDING_MS, this.options.minAgeMs);
    for (const head of this.store.heads()) {
      if (head.isClosed || !this.isEnding(head)) continue;
      const since = this.endingSince.get(head) ?? now;
      this.endingSince.set(head, since);
      if (newest >= head.takesUntil + waitMs || now - since >= waitMs) this.close(head, 'memory');
    }
  }

  private isEnding(head: Head): boolean {
    return this.endingSince.has(head) || head.isEnding;
  }

  /** A head whose series would not come back at once, or that is old enough for them to come back. */
  private isRipe(head: Head, newest: number, now: number): boolean {
    const { minAgeMs } = this.options;
    const { minTime, maxTime, sampleCount } = head.arena;
    if (sampleCount === 0) return false;
    return newest >= head.maxt || maxTime - minTime >= minAgeMs || now - (this.since.get(head) ?? now) >= minAgeMs;
  }

  private close(head: Head, reason: CloseReason): void {
    head.close();
    this.onClosed(head, reason);
  }

  private starve(on: boolean): void {
    this.starved = on;
    for (const head of this.store.heads()) head.refuseNewSeries(on);
  }
}

function isFull({ arena }: Head): boolean {
  const heap = (arena.field(HDR_HEAP_TOP) - HEAP_BASE) / (arena.field(HDR_HEAP_LIMIT) - HEAP_BASE);
  return heap >= ARENA_FULL || arena.seriesCount >= SERIES_CAPACITY * ARENA_FULL || arena.pairCount >= PAIR_CAPACITY * ARENA_FULL
    || arena.field(HDR_IDENTS) >= IDENT_CAPACITY * ARENA_FULL;
}
