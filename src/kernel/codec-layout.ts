/**
 * The address map of the codec's memory: 1 MiB of its own for each thread, apart from every arena. Compiled twice, as `layout.ts`:
 * plain constants only. Columns hold 8 bytes an entry.
 */

/** Values of one chunk. */
export const CODEC_CAPACITY = 4096;
/** Powers of ten as doubles, 10^0 .. 10^22: the exact ones. */
export const CODEC_POWERS = 0x00000400;
/** Bit lengths of a block, 65 x u32. */
export const CODEC_COUNTS = 0x00000600;
/** Lowest entries of the blocks of a column, rising. */
export const CODEC_MINIMA = 0x00000800;
/** Bits of each block of a column with a reference of its own, u32. */
export const CODEC_OWN_COSTS = 0x00000b00;
/** Adaptive bits of the range coder: tokens, signs, bits of magnitudes (range-code.ts). */
export const CODEC_TOKENS = 0x00001000;
export const CODEC_SIGNS = 0x00001800;
export const CODEC_MAGNITUDES = 0x00001840;
export const CODEC_MODELS_END = 0x00002060;
/** Input of an encoding, output of a decoding. */
export const CODEC_VALUES = 0x00010000;
/** Values with the exceptions filled in. */
export const CODEC_CLEAN = 0x00020000;
/** Mantissas, then steps from the first in units of their gcd. */
export const CODEC_STEPS = 0x00030000;
export const CODEC_RESIDUALS = 0x00040000;
/** First and second differences. */
export const CODEC_FIRST = 0x00050000;
export const CODEC_SECOND = 0x00060000;
/** Runs of exceptions, 16 bytes each: { start u32, length u32, bits u64 }. */
export const CODEC_RUNS = 0x00070000;
/** The encoded chunk: written by an encoding, read by a decoding. 64 bytes behind it may be over-read. */
export const CODEC_BYTES = 0x00090000;
export const CODEC_BYTES_CAPACITY = 0x00010000;
/** Second place for an encoding, where two forms are compared. */
export const CODEC_OTHER = 0x000b0000;
/** Place for an encoding by codec R, where it is compared with P. */
export const CODEC_RANGED = 0x000e0000;
/** Bits that the range coder stores as they are. */
export const CODEC_PLAIN_BITS = 0x000d0000;

export const CODEC_PAGES = 16;
