/**
 * One head: an arena with a time range, and its log. This is the writer's side, on the one thread that writes. Life-cycle:
 *
 *   open      takes samples of its range; others may be open at the same time (the one before, a late one)
 *   ending    takes samples of the first part of its range only, a short while: a successor has the rest
 *   closed    read only: its range and the out-of-order window are over, or a newer head took its place
 *   dropped   its samples are elsewhere or past the retention; the arena is released when no query holds it
 */
import {
  BODY_IN, BODY_IN_CAPACITY, BODY_OUT, BODY_OUT_CAPACITY, C_HIST_TAIL, COLD_BASE, COLD_BYTES, COLUMN_CAPACITY, COL_REFS, COL_STARTS,
  COL_STATUS, COL_TIMES, COL_VALUES, FLAG_HAS_SAMPLE, FLAG_HISTOGRAMS, HDR_MAXT, HDR_MINT, HDR_STARTS_MODE, HDR_STARVED, LABELS_OK,
  LABELS_SERIES_LIMIT, LABELS_UNUSUAL, LOG_OUT, READER_BASE, READER_TIMES, RES_DUPLICATES, RES_LOG_BYTES, RES_OK, RES_SLOW, RES_START,
  S_FLAGS, S_LAST_VALUE, SERIES_BASE, SERIES_BYTES, SERIES_CAPACITY, STARTS_CLEARED, STARTS_KEPT, START_ONCE, START_SAME, ST_CONFLICT,
  ST_DUPLICATE, ST_NO_MEMORY, ST_OK,
} from '../../kernel/layout.js';
import { invariant } from '../../invariant.js';
import { decodeHistogram, encodeHistogram, histogramEncodedSizeMax } from '../../model/histogram-codec.js';
import type { Histogram } from '../../model/histogram.js';
import type { Labels } from '../../model/labels.js';
import { AppendStatus } from '../../storage/append-status.js';
import type { LogWriter } from '../log/log-writer.js';
import { Arena } from './arena.js';
import { writeCanonicalLabels } from './canonical-labels.js';
import type { HeadDescriptor } from './descriptor.js';
import { HeadReader } from './head-reader.js';
import { RecordBuffer, RecordType } from './records.js';
import { judgeTime, type TimeRules } from './time-rules.js';

/** Highest address that the heap may reach: the last 64 KiB stay free, so that over-reads stay inside the memory. */
const HEAP_LIMIT_MAX = 0xffff0000;
/** Scratch of the writer for texts and histograms: reader slot 0 belongs to this thread. */
const SCRATCH = READER_BASE + READER_TIMES;
const SCRATCH_BYTES = 1024 * 1024;
/** An encoded histogram; probing decodes chunks into the start of the scratch, so this lies behind. */
const HISTOGRAM_SCRATCH = SCRATCH + 1024 * 1024;
const HISTOGRAM_BYTES_MAX = 512 * 1024;
/** Single samples that wait for their log record. The record of a whole body could be larger than a record may be. */
const SINGLES_BYTES_MAX = 1024 * 1024;
const IDS = READER_BASE;
const IDS_MAX = READER_TIMES / 4;

export interface HeadOptions {
  /** Half-open range of sample times, ms. */
  readonly mint: number;
  readonly maxt: number;
  /** Series above which new ones are refused, 0 = what an arena can hold. */
  readonly maxSeries: number;
  /** Random, new for each process. */
  readonly seed: { readonly low: number; readonly high: number };
  /** Keep start timestamps. Those that the log has are there in any case. */
  readonly keepStarts: boolean;
}

/** What one pass of appended columns did. */
export interface PassCounts {
  ok: number;
  duplicates: number;
  /** Samples whose COL_STATUS is neither. */
  slow: number;
}

/** Decides about series that a head does not have. */
export interface NewSeriesGuard {
  admits(head: Head, labels: Labels): boolean;
  created(head: Head, labels: Labels): void;
}

