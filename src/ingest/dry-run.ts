/**
 * A request explained instead of stored: what each metric would be called, which labels it would have, what would collide and
 * what would be refused. The translation and the judgement are those of the real path.
 */
import { familyOf, type MetricMetadata, type MetricType } from '../model/metadata.js';
import { NO_ORIGIN, type SampleBatch } from '../model/sample-batch.js';
import { isAccepted } from '../storage/append-status.js';
import { LostPoints } from '../storage/lost-points.js';
import type { Ingestion, Judgement } from '../storage/ingestion.js';
import type { KeyValue, OtlpMetric, OtlpRequest } from '../wire/otlp-types.js';
import { LabelNamer, NameFault } from './otlp-names.js';
import type { OtlpSettings } from './otlp-settings.js';
import { OtlpTranslator } from './otlp-translate.js';
import { ReportBuilder } from './report-builder.js';
import type { TranslationReport } from './translation-report.js';

export type Judge = Pick<Ingestion, 'judge'>;

const TARGET_INFO = { name: 'target_info', unit: '', type: 'resource' } as const;
/** Points of a metric whose attributes are searched for collisions: they are alike. */
const POINTS_SEARCHED_MAX = 1000;

/** Each metric is translated alone, so that series and rejects can be told apart by metric. */
export function explainOtlp(request: OtlpRequest, settings: OtlpSettings, judge: Judge): TranslationReport {
  const translator = new OtlpTranslator(settings);
  const namer = new LabelNamer({
    escape: settings.translation_strategy.startsWith('Underscore'),
    sanitizeUnderscore: settings.label_name_underscore_sanitization,
    preserveMultiple: settings.label_name_preserve_multiple_underscores,
  });
  const builder = new ReportBuilder();
  const { illFormed } = request;
  for (const { attributes, scopeMetrics } of request.resourceMetrics) {
    const identity = identityLabels(attributes);
    for (const { scope, metrics } of scopeMetrics) {
      for (const metric of metrics) {
        const alone = { resourceMetrics: [{ bodyOffset: 0, attributes, scopeMetrics: [{ scope, metrics: [metric] }] }], illFormed };
        explainMetric(metric, translator.translate(alone), judge, builder);
        findLabelCollisions(metric, namer, identity, builder);
      }
    }
  }
  return builder.build('otlp');
}

function explainMetric(metric: OtlpMetric, batch: SampleBatch, judge: Judge, builder: ReportBuilder): void {
  const entry = builder.metric({ name: metric.name, unit: metric.unit, type: metric.data.kind });
  const isTargetInfo = targetInfoSeries(batch);
  const judgement = judge.judge(batch);
  builder.add(batch, judgement, (series) => (isTargetInfo.has(series) ? builder.metric(TARGET_INFO) : entry));
  for (const metadata of batch.metadata) {
    builder.metadata(metadata.family === 'target_info' && isTargetInfo.size > 0 ? builder.metric(TARGET_INFO) : entry, metadata);
  }
  for (const { status, count, example } of judgement.rejects) builder.reject(entry, status, count, example);
  entry.points += metric.data.kind === 'none' ? 0 : metric.data.points.length;
  entry.rejected += rejectedPoints(batch, judgement);
  entry.dropped += judgement.dropped;
  entry.deduplicated += judgement.deduplicated;
}

/** Points of which a sample is refused, and those that never became samples. */
function rejectedPoints(batch: SampleBatch, { statuses }: Judgement): number {
  return LostPoints.of(batch, statuses).count + batch.rejects.reduce((sum, { points }) => sum + points, 0);
}

function targetInfoSeries(batch: SampleBatch): Set<number> {
  const found = new Set<number>();
  for (let i = 0; i < batch.length; i++) if (batch.origin[i] === NO_ORIGIN) found.add(batch.seriesIndex[i]!);
  return found;
}

/** The labels that a resource sets whatever the points say. */
function identityLabels(attributes: readonly KeyValue[]): ReadonlySet<string> {
  const labels = new Set<string>();
  for (const { key } of attributes) {
    if (key === 'service.name') labels.add('job');
    if (key === 'service.instance.id') labels.add('instance');
  }
  return labels;
}

function findLabelCollisions(metric: OtlpMetric, namer: LabelNamer, identity: ReadonlySet<string>, builder: ReportBuilder): void {
  if (metric.data.kind === 'none') return;
  for (const { attributes } of metric.data.points.slice(0, POINTS_SEARCHED_MAX)) {
    const keys = new Map<string, string[]>();
    for (const { key } of attributes) {
      const label = namer.build(key);
      if (label instanceof NameFault) continue;
      keys.set(label, [...(keys.get(label) ?? []), key]);
    }
    for (const [label, from] of keys) {
      const distinct = [...new Set(from)].sort();
      const found = { metric: metric.name, label, attributes: distinct };
      if (distinct.length > 1) builder.collide({ kind: 'label', ...found }, JSON.stringify(found));
      if (identity.has(label)) builder.collide({ kind: 'replaced', ...found }, JSON.stringify(found));
    }
  }
}

/** The same for a decoded remote write request, whose names are final: series are told apart by family. */
export function explainWrite(batch: SampleBatch, version: 1 | 2, judge: Judge): TranslationReport {
  const builder = new ReportBuilder();
  const families = new Map(batch.metadata.map((entry) => [entry.family, entry]));
  const entryOfName = (name: string): ReturnType<ReportBuilder['metric']> => {
    const known = familyIn(families, name);
    const entry = builder.metric({ name: known?.family ?? name, unit: known?.unit ?? '', type: known?.type ?? '' });
    if (known) builder.metadata(entry, known);
    return entry;
  };
  // Before the judge: relabelling gives series other names, and samples are taken out.
  const sentAs = batch.series.map(({ metricName }) => metricName);
  for (let i = 0; i < batch.length; i++) entryOfName(sentAs[batch.seriesIndex[i]!]!).points++;
  const judgement = judge.judge(batch);
  builder.add(batch, judgement, (series) => entryOfName(sentAs[series]!));
  let lost = judgement.rejects.reduce((sum, { count }) => sum + count, 0);
  for (let i = 0; i < batch.length; i++) {
    if (isAccepted(judgement.statuses[i]!)) continue;
    entryOfName(sentAs[batch.seriesIndex[i]!]!).rejected++;
    lost--;
  }
  builder.addRejected(lost);
  builder.addPassedOver(judgement);
  for (const { status, count, example } of judgement.rejects) builder.reject(undefined, status, count, example);
  return builder.build(version === 1 ? 'remote_write_v1' : 'remote_write_v2');
}

const FAMILY_TYPES: readonly MetricType[] = ['histogram', 'unknown'];

function familyIn(families: ReadonlyMap<string, MetricMetadata>, name: string): MetricMetadata | undefined {
  for (const type of FAMILY_TYPES) {
    const known = families.get(familyOf(name, type));
    if (known) return known;
  }
  return undefined;
}
