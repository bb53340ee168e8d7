/** The writing side of the store as `ingest` sees it. Implemented by `tsdb/db`. */
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { SampleBatch } from '../model/sample-batch.js';

/** Why samples were refused, grouped. */
export interface AppendReject {
  /** One of `AppendStatus`. */
  readonly status: number;
  count: number;
  /** The first one: reason, series, its time, the times it was measured against. */
  readonly example: string;
}

export interface AppendReport {
  /** Floats that are stored now, exact duplicates of stored ones included. */
  samples: number;
  /** Native histograms, likewise. */
  histograms: number;
  /** Floats that `SeriesNaming` had passed over, see `SeriesFate`: neither stored nor refused. */
  dropped: number;
  deduplicated: number;
  readonly rejects: Map<number, AppendReject>;
  /** Metadata that its series did not have before, in the order of the request; repetitions are possible. */
  metadata: readonly MetricMetadata[];
  /**
   * Parts of the request that the fast path does not take (histograms, exemplars, metadata of 1.0), as a decompressed message of the
   * same protocol. They are not stored and not counted yet.
   */
  rest: Uint8Array | undefined;
}

/** What an append would do. */
export interface ProbeReport {
  /** Indexes in `SampleBatch.series` of those that no head knows and that would be made. */
  readonly newSeries: ReadonlySet<number>;
  readonly rejects: Map<number, AppendReject>;
}

/** Labels of a run of label submessages, or the sentence that says why they cannot be a series. */
export type LabelRunDecoder = (run: Uint8Array) => Labels | string;

/**
 * What is to become of a series: stored with these labels; dropped by a rule; passed over, because another replica of its sender is
 * elected; decided by the general path each time it comes; or refused.
 */
export type SeriesFate = Labels | 'drop' | 'duplicate' | 'foreign' | SeriesRefusal;

export interface SeriesRefusal {
  /** One of `AppendStatus`. */
  readonly status: number;
  readonly example: string;
}

/** Decides about the series of one remote write body. Without one, series are stored as they come. */
export interface SeriesNaming {
  /**
   * Called once, before anything of the body is stored. `first` gives the labels of the body's first series as label submessages of
   * remote write 1.0, undefined if they cannot be found. Returns a uint32 that is another one whenever `decide` may decide otherwise:
   * what was decided is remembered under it. `general`: the general path shall take the body.
   */
  begin(first: () => Uint8Array | undefined): number | 'general';
  /** Decides about a series that is not known by its bytes, given as `first` gives them. */
  decide(run: Uint8Array): SeriesFate;
  /** Called when the body was taken and did not go to the general path, in the same turn as `begin`. */
  taken(): void;
}

/**
 * The series of which a `rest` (see `AppendReport`) has samples, with the labels that they would be stored with. Asked once for a body,
 * before anything of it is stored. @throws IngestError if it cannot be decoded
 */
export type SeriesOfRest = (rest: Uint8Array) => readonly Labels[];

/** The series of data points, as the translator names them. */
export interface PointSeries {
  /** Label sets as they shall be stored; undefined: dropped by a rule. */
  readonly series: readonly (Labels | undefined)[];
  /**
   * Indexes into `series`, point after point: the one of a number; of a histogram sum (if it has one), count, buckets and the
   * infinite bucket. Those of point k are at [starts[k], starts[k + 1]).
   */
  readonly samples: Uint32Array;
  readonly starts: Uint32Array;
  /** Per point: index into `targets`. */
  readonly resources: Uint32Array;
  /** Per resource: index of its `target_info` in `series`, -1 if it has none. */
  readonly targets: Int32Array;
  /** Indexes of points that have no series, or one that is refused: they are to be translated. */
  readonly unnamed: ReadonlySet<number>;
}

/** What the walk of an OTLP request leaves to the translator. Offsets are those where messages begin in the body. */
export interface OtlpOthers {
  /** Data points, and metrics without points. Rising. */
  readonly messages: Uint32Array;
  /** Resources whose `target_info` is wanted, with the times of their first and last points. */
  readonly targets: ReadonlyMap<number, { readonly earliest: number; readonly latest: number }>;
}

/** What the walk of an OTLP request must know about the translation, and its way to ask for names. */
export interface OtlpNaming {
  /** Another number whenever the same bytes may mean other series. A uint32. */
  readonly generation: number;
  /** Longest distance between samples of `target_info`. */
  readonly targetStepMs: number;
  /** Explicit histograms become buckets, sum and count, not native histograms. */
  readonly classicHistograms: boolean;
  /**
   * Names the series of some points, given by the offsets of their messages in the body, rising. `general`: the body is damaged, or
   * there is something to be said about the points that a translation of the whole body would say.
   */
  name(points: Uint32Array): PointSeries | 'general';
  /** Translates a part of the body, to be appended as it is. `general`: the body is damaged. */
  translate(others: OtlpOthers): SampleBatch | 'general';
}

/** Samples that were translated, and what became of them. */
export interface TranslatedReport {
  readonly batch: SampleBatch;
  /** Per sample. */
  readonly statuses: Uint8Array;
  readonly report: AppendReport;
}

export interface OtlpReport extends AppendReport {
  /** Distinct data points that lost a sample, without those of `translated`. */
  rejectedPoints: number;
  /** `Labels.key()` of series that were named in vain: they lost all their samples, or their point was translated. */
  readonly lostSeries: ReadonlySet<string>;
  /** What the kernels left to the translator. */
  translated: TranslatedReport | undefined;
}

export interface Appender {
  /**
   * The fast path: a snappy-compressed remote write body, walked as bytes. `general` means that this body needs the
   * general decoder (what was stored of it already will be found to be there). The promise resolves when the samples may be
   * acknowledged. With `seriesOfRest` a body that has samples of one series both for the kernels and for the decoder is `general`:
   * of two for one time the first in the body is stored.
   * @throws IngestError (rejects)
   */
  appendRemoteWriteV1(body: Uint8Array, naming?: SeriesNaming, seriesOfRest?: SeriesOfRest): Promise<AppendReport | 'general'>;
  /** As `appendRemoteWriteV1` for remote write 2.0. */
  appendRemoteWriteV2(body: Uint8Array, naming?: SeriesNaming, seriesOfRest?: SeriesOfRest): Promise<AppendReport | 'general'>;
  /**
   * The fast path of OTLP: a decompressed protobuf body, walked as bytes. `general`: nothing of it was stored, it needs the
   * general decoder.
   * @throws IngestError (rejects)
   */
  appendOtlp(body: Uint8Array, naming: OtlpNaming): Promise<OtlpReport | 'general'>;
  /**
   * A decoded request. `statuses` gets the `AppendStatus` of each sample.
   * @throws IngestError (rejects)
   */
  appendBatch(batch: SampleBatch, statuses: Uint8Array): Promise<AppendReport>;
  /** What `appendBatch` would do now, except that deltas are not added up. Stores nothing. */
  probeBatch(batch: SampleBatch, statuses: Uint8Array): ProbeReport;
}