export class Head {
  /** Asked before a series is made from labels; without it everything is allowed. */
  guard: NewSeriesGuard | undefined;
  readonly arena: Arena;
  private readonly seriesLimit: number;
  /** Reads on this thread: duplicates, examples for messages. */
  readonly reader: HeadReader;
  private readonly single = new RecordBuffer();
  private readonly histograms = new RecordBuffer();
  private readonly starts = new RecordBuffer();
  private readonly statusView: Uint8Array;
  private closed = false;

  constructor(module: WebAssembly.Module, readonly id: number, private readonly options: HeadOptions, public log: LogWriter | undefined) {
    this.arena = Arena.create(module);
    this.seriesLimit = options.maxSeries > 0 ? Math.min(options.maxSeries, SERIES_CAPACITY) : SERIES_CAPACITY;
    this.arena.kernel.initArena(options.mint, options.maxt, options.seed.low, options.seed.high, HEAP_LIMIT_MAX, this.seriesLimit);
    if (options.keepStarts) this.arena.u32[HDR_STARTS_MODE >>> 2] = STARTS_KEPT;
    this.reader = new HeadReader(this.arena, 0);
    this.statusView = this.arena.bytes.subarray(COL_STATUS, COL_STATUS + COLUMN_CAPACITY);
  }

  /** Makes the head usable after its arena was filled from a snapshot. */
  revive(): void {
    const { seed, keepStarts } = this.options;
    this.arena.kernel.rehashArena(seed.low, seed.high, HEAP_LIMIT_MAX, this.seriesLimit);
    // The mode is the process' own, but what is there stays to be told from what is not said.
    const mode = HDR_STARTS_MODE >>> 2;
    if (keepStarts) this.arena.u32[mode] = STARTS_KEPT;
    else if (this.arena.u32[mode] === STARTS_KEPT) this.arena.u32[mode] = STARTS_CLEARED;
  }

  get mint(): number {
    return this.arena.f64[HDR_MINT >>> 3]!;
  }

  get maxt(): number {
    return this.options.maxt;
  }

  /** Samples from here on are not for this head; `maxt` unless it is ending. */
  get takesUntil(): number {
    return this.arena.f64[HDR_MAXT >>> 3]!;
  }

  /** From now on it takes samples before `t` only, which lies behind those that it has. Forgotten by a replay of its log. */
  endAt(t: number): void {
    invariant(t > this.arena.maxTime && t <= this.takesUntil, `a head with samples up to ${this.arena.maxTime} cannot end at ${t}`);
    this.arena.f64[HDR_MAXT >>> 3] = t;
  }

  /** Also after its snapshot was read. */
  get isEnding(): boolean {
    return this.takesUntil < this.maxt;
  }

  get descriptor(): HeadDescriptor {
    return { id: this.id, mint: this.mint, maxt: this.maxt, memory: this.arena.memory };
  }

  covers(t: number): boolean {
    return t >= this.mint && t < this.takesUntil;
  }

  /** True if it takes no more samples. */
  get isClosed(): boolean {
    return this.closed;
  }

  /** From now on it is only read. */
  close(): void {
    this.closed = true;
  }

  /** While it is on, no series and no label texts are added; known ones go on. */
  refuseNewSeries(on: boolean): void {
    this.arena.u32[HDR_STARVED >>> 2] = on ? 1 : 0;
  }

  /** Whether one of `count` new series might be refused. */
  mayRefuse(count: number): boolean {
    return this.guard !== undefined || this.arena.seriesCount + count > this.seriesLimit || this.arena.u32[HDR_STARVED >>> 2] !== 0;
  }

  // ---- Bodies ------------------------------------------------------------------------------------------------------

  /** Copies a snappy block into the arena and decompresses it there. Returns its size; -1: not valid, -2: over `maxBytes`. */
  loadSnappy(body: Uint8Array, maxBytes: number): number {
    if (body.length > BODY_IN_CAPACITY) return -2;
    const { arena } = this;
    arena.bytes.set(body, BODY_IN);
    const declared = Number(arena.kernel.snappyDeclaredSize(BODY_IN, body.length));
    if (declared > Math.min(maxBytes, BODY_OUT_CAPACITY)) return -2;
    return Number(arena.kernel.snappyDecode(BODY_IN, body.length, BODY_OUT, BODY_OUT_CAPACITY));
  }

