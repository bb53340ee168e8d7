/** Blocks as Prometheus lists them at `/api/v1/status/tsdb/blocks` (`tsdb.BlockMeta`, since 3.6), and the size of each. */
import type { JsonValue } from '../api/json-value.js';
import type { BlockSummary } from '../storage/block-summary.js';

/** Of Prometheus' meta.json, which clients may check. */
const META_VERSION = 1;
const CROCKFORD = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const ULID_LENGTH = 26;

export function blockList(blocks: readonly BlockSummary[]): JsonValue {
  return {
    blocks: blocks.map((block) => ({
      ulid: ulidOf(block.id),
      minTime: block.mint,
      maxTime: block.maxt,
      // Upstream leaves out what is 0.
      stats: {
        ...unlessZero('numSamples', block.floats + block.histograms),
        ...unlessZero('numFloatSamples', block.floats),
        ...unlessZero('numHistogramSamples', block.histograms),
        ...unlessZero('numSeries', block.series),
        ...unlessZero('numChunks', block.chunks),
      },
      compaction: {
        // Blocks of heads have level 1 there.
        level: block.level + 1,
        sources: block.heads.map(ulidOf),
        ...(block.damaged ? { failed: true } : {}),
      },
      version: META_VERSION,
      sizeBytes: block.sizeBytes,
    })),
  };
}

function unlessZero(name: string, value: number): { [name: string]: number } {
  return value === 0 ? {} : { [name]: value };
}

/** A block's or head's number in the form of a ULID, which clients expect: base 32, filled with zeros. */
function ulidOf(id: number): string {
  let text = '';
  for (let rest = id; rest > 0; rest = Math.floor(rest / 32)) text = CROCKFORD[rest % 32]! + text;
  return text.padStart(ULID_LENGTH, '0');
}
