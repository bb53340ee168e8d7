/**
 * The address map of an arena: one shared WebAssembly memory of 4 GiB, reserved whole, committed by the system page
 * by page as it is touched. This file is compiled twice, by AssemblyScript (kernels) and by TypeScript (the head's
 * other side), so it holds plain constants below 2^31 only. `layout.md` draws the records.
 */

export const ARENA_VERSION = 1;

// ---- Header: the arena's own state. All fields u32 unless noted. ------------------------------------------------
export const HDR_VERSION = 1024;
/** Batch counter, atomic: odd while the writer is inside a batch. Readers snapshot between two equal even values. */
export const HDR_SEQ = 1028;
/** Series that readers may look at, atomic, stored after everything about them is written. */
export const HDR_SERIES_PUBLISHED = 1032;
export const HDR_SERIES = 1036;
export const HDR_NAMES = 1040;
export const HDR_PAIRS = 1044;
export const HDR_IDENTS = 1048;
export const HDR_HEAP_TOP = 1052;
/** Heap address that must not be reached: the budget of this arena. */
export const HDR_HEAP_LIMIT = 1056;
export const HDR_SERIES_LIMIT = 1060;
/** Half-open range of sample times, f64 ms. The end is lowered, behind the newest sample, where a head must end early. */
export const HDR_MINT = 1064;
export const HDR_MAXT = 1072;
/** Seed of all hashes of this arena, u64, random for each process and never stored. */
export const HDR_SEED = 1080;
/** Open-addressing tables: address and slot count - 1. Slots are { u32 tag, u32 id + 1 }. */
export const HDR_NAME_TABLE = 1088;
export const HDR_NAME_MASK = 1092;
export const HDR_PAIR_TABLE = 1096;
export const HDR_PAIR_MASK = 1100;
export const HDR_SERIES_TABLE = 1104;
export const HDR_SERIES_MASK = 1108;
export const HDR_IDENT_TABLE = 1112;
export const HDR_IDENT_MASK = 1116;
/**
 * For each of these tables, while it grows: address of the one that takes its place, and how many of its slots are there already. At the
 * distance HDR_GROWTH from the table's own words.
 */
export const HDR_GROWTH = 104;
/** Identity that the next walk expects first. */
export const HDR_PREDICTED = 1120;
/** Identity seen last: its `next` is repaired when the prediction was wrong. */
export const HDR_PREVIOUS = 1176;
/** Not 0: no series is added, because the memory of all heads is short. */
export const HDR_STARVED = 1264;
/** Series that lost their last sample to a deletion, counted each time: while it is 0, nobody looks for series without samples. */
export const HDR_EMPTIED = 1184;
/** Names, pairs and series that are in the log already. */
export const HDR_LOGGED_NAMES = 1124;
export const HDR_LOGGED_PAIRS = 1128;
export const HDR_LOGGED_SERIES = 1132;
/** Totals, f64. */
export const HDR_SAMPLES = 1136;
export const HDR_CHUNKS = 1144;
/** Oldest and newest sample, f64 ms; +Inf and -Inf while the head is empty. */
export const HDR_MIN_TIME = 1152;
export const HDR_MAX_TIME = 1160;
/** Next free bit-stream block and end of its slab. */
export const HDR_BLOCK_TOP = 1168;
export const HDR_BLOCK_END = 1172;
/** Whether start timestamps are kept: STARTS_. */
export const HDR_STARTS_MODE = 1180;
/** Free lists of power-of-two heap pieces, u32 each, by log2 of the size (slots 0..31). */
export const HDR_FREE = 1280;

/** By part of the head's range: the batch counter after the batch that put samples there last, u32 each. */
export const HDR_TOUCHED = 2048;
export const TOUCHED_COUNT = 128;
/** Length of a part, f64 ms: what the head's range is divided into when it opens, whatever becomes of its end. */
export const HDR_TOUCHED_WIDTH = 2560;

// ---- Results of the kernels that have several, u32 unless noted. -------------------------------------------------
/** Walk: samples and misses written, where to resume, samples outside the head's range and their oldest and newest time (f64). */
export const RES_SAMPLES = 1536;
export const RES_MISSES = 1540;
export const RES_RESUME = 1544;
export const RES_OUTSIDE = 1548;
export const RES_OUTSIDE_MIN = 1552;
export const RES_OUTSIDE_MAX = 1560;
/** Append: bytes of log written, samples by status (ok, duplicate, left to the slow path). */
export const RES_LOG_BYTES = 1568;
export const RES_OK = 1572;
export const RES_DUPLICATES = 1576;
export const RES_SLOW = 1580;
/** Walk: parts of the body that it left to the general decoder. */
export const RES_OTHERS = 1584;
/** Walk: samples of known series that are passed over on purpose, by REF_DROPPED and REF_DUPLICATE. */
export const RES_DROPPED = 1608;
export const RES_DEDUPLICATED = 1612;
/** Symbols of a remote write 2.0 body; entries of the metadata list. */
export const RES_SYMBOLS = 1588;
export const RES_METADATA = 1592;