  /** The decompressed body; overwritten by the next one. */
  loadedBody(length: number): Uint8Array {
    return this.arena.bytes.subarray(BODY_OUT, BODY_OUT + length);
  }

  /** Takes a decompressed body. */
  loadPlain(body: Uint8Array): void {
    this.arena.bytes.set(body, BODY_OUT);
  }

  // ---- Series --------------------------------------------------------------------------------------------------------

  /**
   * Ref of the series, created if it is new; a negative number is minus a LABELS_ code (LABELS_UNUSUAL: larger than anything that
   * can be a series). Inside a batch only.
   */
  resolve(labels: Labels): number {
    if (this.writeLabels(labels) === 0) return -LABELS_UNUSUAL;
    const { kernel } = this.arena;
    // Known series need no guard.
    const guard = this.guard !== undefined && kernel.findCanonical(SCRATCH, labels.length, IDS) < 0 ? this.guard : undefined;
    if (guard?.admits(this, labels) === false) return -LABELS_SERIES_LIMIT;
    const code = kernel.resolveCanonical(SCRATCH, labels.length, IDS);
    if (code === LABELS_OK) guard?.created(this, labels);
    return code === LABELS_OK ? kernel.lastRef() : -code;
  }

  /** Ref of the series, -1 if it is not here. */
  find(labels: Labels): number {
    return this.writeLabels(labels) === 0 ? -1 : this.arena.kernel.findCanonical(SCRATCH, labels.length, IDS);
  }

  /**
   * Runs `change` as one batch of the arena: readers that need a consistent record wait until it is over. The batch ends whatever
   * happens inside, for a counter that stays odd would keep every reader waiting.
   */
  inBatch<T>(change: () => T): T {
    this.arena.kernel.beginBatch();
    try {
      return change();
    } finally {
      this.arena.kernel.endBatch();
    }
  }

  /** Newest sample of a series here, -Infinity if it has none. */
  newestOf(ref: number): number {
    return this.arena.kernel.seriesNewest(ref);
  }

  /** Value of that sample if it is a float; NaN where it must be looked for (no sample, histograms too, a stale marker). */
  newestFloat(ref: number): number {
    const record = SERIES_BASE + ref * SERIES_BYTES;
    const flags = this.arena.bytes[record + S_FLAGS]!;
    return (flags & (FLAG_HAS_SAMPLE | FLAG_HISTOGRAMS)) === FLAG_HAS_SAMPLE ? this.arena.f64[(record + S_LAST_VALUE) >>> 3]! : NaN;
  }

  /** Value of that sample if it is a histogram and came last; undefined where it must be looked for. */
  newestHistogram(ref: number): Histogram | undefined {
    const { arena } = this;
    if ((arena.bytes[SERIES_BASE + ref * SERIES_BYTES + S_FLAGS]! & FLAG_HISTOGRAMS) === 0) return undefined;
    const record = arena.field(COLD_BASE + ref * COLD_BYTES + C_HIST_TAIL);
    if (this.mint + arena.field(record + 4) !== this.newestOf(ref)) return undefined;
    return decodeHistogram(arena.bytes, record + 12, record + 12 + arena.field(record + 8));
  }

  /** Returns the size in the scratch, 0 if it is too large to be a series. */
  private writeLabels(labels: Labels): number {
    return labels.length > IDS_MAX ? 0 : writeCanonicalLabels(this.arena.bytes, SCRATCH, SCRATCH + SCRATCH_BYTES, labels);
  }

  // ---- Samples ---------------------------------------------------------------------------------------------------------

