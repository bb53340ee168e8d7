/** A head as the source of a block: its dictionary and series by number, straight out of the arena. */
import { SERIES_BASE, SERIES_BYTES, S_FLAGS } from '../../kernel/layout.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import type { BlockSource } from '../block/block-source.js';
import type { HeadReader } from '../head/head-reader.js';

export class HeadSource implements BlockSource {
  readonly names: string[];
  readonly pairCount: number;
  /** Refs of the series that have samples: a series whose only sample was refused has none. */
  private readonly refs: Uint32Array;

  constructor(private readonly head: HeadReader) {
    const { arena } = head;
    // Series first: what is added to the dictionary meanwhile belongs to later ones.
    const published = arena.kernel.publishedSeries();
    this.refs = Uint32Array.from({ length: published }, (_, ref) => ref).filter(
      (ref) => arena.bytes[SERIES_BASE + ref * SERIES_BYTES + S_FLAGS] !== 0,
    );
    this.names = Array.from({ length: arena.nameCount }, (_, name) => arena.nameText(name));
    this.pairCount = arena.pairCount;
  }

  get seriesCount(): number {
    return this.refs.length;
  }

  pairName(pair: number): number {
    return this.head.arena.kernel.pairName(pair);
  }

  pairValue(pair: number): string {
    return this.head.arena.pairText(pair);
  }

  pairsOf(series: number): Uint32Array {
    const { kernel, u32 } = this.head.arena;
    const list = kernel.seriesLabels(this.refs[series]!) >>> 2;
    return u32.subarray(list + 1, list + 1 + u32[list]!);
  }

  read(series: number, out: SampleColumns): void {
    this.head.readSeries(this.refs[series]!, out, this.head.mint, this.head.maxt - 1);
  }
}