/** OTLP walk: 1 if the times of its rows never go back. */
export const RES_RISING = 1600;
/** Append of one sample: what became of its start, START_. */
export const RES_START = 1604;

// ---- Scratch of the writer ----------------------------------------------------------------------------------------
/** Samples that one pass of a walk may produce; a longer body is walked in several passes. */
export const COLUMN_CAPACITY = 262144;
export const COL_REFS = 0x00100000;
export const COL_TIMES = 0x00200000;
export const COL_VALUES = 0x00400000;
export const COL_STATUS = 0x00600000;
/** Parts of a body that the walk leaves to the general decoder: { u32 start, u32 end } of whole top-level fields. */
export const OTHER_BASE = 0x00640000;
export const OTHER_BYTES = 8;
export const OTHER_CAPACITY = 65536;
/** Series of one pass that the identity table does not know. */
export const MISS_CAPACITY = 131072;
export const MISS_BASE = 0x00700000;
export const MISS_BYTES = 48;
export const MISS_LABELS = 0;
export const MISS_LABELS_END = 4;
export const MISS_FIRST_SAMPLE = 8;
export const MISS_SAMPLE_COUNT = 12;
export const MISS_HASH = 16;
export const MISS_PREVIOUS = 32;
export const MISS_CODE = 36;
/** Remote write 2.0: hash of the series' metadata and address of its metadata field; hash 0 = none. */
export const MISS_META_HASH = 40;
export const MISS_META_AT = 44;
/** Symbols of a remote write 2.0 body: { u64 x 2 hash, u32 text, u32 length, u32 metadata hash listed last, u32 0 }. */
export const SYMBOL_CAPACITY = 65536;
export const SYMBOL_BASE = 0x00d00000;
export const SYMBOL_BYTES = 32;
export const SYMBOL_TEXT = 16;
export const SYMBOL_LENGTH = 20;
export const SYMBOL_META = 24;
/** Metadata of a pass that differs from what its identity had: { ident, hash, labels, metadata field }, then { name, type, help, unit }. */
export const META_LIST = 0x00f00000;
export const META_LIST_BYTES = 16;
export const META_LIST_CAPACITY = 65536;
/** OTLP: ordinal of the data point in its request. MISS_CODE is one of OTLP_MISS_, the labels are a point or a resource. */
export const MISS_ORDINAL = 40;
/** Encoded log records. */
export const LOG_OUT = 0x01000000;
export const LOG_OUT_CAPACITY = 0x00ff0000;
/** Compressed and decompressed request body. Every buffer is followed by at least 64 bytes that may be over-read. */
export const BODY_IN = 0x02000000;
export const BODY_IN_CAPACITY = 0x01ff0000;
/** Once a body is decompressed (OTLP comes so), the place of the compressed one is free. OTLP: data point of each row, ... */
export const OTLP_ORIGINS = 0x02000000;
/** ... refs from the other side: those of one data point, or of the series of a decoded part, ... */
export const REFS_IN = 0x02200000;
/** ... and a table of the rows' refs (row-order.ts), 8 bytes a slot, slots for twice the columns' capacity. */
export const ROW_TABLE = 0x02400000;
/** What the walk of OTLP leaves to the translator: { f64 earliest, f64 latest (resources only), u32 start, u32 OTLP_OTHER_ }. */
export const OTLP_OTHERS = 0x02c00000;
export const OTLP_OTHER_BYTES = 24;
export const OTLP_OTHER_CAPACITY = 65536;
export const OTLP_OTHER_START = 16;
export const OTLP_OTHER_KIND = 20;
export const BODY_OUT = 0x04000000;
export const BODY_OUT_CAPACITY = 0x07ff0000;

// ---- Scratch of readers: one slot a thread ------------------------------------------------------------------------
export const READER_BASE = 0x0c000000;
export const READER_BYTES = 0x00400000;
export const READER_SLOTS = 16;
/** Inside a slot: a snapshot of the series, the cursor, then result columns. */
export const READER_SNAPSHOT = 0;
export const READER_LATE_HEAD = 96;
export const READER_HIST_HEAD = 100;
export const READER_HIST_TAIL = 104;
export const READER_NEXT_CHUNK = 108;
export const READER_STAGE = 112;
export const READER_MIN_TIME = 116;
export const READER_MAX_TIME = 120;
export const READER_LATE_TAIL = 124;
/** Newest histogram record before the range, as far as `readHistogram` came. */
export const READER_HIST_BEFORE = 128;
/** Copy of the series' entry in START_BASE, if it has FLAG_STARTS. */
export const READER_START = 136;
/** Small inputs from the other side: texts to look up, labels in canonical form. */
export const READER_IO = 256;
export const READER_TIMES = 0x00010000;
export const READER_VALUES = 0x00200000;
/** Samples that fit into the columns of a slot. */
export const READER_CAPACITY = 200000;

