/**
 * OTLP metrics become series as Prometheus 3.14 makes them (`storage/remote/otlptranslator`), with one difference: what
 * Prometheus refuses together with the whole request is refused alone here.
 */
import type { Exemplar } from '../model/exemplar.js';
import { ResetHint, type Histogram } from '../model/histogram.js';
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import { NO_ORIGIN, SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import type { OtlpOthers } from '../storage/appender.js';
import {
  ILL_FORMED_MARK, type ExponentialPoint, type HistogramPoint, type NumberPoint, type OtlpData, type OtlpExemplar,
  type KeyValue, type OtlpMetric, type OtlpRequest, type OtlpResourceMetrics, type OtlpScopeMetrics, type PointBase, type SummaryPoint,
} from '../wire/otlp-types.js';
import { newGeneration } from './identity-generation.js';
import { decimalText } from './otlp-decimal.js';
import { translateExemplars } from './otlp-exemplars.js';
import { deltaFault, deltaMode, temporalityMessage, type DeltaMode } from './delta-points.js';
import { explicitToNative, exponentialToNative, HistogramFault } from './otlp-histograms.js';
import { PointLabels, ResourceLabels, scopeLabels, targetInfoLabels, typeAndUnitLabels } from './otlp-labels.js';
import { metricType, suffixKind } from './otlp-metric-type.js';
import { LabelNamer, MetricNamer, NameFault } from './otlp-names.js';
import { SeriesIndex } from './otlp-series.js';
import type { OtlpSettings } from './otlp-settings.js';
import { EXTRA_SAMPLES_MAX, TimeSpan } from './otlp-target-info.js';
import { RequestOrder } from './otlp-order.js';

const TARGET_INFO: MetricMetadata = { family: 'target_info', type: 'gauge', help: 'Target metadata', unit: '' };
const NO_LABELS: ReadonlyMap<string, string> = new Map();

/** A request whose points were named, not translated. */
export interface NamedRequest {
  /** Samples in the order of the points, not sorted; metadata, exemplars and rejects as always. No samples of `target_info`. */
  readonly batch: SampleBatch;
  /** Per resource: index of its `target_info` in the batch's series, -1 if it has none. */
  readonly targets: readonly number[];
  /** Per data point: index of its resource. */
  readonly resources: readonly number[];
}

export class OtlpTranslator {
  /** Different for each translator: what was named by one may have another name by the next. */
  readonly generation = newGeneration();
  private readonly metricNamer: MetricNamer;
  private readonly labelNamer: LabelNamer;

  constructor(readonly settings: OtlpSettings) {
    this.metricNamer = new MetricNamer(settings.translation_strategy);
    this.labelNamer = new LabelNamer({
      escape: settings.translation_strategy.startsWith('Underscore'),
      sanitizeUnderscore: settings.label_name_underscore_sanitization,
      preserveMultiple: settings.label_name_preserve_multiple_underscores,
    });
  }

  /**
   * Samples come sorted by time within each series, those of one time as they were sent. `origin` numbers the data points of the request.
   * Never throws for what a request contains.
   */
  translate(request: OtlpRequest): SampleBatch {
    return this.translation(request).run(request);
  }

  /**
   * Translates a part of a request: `spans` says, by the offset of the resource, which `target_info` are wanted and from when to when.
   * `general` if those would be more samples than a part can know to be allowed.
   */
  translatePart(request: OtlpRequest, spans: OtlpOthers['targets']): SampleBatch | 'general' {
    return this.translation(request).part(request, spans);
  }

  /** Only says which series the points of the request belong to. */
  name(request: OtlpRequest): NamedRequest {
    return this.translation(request).name(request);
  }

  private translation(request: OtlpRequest): Translation {
    return new Translation(this.settings, this.metricNamer, this.labelNamer, request.illFormed);
  }
}

/** A metric with everything that its points share. */
interface MetricContext {
  readonly metric: OtlpMetric;
  readonly family: string;
  readonly labels: PointLabels;
  readonly delta: DeltaMode;
}

/** One request on its way. */
class Translation {
  private readonly batch = new SampleBatch();
  private series = new SeriesIndex(this.batch, 'equal');
  private readonly families = new Map<string, MetricMetadata>();
  /** Ordinal of the current data point. */
  private origin = 0;
  /** How many more samples `target_info` may have. */
  private extraSamples = EXTRA_SAMPLES_MAX;

  constructor(
    private readonly settings: OtlpSettings,
    private readonly metricNamer: MetricNamer,
    private readonly labelNamer: LabelNamer,
    private readonly illFormed: boolean,
  ) {}

  run(request: OtlpRequest): SampleBatch {
    this.batch.deltaMaxIdleMs = this.settings.delta_max_idle_ms;
    this.batch.zeroAtStart = this.settings.created_timestamp_zero_ingestion;
    for (const resourceMetrics of request.resourceMetrics) this.resource(resourceMetrics, spanOf(resourceMetrics));
    return this.finish();
  }

  part(request: OtlpRequest, spans: OtlpOthers['targets']): SampleBatch | 'general' {
    this.batch.deltaMaxIdleMs = this.settings.delta_max_idle_ms;
    for (const resourceMetrics of request.resourceMetrics) {
      const span = spans.get(resourceMetrics.bodyOffset);
      this.resource(resourceMetrics, new TimeSpan(span?.earliest, span?.latest));
    }
    // The rest of the allowance is for the resources that are not in this part.
    return this.extraSamples < EXTRA_SAMPLES_MAX / 2 ? 'general' : this.finish();
  }

  private finish(): SampleBatch {
    for (const entry of this.families.values()) this.batch.metadata.push(entry);
    return new RequestOrder(this.batch).apply();
  }

  name(request: OtlpRequest): NamedRequest {
    // Whoever asks for names finds out himself which of them are one series.
    this.series = new SeriesIndex(this.batch, 'same');
    const targets: number[] = [];
    const resources: number[] = [];
    for (const { attributes, scopeMetrics } of request.resourceMetrics) {
      const resource = new ResourceLabels(attributes, this.settings, this.labelNamer);
      for (const scope of scopeMetrics) this.scope(scope, resource);
      while (resources.length < this.origin) resources.push(targets.length);
      targets.push(this.targetInfo(attributes, resource) ?? -1);
    }
    this.batch.metadata.push(...this.families.values());
    return { batch: this.batch, targets, resources };
  }

  private resource({ attributes, scopeMetrics }: OtlpResourceMetrics, span: TimeSpan): void {
    const resource = new ResourceLabels(attributes, this.settings, this.labelNamer);
    for (const scope of scopeMetrics) this.scope(scope, resource);
    const times = span.sampleTimes(this.settings.lookback_delta_ms, this.extraSamples);
    if (times.length === 0) return;
    const series = this.targetInfo(attributes, resource);
    if (series === undefined) return;
    for (const timeMs of times) this.batch.addFloat(series, timeMs, 1, NO_ORIGIN);
    this.extraSamples -= times.length - 1;
  }

  /** Series of a resource's `target_info`, undefined if it has none. */
  private targetInfo(attributes: readonly KeyValue[], resource: ResourceLabels): number | undefined {
    const labels = targetInfoLabels(attributes, resource, this.settings, this.labelNamer);
    if (labels === undefined) return undefined;
    if (labels instanceof NameFault || !this.wellFormed(labels)) {
      const message = labels instanceof NameFault ? labels.message : 'invalid UTF-8 in a resource attribute';
      this.batch.reject(AppendStatus.untranslatable, 0, 'target_info', `target_info of a resource is not written: ${message}`);
      return undefined;
    }
    this.families.set(TARGET_INFO.family, TARGET_INFO);
    return this.series.plain(labels, TARGET_INFO.family);
  }

  private scope({ scope, metrics }: OtlpScopeMetrics, resource: ResourceLabels): void {
    const promoted = scopeLabels(scope, this.settings, this.labelNamer);
    const fault = resource.fault ?? (promoted instanceof NameFault ? promoted : undefined);
    const ofScope = promoted instanceof NameFault ? NO_LABELS : promoted;
    const shared = new PointLabels(this.labelNamer, resource, ofScope, NO_LABELS);
    for (const metric of metrics) {
      const points = pointCount(metric.data);
      const family = this.translatable(metric, fault);
      if (family === undefined) {
        this.origin += points;
        continue;
      }
      if (points === 0) continue;
      const delta = deltaMode(metric.data, this.settings.delta_temporality);
      // A raw delta is neither a counter nor a histogram to PromQL: Prometheus calls it unknown.
      const type = delta === 'raw' ? 'unknown' : metricType(metric.data);
      const metadata = { family, type, help: metric.description, unit: this.metricNamer.unit(metric.unit) };
      this.families.set(family, metadata);
      const labels = this.settings.type_and_unit_labels
        ? new PointLabels(this.labelNamer, resource, ofScope, typeAndUnitLabels(metadata.type, metadata.unit))
        : shared;
      this.metric({ metric, family, labels, delta });
    }
  }

  /** The family's name, or undefined after the metric was refused. */
  private translatable(metric: OtlpMetric, fault: NameFault | undefined): string | undefined {
    const { data } = metric;
    if (data.kind === 'none') {
      return this.refuseMetric(metric, AppendStatus.untranslatable, `${quoted(metric)} has no data (or data of an unknown type)`);
    }
    if (deltaMode(data, this.settings.delta_temporality) === 'refused') {
      return this.refuseMetric(metric, AppendStatus.untranslatable, `${quoted(metric)} ${temporalityMessage(data)}`);
    }
    const family = this.metricNamer.build(metric.name, metric.unit, suffixKind(data));
    if (family instanceof NameFault) return this.refuseMetric(metric, AppendStatus.untranslatable, family.message);
    if (family === '' || (this.illFormed && family.includes(ILL_FORMED_MARK))) {
      const why = family === '' ? 'empty' : 'invalid UTF-8';
      return this.refuseMetric(metric, AppendStatus.invalidLabels, `invalid metric name ${JSON.stringify(metric.name)}: ${why}`);
    }
    if (fault) return this.refuseMetric(metric, AppendStatus.untranslatable, `${quoted(metric)}: ${fault.message}`);
    return family;
  }

  private refuseMetric(metric: OtlpMetric, status: number, message: string): undefined {
    const points = pointCount(metric.data);
    // A metric without points is no loss, whatever else is wrong with it. One without data has none to count.
    if (points > 0 || metric.data.kind === 'none') this.batch.reject(status, points, metric.name, message);
  }

  private metric(context: MetricContext): void {
    const { data } = context.metric;
    switch (data.kind) {
      case 'gauge':
        for (const point of data.points) this.number(context, point, false);
        break;
      case 'sum':
        for (const point of data.points) this.number(context, point, true);
        break;
      case 'histogram':
        for (const point of data.points) {
          if (this.settings.convert_histograms_to_nhcb) this.nativeHistogram(context, point, explicitToNative);
          else this.classicHistogram(context, point);
        }
        break;
      case 'exponential_histogram':
        for (const point of data.points) this.nativeHistogram(context, point, exponentialToNative);
        break;
      case 'summary':
        for (const point of data.points) this.summary(context, point);
        break;
      case 'none':
        break;
    }
  }

  private number(context: MetricContext, point: NumberPoint, withExemplars: boolean): void {
    const base = this.baseLabels(context, point);
    if (base !== undefined) {
      const series = this.series.plain(base, context.family);
      this.value(context, series, point, point.value);
      // Prometheus ignores exemplars of gauges.
      if (withExemplars) for (const exemplar of this.exemplars(context, point)) this.batch.exemplars.push({ series, exemplar });
    }
    this.origin++;
  }

  private classicHistogram(context: MetricContext, point: HistogramPoint): void {
    const base = this.baseLabels(context, point);
    if (base !== undefined) {
      const { family } = context;
      if (point.sum !== undefined) this.value(context, this.series.plain(base, `${family}_sum`), point, point.sum);
      this.value(context, this.series.plain(base, `${family}_count`), point, point.count);
      this.buckets(context, base, point, this.exemplars(context, point));
    }
    this.origin++;
  }

  private buckets(context: MetricContext, base: Labels, point: HistogramPoint, exemplars: readonly Exemplar[]): void {
    const name = `${context.family}_bucket`;
    const { explicitBounds, bucketCounts } = point;
    const bounded = Math.min(explicitBounds.length, bucketCounts.length);
    let cumulative = 0;
    let next = 0;
    for (let i = 0; i < bounded; i++) {
      const bound = explicitBounds[i]!;
      cumulative += bucketCounts[i]!;
      const series = this.series.labelled(base, name, 'le', decimalText(bound));
      this.value(context, series, point, cumulative);
      // Exemplars are expected in the order of their values, as buckets are. One too early takes those behind it along.
      while (next < exemplars.length && !(exemplars[next]!.value > bound)) {
        this.batch.exemplars.push({ series, exemplar: exemplars[next++]! });
      }
    }
    const infinite = this.series.labelled(base, name, 'le', '+Inf');
    this.value(context, infinite, point, point.count);
    while (next < exemplars.length) this.batch.exemplars.push({ series: infinite, exemplar: exemplars[next++]! });
  }

  private nativeHistogram<P extends HistogramPoint | ExponentialPoint>(
    context: MetricContext, point: P, convert: (point: P) => Histogram | HistogramFault,
  ): void {
    const base = this.baseLabels(context, point);
    if (base !== undefined) this.native(context, point, base, point.noRecordedValue ? 'stale' : convert(point));
    this.origin++;
  }

  private native(
    context: MetricContext, point: HistogramPoint | ExponentialPoint, base: Labels, histogram: Histogram | HistogramFault | 'stale',
  ): void {
    if (histogram instanceof HistogramFault) {
      const status = histogram.kind === 'invalid' ? AppendStatus.invalidHistogram : AppendStatus.untranslatable;
      this.batch.reject(status, 1, context.metric.name, `${quoted(context.metric)}: ${histogram.message}`);
      return;
    }
    const series = this.series.plain(base, context.family);
    if (histogram === 'stale') this.batch.addStaleHistogram(series, point.timeMs, this.origin);
    else if (context.delta === 'raw') {
      this.batch.addHistogram(series, point.timeMs, { ...histogram, resetHint: ResetHint.gauge }, this.origin, this.startOfRaw(point));
    } else {
      const i = this.batch.addHistogram(series, point.timeMs, histogram, this.origin, point.startMs);
      if (context.delta === 'added') this.batch.markDelta(i);
    }
    for (const exemplar of this.exemplars(context, point)) this.batch.exemplars.push({ series, exemplar });
  }

  private summary(context: MetricContext, point: SummaryPoint): void {
    const base = this.baseLabels(context, point);
    if (base !== undefined) {
      const { family } = context;
      this.value(context, this.series.plain(base, `${family}_sum`), point, point.sum);
      this.value(context, this.series.plain(base, `${family}_count`), point, point.count);
      for (const { quantile, value } of point.quantiles) {
        this.value(context, this.series.labelled(base, family, 'quantile', decimalText(quantile)), point, value);
      }
    }
    this.origin++;
  }

  private value({ delta }: MetricContext, series: number, point: PointBase, value: number): void {
    if (point.noRecordedValue) {
      this.batch.addStale(series, point.timeMs, this.origin);
      return;
    }
    const i = this.batch.addFloat(series, point.timeMs, value, this.origin, delta === 'raw' ? this.startOfRaw(point) : point.startMs);
    if (delta === 'added') this.batch.markDelta(i);
  }

  /** A delta that is stored as it is has no zero at its start: as in Prometheus. */
  private startOfRaw({ startMs }: PointBase): number {
    return this.batch.zeroAtStart ? 0 : startMs;
  }

  /** Labels of the point without a name, or undefined after the point was refused. */
  private baseLabels(context: MetricContext, point: PointBase): Labels | undefined {
    const labels = context.labels.of(point.attributes);
    const { name } = context.metric;
    const fault = context.delta === 'added' ? deltaFault(context.metric.data, point) : undefined;
    if (fault !== undefined) {
      this.batch.reject(AppendStatus.untranslatable, 1, name, `${quoted(context.metric)}: ${fault}`);
      return undefined;
    }
    if (labels instanceof NameFault) {
      this.batch.reject(AppendStatus.untranslatable, 1, name, `${quoted(context.metric)}: ${labels.message}`);
      return undefined;
    }
    if (!this.wellFormed(labels)) {
      this.batch.reject(AppendStatus.invalidLabels, 1, name, `${quoted(context.metric)}: invalid UTF-8 in an attribute`);
      return undefined;
    }
    return labels;
  }

  private exemplars(context: MetricContext, point: { readonly exemplars: readonly OtlpExemplar[] }): readonly Exemplar[] {
    if (point.exemplars.length === 0) return [];
    const { kept, dropped } = translateExemplars(point.exemplars);
    if (dropped > 0) {
      const { name } = context.metric;
      this.batch.reject(AppendStatus.untranslatable, 0, name, `${quoted(context.metric)}: exemplar without a value dropped`);
    }
    return this.illFormed ? kept.filter((exemplar) => this.wellFormed(exemplar.labels)) : kept;
  }

  private wellFormed(labels: Labels): boolean {
    if (!this.illFormed) return true;
    return !labels.names.some((name) => name.includes(ILL_FORMED_MARK)) && !labels.values.some((value) => value.includes(ILL_FORMED_MARK));
  }
}

function spanOf({ scopeMetrics }: OtlpResourceMetrics): TimeSpan {
  const span = new TimeSpan();
  for (const { metrics } of scopeMetrics) for (const { data } of metrics) span.addPoints(data);
  return span;
}

function pointCount(data: OtlpData): number {
  return data.kind === 'none' ? 0 : data.points.length;
}

/** For messages. */
function quoted({ name }: OtlpMetric): string {
  return `metric ${JSON.stringify(name)}`;
}
