/** Names the data points of one OTLP request for the store's fast path, and keeps what comes with them but is no sample. */
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { SeriesExemplar } from '../model/sample-batch.js';
import type { OtlpNaming, PointSeries } from '../storage/appender.js';
import type { CatalogueExemplar } from '../storage/catalogue-sink.js';
import { decodeOtlpProtobuf } from '../wire/otlp-decode.js';
import { WireError } from '../wire/wire-error.js';
import type { OtlpTranslator } from './otlp-translate.js';

export class PointNaming implements OtlpNaming {
  readonly generation: number;
  readonly targetStepMs: number;
  readonly classicHistograms: boolean;
  /** Of the metrics whose points were named. */
  metadata: readonly MetricMetadata[] = [];
  private exemplarsFound: readonly SeriesExemplar[] = [];
  private series: readonly Labels[] = [];

  /** @param isRefused whether the limits forbid a series */
  constructor(
    private readonly body: Uint8Array,
    private readonly translator: OtlpTranslator,
    private readonly isRefused: (labels: Labels) => boolean,
  ) {
    const { settings } = translator;
    this.generation = translator.generation;
    this.targetStepMs = settings.lookback_delta_ms / 2;
    this.classicHistograms = !settings.convert_histograms_to_nhcb;
  }

  name(points: Uint32Array): PointSeries | 'general' {
    let request;
    try {
      request = decodeOtlpProtobuf(this.body, points);
    } catch (error) {
      // The general decoder says what is wrong, and nothing of the request is stored.
      if (error instanceof WireError) return 'general';
      throw error;
    }
    const { batch, targets, resources } = this.translator.name(request);
    if (batch.rejects.length > 0 || batch.histograms.size > 0 || resources.length !== points.length) return 'general';
    if (batch.series.some((labels) => this.isRefused(labels))) return 'general';
    this.metadata = batch.metadata;
    this.exemplarsFound = batch.exemplars;
    this.series = batch.series;
    const starts = new Uint32Array(points.length + 1);
    for (let i = 0; i < batch.length; i++) starts[batch.origin[i]! + 1]!++;
    for (let k = 0; k < points.length; k++) starts[k + 1]! += starts[k]!;
    return {
      series: batch.series, samples: batch.seriesIndex.subarray(0, batch.length), starts,
      resources: Uint32Array.from(resources), targets: Int32Array.from(targets),
    };
  }

  /** Exemplars of the series that lost no sample (`lost` has their keys). */
  exemplars(lost: ReadonlySet<string>): CatalogueExemplar[] {
    return this.exemplarsFound
      .map(({ series, exemplar }) => ({ series: this.series[series]!, exemplar }))
      .filter(({ series }) => lost.size === 0 || !lost.has(series.key()));
  }
}