// ---- Regions of records with dense ids ----------------------------------------------------------------------------
export const NAME_BASE = 0x10000000;
export const NAME_BYTES = 32;
export const NAME_CAPACITY = 65536;
export const NAME_TEXT = 0;
export const NAME_LENGTH = 4;
/** Newest pair of the name, id + 1; pairs chain by PAIR_NEXT. */
export const NAME_FIRST_PAIR = 8;
export const NAME_PAIR_COUNT = 12;

/** More of the columns: start timestamps, f64 ms, 0 = none. Written and read while they are kept. */
export const COL_STARTS = 0x10800000;

export const PAIR_BASE = 0x11000000;
export const PAIR_BYTES = 32;
export const PAIR_CAPACITY = 8388608;
export const PAIR_NAME = 0;
export const PAIR_TEXT = 4;
export const PAIR_LENGTH = 8;
export const PAIR_NEXT = 12;
/** Postings: the first series ref + 1 in place, the others in a chain of blocks { next, capacity, used, (ref + 1)... }. */
export const PAIR_FIRST_REF = 16;
export const PAIR_BLOCK_HEAD = 20;
export const PAIR_BLOCK_TAIL = 24;
export const PAIR_COUNT = 28;

export const SERIES_CAPACITY = 8388608;
export const SERIES_BASE = 0x21000000;
export const SERIES_BYTES = 64;
/** The open chunk and the list of sealed ones. Times are ms since the head's mint. */
export const S_LAST_VALUE = 0;
export const S_ACC = 8;
export const S_FIRST_VALUE = 16;
export const S_FIRST_TIME = 24;
export const S_LAST_TIME = 28;
export const S_LAST_DELTA = 32;
export const S_WRITE = 36;
/** First word of the open chunk's bit stream, 0 while everything fits into S_ACC. */
export const S_FIRST_WORD = 40;
export const S_COUNT = 48;
export const S_LEAD = 50;
export const S_TRAIL = 51;
export const S_PEND = 52;
export const S_FLAGS = 53;
export const S_SEALED_HEAD = 56;
export const S_SEALED_TAIL = 60;

export const COLD_BASE = 0x41000000;
export const COLD_BYTES = 32;
/** { u32 n, n x u32 pair id } in label order. */
export const C_LABELS = 0;
export const C_HASH = 4;
/** Chain of late blocks { next, used, LATE_ENTRIES x { u32 time, u32 0, u64 bits } }. */
export const C_LATE_HEAD = 8;
export const C_LATE_TAIL = 12;
/** Chain of histogram records { next, u32 time, u32 length, bytes }. */
export const C_HIST_HEAD = 16;
export const C_HIST_TAIL = 20;
/** Newest times of the two chains: what is newer is in neither. */
export const C_HIST_LAST_TIME = 24;
export const C_LATE_LAST_TIME = 28;

/** S_FLAGS */
export const FLAG_HAS_SAMPLE = 1;
export const FLAG_HISTOGRAMS = 2;
export const FLAG_LATE = 4;
export const FLAG_STARTS = 8;

export const IDENT_BASE = 0x51000000;
export const IDENT_BYTES = 24;
export const IDENT_CAPACITY = 12582912;
export const IDENT_HASH = 0;
export const IDENT_REF = 16;
export const IDENT_NEXT = 20;

/** Per identity, u32, 0 = nothing. Remote write 1.0: bytes of its labels; 2.0: hash of the metadata that came with it last. */
export const IDENT_NOTE_BASE = 0x63000000;

/** Start timestamps, by ref: the newest entry of each series that has any { f64 start, u32 time, u32 link }. */
export const START_BASE = 0x66000000;
export const START_BYTES = 16;
export const START_TIME = 8;
/** Address of the next older entry, and START_ONCE_BIT if this one holds for the sample at its time only. */
export const START_LINK = 12;
export const START_ONCE_BIT = 1;

export const HEAP_BASE = 0x6e000000;

