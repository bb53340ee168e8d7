/**
 * An OTLP metrics export request as the translator wants it, decoded from protobuf or JSON. Times are whole
 * milliseconds (floor of the nanoseconds; 0 = not set), 64-bit counts are doubles (rounded above 2^53). Fields that
 * nothing uses (`min`, `max`, dropped counts) are not kept.
 */
export interface OtlpRequest {
  readonly resourceMetrics: OtlpResourceMetrics[];
  /**
   * Some text was not UTF-8. Such text ends in `ILL_FORMED_MARK`; without this flag nobody needs to look for it.
   */
  illFormed: boolean;
}

/** A lone surrogate: no valid text has one. */
export const ILL_FORMED_MARK = '\udfff';

export interface OtlpResourceMetrics {
  /** Where its message begins in a protobuf body; 0 from JSON. */
  readonly bodyOffset: number;
  readonly attributes: KeyValue[];
  readonly scopeMetrics: OtlpScopeMetrics[];
}

export interface OtlpScopeMetrics {
  readonly scope: OtlpScope;
  readonly metrics: OtlpMetric[];
}

export interface OtlpScope {
  name: string;
  version: string;
  schemaUrl: string;
  readonly attributes: KeyValue[];
}

export interface OtlpMetric {
  name: string;
  description: string;
  unit: string;
  data: OtlpData;
}

/** Numbered as on the wire. */
export const Temporality = { unspecified: 0, delta: 1, cumulative: 2 } as const;

export type OtlpData =
  | { readonly kind: 'none' }
  | { readonly kind: 'gauge'; readonly points: NumberPoint[] }
  | { readonly kind: 'sum'; readonly points: NumberPoint[]; temporality: number; monotonic: boolean }
  | { readonly kind: 'histogram'; readonly points: HistogramPoint[]; temporality: number }
  | { readonly kind: 'exponential_histogram'; readonly points: ExponentialPoint[]; temporality: number }
  | { readonly kind: 'summary'; readonly points: SummaryPoint[] };

export interface PointBase {
  readonly attributes: KeyValue[];
  timeMs: number;
  startMs: number;
  /** Bit 0 of the flags; also set for a value that has the bits of a stale marker. */
  noRecordedValue: boolean;
}

export interface NumberPoint extends PointBase {
  /** 0 if the sender set none. */
  value: number;
  readonly exemplars: OtlpExemplar[];
}

export interface HistogramPoint extends PointBase {
  count: number;
  sum: number | undefined;
  readonly bucketCounts: number[];
  readonly explicitBounds: number[];
  readonly exemplars: OtlpExemplar[];
}

export interface ExponentialPoint extends PointBase {
  count: number;
  sum: number | undefined;
  scale: number;
  zeroCount: number;
  /** Half the width of the zero bucket; 0 if the sender set none. */
  zeroThreshold: number;
  readonly positive: ExponentialBuckets;
  readonly negative: ExponentialBuckets;
  readonly exemplars: OtlpExemplar[];
}

export interface ExponentialBuckets {
  offset: number;
  readonly counts: number[];
}

export interface SummaryPoint extends PointBase {
  count: number;
  sum: number;
  readonly quantiles: { readonly quantile: number; readonly value: number }[];
}

export interface OtlpExemplar {
  readonly filteredAttributes: KeyValue[];
  timeMs: number;
  value: number | undefined;
  /** Lower-case hex, '' if absent or all zero. */
  traceId: string;
  spanId: string;
}

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** int is a bigint, double a number, bytes a Uint8Array, an unset value null. */
export type AnyValue = null | string | boolean | bigint | number | Uint8Array | readonly AnyValue[] | KeyValueList;

export class KeyValueList {
  constructor(readonly entries: readonly KeyValue[]) {}
}

/** Levels of arrays and maps in an attribute value. Deeper ones would exhaust the stack. */
export const VALUE_DEPTH_MAX = 64;

export function newNumberPoint(): NumberPoint {
  return { attributes: [], timeMs: 0, startMs: 0, noRecordedValue: false, value: 0, exemplars: [] };
}

export function newHistogramPoint(): HistogramPoint {
  return {
    attributes: [], timeMs: 0, startMs: 0, noRecordedValue: false, count: 0, sum: undefined,
    bucketCounts: [], explicitBounds: [], exemplars: [],
  };
}

export function newExponentialPoint(): ExponentialPoint {
  return {
    attributes: [], timeMs: 0, startMs: 0, noRecordedValue: false, count: 0, sum: undefined, scale: 0, zeroCount: 0,
    zeroThreshold: 0, positive: { offset: 0, counts: [] }, negative: { offset: 0, counts: [] }, exemplars: [],
  };
}

export function newSummaryPoint(): SummaryPoint {
  return { attributes: [], timeMs: 0, startMs: 0, noRecordedValue: false, count: 0, sum: 0, quantiles: [] };
}