  /**
   * Puts one sample into the columns. `bits` are the 32-bit words of the doubles, as they lie in memory; `startMs` its start
   * timestamp, 0 without one.
   */
  putColumn(row: number, ref: number, t: number, bits: Uint32Array, index: number, startMs: number): void {
    const { arena } = this;
    arena.u32[(COL_REFS >>> 2) + row] = ref;
    arena.f64[(COL_TIMES >>> 3) + row] = t;
    const value = (COL_VALUES >>> 2) + row * 2;
    arena.u32[value] = bits[index * 2]!;
    arena.u32[value + 1] = bits[index * 2 + 1]!;
    arena.f64[(COL_STARTS >>> 3) + row] = startMs;
  }

  columnRef(row: number): number {
    return this.arena.i32[(COL_REFS >>> 2) + row]!;
  }

  columnTime(row: number): number {
    return this.arena.f64[(COL_TIMES >>> 3) + row]!;
  }

  /** The value of a row as 32-bit words. */
  columnBits(row: number): readonly [low: number, high: number] {
    const value = (COL_VALUES >>> 2) + row * 2;
    return [this.arena.u32[value]!, this.arena.u32[value + 1]!];
  }

  columnStatus(row: number): number {
    return this.statusView[row]!;
  }

  setColumnStatus(row: number, status: AppendStatus): void {
    this.statusView[row] = status;
  }

  /**
   * Appends the first n rows of the columns and logs what was stored; the dictionary entries that they need go first.
   * @param minValid see `TimeRules`; may be higher than the rules' own where older heads must look at each sample
   * @throws LogWriteError nothing may be acknowledged then
   */
  appendColumns(n: number, minValid: number, notAfter: number): PassCounts {
    const { kernel, bytes } = this.arena;
    this.logDictionary();
    kernel.appendColumns(n, minValid, notAfter, AppendStatus.farFuture);
    const logBytes = this.arena.field(RES_LOG_BYTES);
    if (logBytes > 0) this.log?.append(RecordType.samples, bytes.subarray(LOG_OUT, LOG_OUT + logBytes));
    return { ok: this.arena.field(RES_OK), duplicates: this.arena.field(RES_DUPLICATES), slow: this.arena.field(RES_SLOW) };
  }

  /** Logs names, pairs and series that are new. */
  logDictionary(): void {
    const { kernel, bytes } = this.arena;
    for (let n = kernel.encodeDictionary(); n > 0; n = kernel.encodeDictionary()) {
      this.log?.append(RecordType.dictionary, bytes.subarray(LOG_OUT, LOG_OUT + n));
    }
  }

  /**
   * Judges and, if acceptable, stores one float of the columns by itself: late ones, and series that have histograms too.
   * `newestElsewhere` is the series' newest sample in other heads and blocks, `probeElsewhere` whether they have this one: ST_OK,
   * ST_DUPLICATE or ST_CONFLICT. The log record is written by `flushSingles`, or here if many wait. @throws LogWriteError
   */
  appendRow(row: number, rules: TimeRules, newestElsewhere: number, probeElsewhere: number): AppendStatus {
    const { kernel } = this.arena;
    const [ref, t, [low, high]] = [this.columnRef(row), this.columnTime(row), this.columnBits(row)];
    const probe = kernel.probeFloat(ref, t, low, high) || probeElsewhere;
    if (probe === ST_DUPLICATE) return AppendStatus.duplicate;
    const verdict = judgeTime(rules, t, Math.max(kernel.seriesNewest(ref), newestElsewhere));
    if (verdict !== AppendStatus.ok || probe === ST_CONFLICT) return refusal(verdict, probe);
    const startMs = this.keepsStarts ? this.arena.f64[(COL_STARTS >>> 3) + row]! : 0;
    const status = this.inBatch(() => kernel.appendFloat(ref, t, low, high, startMs));
    if (status === ST_NO_MEMORY) return AppendStatus.outOfMemory;
    this.noteStart(ref, t, startMs);
    this.single.addFloat(ref, t, low, high);
    this.limitSingles();
    return AppendStatus.ok;
  }