// ---- Chunks ---------------------------------------------------------------------------------------------------------
/** An open chunk is sealed when it holds this many samples. */
export const CHUNK_SAMPLES = 120;
/** Sealed chunk: { next, firstTime, lastTime, u16 count, u8 pend, u8 0, firstWord, write, u64 firstValue, u64 acc }. */
export const SEALED_BYTES = 40;
export const SEALED_NEXT = 0;
export const SEALED_FIRST_TIME = 4;
export const SEALED_LAST_TIME = 8;
export const SEALED_COUNT = 12;
export const SEALED_PEND = 14;
export const SEALED_FIRST_WORD = 16;
export const SEALED_WRITE = 20;
export const SEALED_FIRST_VALUE = 24;
export const SEALED_ACC = 32;

/** Bit streams live in blocks of 7 words and a link { u32 next, u32 0 }, aligned, so that an address tells its place. */
export const BLOCK_BYTES = 64;
export const BLOCK_LINK = 56;
export const SLAB_BYTES = 65536;
/** Heap that must be free per sample before a batch is appended: one block, one sealed chunk, and room to spare. */
export const HEAP_PER_SAMPLE = 128;

export const LATE_ENTRIES = 8;
export const LATE_ENTRY_BYTES = 16;
export const LATE_HEADER = 8;

// ---- Status of one sample: AppendStatus of `storage/append-status`, and what only the slow path can decide. ----------
export const ST_OK = 0;
export const ST_DUPLICATE = 1;
export const ST_CONFLICT = 6;
export const ST_NO_MEMORY = 10;
/** Older than the series' newest sample: window and duplicates must be checked. */
export const ST_OLDER = 100;
/** The sample belongs to another head. */
export const ST_OUTSIDE = 101;
/** The series is not known (its miss was refused). */
export const ST_NO_SERIES = 102;
/** The series has histograms: the newest time of both kinds counts. */
export const ST_MIXED = 103;

// ---- Start timestamps ------------------------------------------------------------------------------------------------------------
/** HDR_STARTS_MODE: there are none; those of COL_STARTS are kept; not kept, but some series have one from before. */
export const STARTS_NONE = 0;
export const STARTS_KEPT = 1;
export const STARTS_CLEARED = 2;
/** What a sample's start did: nothing, holds from the sample on, holds for this sample only. */
export const START_SAME = 0;
export const START_FROM = 1;
export const START_ONCE = 2;

/** Value of a ref column entry whose series is unknown. */
export const NO_REF = -1;
/** Values of identities and of the ref column from here on (and below OTLP_REF_LIST) are no refs but say why there is none. */
export const REF_PASSED = 0x3ffffff0;
/** Remote write: the general decoder shall see the series, each time. */
export const REF_FOREIGN = 0x3ffffffc;
/** Sent by a replica that is not elected. */
export const REF_DUPLICATE = 0x3ffffffd;
/** Dropped by a rule. */
export const REF_DROPPED = 0x3ffffffe;

// ---- Codes of a label set (MISS_CODE, resolve*) -----------------------------------------------------------------------
export const LABELS_OK = 0;
/** Not sorted, repeated, empty, no name, not UTF-8: the general path normalises or names the error. */
export const LABELS_UNUSUAL = 1;
export const LABELS_SERIES_LIMIT = 2;
export const LABELS_NO_MEMORY = 3;
/** A new series, and none is added now (HDR_STARVED). */
export const LABELS_STARVED = 4;

// ---- OTLP -------------------------------------------------------------------------------------------------------------------
/** Kinds of entries in the miss list. */
export const OTLP_MISS_POINT = 0;
export const OTLP_MISS_TARGET = 1;
/** The series of the point are known, but its exemplars must be decoded. */
export const OTLP_MISS_EXEMPLARS = 2;
/** Kinds of what is left to the translator: a data point, or a metric without one; the `target_info` of a resource. */
export const OTLP_OTHER_MESSAGE = 0;
export const OTLP_OTHER_TARGET = 1;
/** Value of an identity whose series are not neighbours: with this bit, the address of { u32 n, n x u32 ref } divided by 8. */
export const OTLP_REF_LIST = 0x40000000;
/** Value of the identity of a resource that has no `target_info`. */
export const OTLP_REF_NONE = 0x3fffffff;
/** In the column of origins: the row stems from no data point. */
export const OTLP_NO_ORIGIN = 0x7fffffff;
/** A point of more samples, and the `target_info` of a resource if it has more, is left to the translator. */
export const OTLP_POINT_SAMPLES_MAX = 4096;
export const OTLP_TARGET_STEPS_MAX = 64;

// ---- Results of a walk --------------------------------------------------------------------------------------------------
export const WALK_DONE = 0;
/** The columns are full: handle them and call again from RES_RESUME. */
export const WALK_MORE = 1;
/** Something that this walker does not know (groups, split messages, too many symbols): use the general decoder. */
export const WALK_GENERAL = 2;
export const WALK_CORRUPT = 3;
