/** What a block is written from: dictionary and series by number, so that a million series need no objects. */
import type { Labels } from '../../model/labels.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import type { Queryable, Series } from '../../storage/queryable.js';
import type { SeriesOrder } from './series-order.js';

export interface BlockSource {
  readonly names: readonly string[];
  /** Pairs are numbered from 0; those that no series has are left out of the block. */
  readonly pairCount: number;
  /** Index in `names`. */
  pairName(pair: number): number;
  pairValue(pair: number): string;
  /** Series are numbered from 0, in any order, each label set once. */
  readonly seriesCount: number;
  /** Pairs of a series, in any order. The view is only valid until the next call. */
  pairsOf(series: number): Uint32Array;
  /** Appends all samples of a series, rising in time. */
  read(series: number, out: SampleColumns): void;
}

/** A source that knows the order of its series. They are read in that order, each once. */
export interface OrderedSource {
  readonly order: SeriesOrder;
  /** As of `BlockSource`; `series` is an entry of `order.source`. */
  read(series: number, out: SampleColumns): void;
}

/** Everything that a `Queryable` has in [mint, maxt] as a source. Holds the label sets of all series. */
export class QueryableSource implements BlockSource {
  readonly names: string[] = [];
  private readonly pairNames: number[] = [];
  private readonly pairValues: string[] = [];
  private readonly series: Series[];
  private readonly pairLists: Uint32Array[];

  constructor(queryable: Queryable, private readonly mint: number, private readonly maxt: number) {
    this.series = queryable.select([], mint, maxt);
    const nameIds = new Map<string, number>();
    const pairIds: Map<string, number>[] = [];
    const pairOf = (name: string, value: string): number => {
      let nameId = nameIds.get(name);
      if (nameId === undefined) {
        nameId = this.names.push(name) - 1;
        nameIds.set(name, nameId);
        pairIds.push(new Map());
      }
      let pair = pairIds[nameId]!.get(value);
      if (pair === undefined) {
        pair = this.pairNames.push(nameId) - 1;
        this.pairValues.push(value);
        pairIds[nameId]!.set(value, pair);
      }
      return pair;
    };
    const pairsOf = (labels: Labels): Uint32Array => Uint32Array.from(labels.names, (name, i) => pairOf(name, labels.values[i]!));
    this.pairLists = this.series.map(({ labels }) => pairsOf(labels));
  }

  get pairCount(): number {
    return this.pairValues.length;
  }

  get seriesCount(): number {
    return this.series.length;
  }

  pairName(pair: number): number {
    return this.pairNames[pair]!;
  }

  pairValue(pair: number): string {
    return this.pairValues[pair]!;
  }

  pairsOf(series: number): Uint32Array {
    return this.pairLists[series]!;
  }

  read(series: number, out: SampleColumns): void {
    this.series[series]!.read(out, this.mint, this.maxt);
  }
}