  /** Judges and stores one histogram, likewise. @throws LogWriteError */
  appendHistogram(
    ref: number, t: number, histogram: Histogram, startMs: number, rules: TimeRules, newestElsewhere: number, probeElsewhere: number,
  ): AppendStatus {
    if (histogramEncodedSizeMax(histogram) > HISTOGRAM_BYTES_MAX) return AppendStatus.invalidHistogram;
    const { kernel, bytes } = this.arena;
    const at = HISTOGRAM_SCRATCH;
    const length = encodeHistogram(histogram, bytes, at) - at;
    const probe = kernel.probeHistogram(ref, t, at, length) || probeElsewhere;
    if (probe === ST_DUPLICATE) return AppendStatus.duplicate;
    const verdict = judgeTime(rules, t, Math.max(kernel.seriesNewest(ref), newestElsewhere));
    if (verdict !== AppendStatus.ok || probe === ST_CONFLICT) return refusal(verdict, probe);
    const start = this.keepsStarts ? startMs : 0;
    const status = this.inBatch(() => {
      const result = kernel.appendHistogram(ref, t, at, length, start);
      kernel.publishSeries();
      return result;
    });
    if (status === ST_NO_MEMORY) return AppendStatus.outOfMemory;
    invariant(status === ST_OK, `appendHistogram returned ${status}`);
    this.noteStart(ref, t, start);
    this.histograms.addHistogram(ref, t, bytes.subarray(at, at + length));
    this.limitSingles();
    return AppendStatus.ok;
  }

  private get keepsStarts(): boolean {
    return this.arena.field(HDR_STARTS_MODE) === STARTS_KEPT;
  }

  /** Notes for the log what the start of the sample that was just stored changed. */
  private noteStart(ref: number, t: number, startMs: number): void {
    const change = this.arena.field(RES_START);
    if (change !== START_SAME) this.starts.addStart(ref, t, startMs, change === START_ONCE);
  }

  private limitSingles(): void {
    if (this.starts.length + this.single.length + this.histograms.length > SINGLES_BYTES_MAX) this.flushSingles();
  }

  /** Whether exactly this histogram is stored: ST_OK (nothing at its time), ST_DUPLICATE or ST_CONFLICT. */
  probeHistogram(ref: number, t: number, histogram: Histogram): number {
    if (histogramEncodedSizeMax(histogram) > HISTOGRAM_BYTES_MAX) return ST_OK;
    const at = HISTOGRAM_SCRATCH;
    const end = encodeHistogram(histogram, this.arena.bytes, at);
    return this.arena.kernel.probeHistogram(ref, t, at, end - at);
  }

  /** Logs what `appendRow` and `appendHistogram` stored since the last call. @throws LogWriteError */
  flushSingles(): void {
    // A start without its sample does hardly any harm (../README.md, "The log keeps changes of start timestamps"), a sample without its
    // start would not get it any more. All are handed over, whatever becomes of the one before: the log keeps what it cannot write, in
    // this order.
    try {
      this.flush(RecordType.starts, this.starts);
    } finally {
      try {
        this.flush(RecordType.floats, this.single);
      } finally {
        this.flush(RecordType.histograms, this.histograms);
      }
    }
  }

  private flush(type: number, buffer: RecordBuffer): void {
    try {
      if (buffer.length > 0) this.log?.append(type, buffer.payload());
    } finally {
      // A record that could not be written is kept by the log itself.
      buffer.clear();
    }
  }

  /** Bytes of the arena in use, as the budget counts them. */
  get usedBytes(): number {
    return this.arena.usedBytes;
  }
}

/** Why a sample is not stored: its time, or (also when only the series' newest sample forbids it) the other value there. */
function refusal(verdict: AppendStatus, probe: number): AppendStatus {
  const timeAllows = verdict === AppendStatus.ok || verdict === AppendStatus.outOfOrder;
  return probe === ST_CONFLICT && timeAllows ? AppendStatus.conflict : verdict;
}
