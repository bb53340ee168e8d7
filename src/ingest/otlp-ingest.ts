/** Names the data points of one OTLP request for the store's fast path, and keeps what comes with them but is no sample. */
import { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { SeriesExemplar } from '../model/sample-batch.js';
import type { OtlpNaming, PointSeries } from '../storage/appender.js';
import type { CatalogueExemplar } from '../storage/catalogue-sink.js';
import { decodeOtlpProtobuf } from '../wire/otlp-decode.js';
import { WireError } from '../wire/wire-error.js';
import type { OtlpTranslator } from './otlp-translate.js';
import type { SeriesPolicy } from './series-policy.js';

export class PointNaming implements OtlpNaming {
  readonly generation: number;
  readonly targetStepMs: number;
  readonly classicHistograms: boolean;
  /** Of the metrics whose points were named. */
  metadata: readonly MetricMetadata[] = [];
  private exemplarsFound: readonly SeriesExemplar[] = [];
  private series: readonly (Labels | undefined)[] = [];

  /** @param isRefused whether the limits forbid a series */
  constructor(
    private readonly body: Uint8Array,
    private readonly translator: OtlpTranslator,
    private readonly policy: SeriesPolicy | undefined,
    private readonly isRefused: (labels: Labels) => boolean,
  ) {
    const { settings } = translator;
    this.generation = policy?.otlpGeneration(translator.generation) ?? translator.generation;
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
    const series = this.decideAll(batch.series);
    if (series === 'general' || series.some((labels) => labels !== undefined && this.isRefused(labels))) return 'general';
    this.metadata = batch.metadata;
    this.exemplarsFound = batch.exemplars;
    this.series = series;
    const starts = new Uint32Array(points.length + 1);
    for (let i = 0; i < batch.length; i++) starts[batch.origin[i]! + 1]!++;
    for (let k = 0; k < points.length; k++) starts[k + 1]! += starts[k]!;
    return {
      series, samples: batch.seriesIndex.subarray(0, batch.length), starts,
      resources: Uint32Array.from(resources), targets: Int32Array.from(targets),
    };
  }

  /** Undefined for those that are dropped. Pairs of replicas are rare in OTLP: the general path knows them. */
  private decideAll(series: readonly Labels[]): readonly (Labels | undefined)[] | 'general' {
    const { policy } = this;
    if (policy === undefined) return series;
    const named: (Labels | undefined)[] = [];
    for (const labels of series) {
      const fate = policy.replicaOf(labels) === undefined ? policy.nameOf(labels, false) : 'general';
      if (fate === 'drop') named.push(undefined);
      else if (fate instanceof Labels) named.push(fate);
      else return 'general';
    }
    return named;
  }

  /** Exemplars of the series that lost no sample (`lost` has their keys). */
  exemplars(lost: ReadonlySet<string>): CatalogueExemplar[] {
    return this.exemplarsFound.flatMap(({ series: index, exemplar }) => {
      const series = this.series[index];
      return series === undefined || lost.has(series.key()) ? [] : [{ series, exemplar }];
    });
  }
}
