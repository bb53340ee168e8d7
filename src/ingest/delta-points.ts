/**
 * What the translation decides about delta temporality. The totals themselves are made by the store (`tsdb/delta-rows`), which
 * knows what each series has; here only the points are marked, and those are refused that no total can be made of.
 */
import { Temporality, type OtlpData, type PointBase } from '../wire/otlp-types.js';
import type { DeltaTemporality } from './otlp-settings.js';

/** `none`: not a delta. `added`: to be added to its series. `raw`: stored as it is. `refused`: the whole metric is. */
export type DeltaMode = 'none' | 'added' | 'raw' | 'refused';

export function deltaMode(data: OtlpData, setting: DeltaTemporality): DeltaMode {
  if (!('temporality' in data) || data.temporality === Temporality.cumulative) return 'none';
  // Unspecified, or a number that no version of the protocol has.
  if (data.temporality !== Temporality.delta || setting === 'reject') return 'refused';
  return setting === 'cumulative' ? 'added' : 'raw';
}

/**
 * Why no total can have this point, undefined if it can. What is not finite would stay in the total for ever, and a counter that
 * goes down looks to PromQL like one that was reset.
 */
export function deltaFault(data: OtlpData, point: PointBase): string | undefined {
  if (point.noRecordedValue) return undefined;
  if ('value' in point && typeof point.value === 'number') {
    if (!Number.isFinite(point.value)) return `delta ${point.value} cannot be added to a total`;
    if (data.kind === 'sum' && data.monotonic && point.value < 0) return `delta ${point.value} of a monotonic sum is below zero`;
  }
  if ('sum' in point && typeof point.sum === 'number' && !Number.isFinite(point.sum)) {
    return `delta histogram with the sum ${point.sum} cannot be added to a total`;
  }
  return undefined;
}

/** For messages: what is wrong with a metric whose mode is `refused`, and what to do. */
export function temporalityMessage(data: OtlpData): string {
  if (!('temporality' in data) || data.temporality !== Temporality.delta) {
    return 'has no aggregation temporality, expected cumulative or delta';
  }
  return 'has delta temporality, which otlp.delta_temporality refuses: set ' +
    'OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE=cumulative in the SDK, or otlp.delta_temporality to cumulative here';
}
