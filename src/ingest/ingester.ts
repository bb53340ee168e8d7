/**
 * The one way in: every protocol ends here, whatever decoded it. Judges what the store does not (limits on labels), passes the
 * rest to the store, and hands metadata, exemplars and rejects to the catalogue.
 */
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { isAccepted, REASON } from '../storage/append-status.js';
import type { Appender, AppendReport, SeriesNaming, SeriesOfRest, TranslatedReport } from '../storage/appender.js';
import type { CatalogueSink } from '../storage/catalogue-sink.js';
import { LostPoints } from '../storage/lost-points.js';
import { IngestError, type Ingestion, type IngestOutcome, type Judgement, type RejectGroup } from '../storage/ingestion.js';
import { decodeOtlpProtobuf } from '../wire/otlp-decode.js';
import { decodeWriteRequestV1 } from '../wire/remote-write-v1.js';
import { decodeWriteRequestV2 } from '../wire/remote-write-v2.js';
import { uncompressBlock } from '../wire/snappy.js';
import { WireError } from '../wire/wire-error.js';
import { BodyNaming } from './body-naming.js';
import { labelFault, refuseByLimits, type LabelLimits } from './label-limits.js';
import { MetadataFilter } from './metadata-filter.js';
import { PointNaming } from './otlp-ingest.js';
import type { OtlpTranslator } from './otlp-translate.js';
import type { PassedOver, PolicyOutcome, SeriesPolicy } from './series-policy.js';

export interface IngestSettings extends LabelLimits {
  readonly maxDecodedBytes: number;
  /** Metric families whose metadata is compared in memory; beyond it every sight of a family is handed on. */
  readonly maxMetadataFamilies: number;
  /** How far ahead of the clock an exemplar may be; those beyond are dropped in silence, as in Prometheus. */
  readonly maxFutureMs: number;
  /** Feature `type-and-unit-labels` for remote write 2.0. */
  readonly typeAndUnitLabels: boolean;
  /** Feature `created-timestamp-zero-ingestion` for remote write 2.0. */
  readonly zeroAtStart: boolean;
}

type FastPath = (naming: SeriesNaming | undefined, seriesOfRest: SeriesOfRest) => Promise<AppendReport | 'general'>;

export class Ingester implements Ingestion {
  /** Of the configuration in force. */
  maxFutureMs: number;
  private readonly metadata: MetadataFilter;
  private readonly fault = (labels: Labels): string | undefined => labelFault(labels, this.settings);

  constructor(
    private readonly appender: Appender,
    private readonly catalogue: CatalogueSink,
    private readonly settings: IngestSettings,
    private readonly nowMs: () => number,
    /** The one of the current configuration. */
    private readonly otlpTranslator: () => OtlpTranslator,
    /** Likewise; undefined while there is nothing to do. */
    private readonly policyInForce: () => SeriesPolicy | undefined = () => undefined,
    private readonly onPassedOver: (source: string, outcome: Omit<PolicyOutcome, 'rejects'>) => void = () => {},
  ) {
    this.maxFutureMs = settings.maxFutureMs;
    this.metadata = new MetadataFilter(settings.maxMetadataFamilies);
  }

  /** What the catalogue knows already, so that a restart does not hand all of it over again. */
  rememberMetadata(entries: Iterable<MetricMetadata>): void {
    for (const entry of entries) this.metadata.isNew(entry);
  }

  remoteWriteV1(body: Uint8Array): Promise<IngestOutcome> {
    const fast: FastPath = (naming, seriesOfRest) => this.appender.appendRemoteWriteV1(body, naming, seriesOfRest);
    return this.remoteWrite('remote_write_v1', body, fast, decodeWriteRequestV1);
  }

  remoteWriteV2(body: Uint8Array): Promise<IngestOutcome> {
    const { typeAndUnitLabels, zeroAtStart } = this.settings;
    // Labels that depend on the metadata, and start timestamps, are the general decoder's business.
    const fast: FastPath = typeAndUnitLabels || zeroAtStart ? () => Promise.resolve('general')
      : (naming, seriesOfRest) => this.appender.appendRemoteWriteV2(body, naming, seriesOfRest);
    return this.remoteWrite('remote_write_v2', body, fast, (message) => decodeWriteRequestV2(message, { typeAndUnitLabels, zeroAtStart }));
  }

  /** The fast way where it goes, the general one for the body or the parts of it that need it. */
  private async remoteWrite(
    source: string, body: Uint8Array, fast: FastPath, decode: (message: Uint8Array) => SampleBatch,
  ): Promise<IngestOutcome> {
    const policy = this.policyInForce();
    let decoded: SampleBatch | undefined;
    const seriesOfRest: SeriesOfRest = (message) => {
      const batch = readable(() => decode(message));
      // The policy takes out what it does not let in, so that it needs the batch anew when it decides in earnest.
      if (policy === undefined) decoded = batch;
      else policy.foresee(batch, this.nowMs());
      return Array.from(new Set(batch.seriesIndex.subarray(0, batch.length)), (series) => batch.series[series]!);
    };
    const report = await fast(policy && new BodyNaming(policy, this.settings, this.nowMs()), seriesOfRest);
    if (report === 'general') return this.appendFrom(source, () => decode(uncompressBlock(body, this.settings.maxDecodedBytes)));
    this.handOverMetadata(report.metadata);
    const outcome = this.conclude(report, source);
    this.passOver(outcome, source, report);
    const { rest } = report;
    return rest === undefined ? outcome : together(outcome, await this.appendFrom(source, () => decoded ?? decode(rest)));
  }

  async otlp(body: Uint8Array): Promise<IngestOutcome> {
    const translator = this.otlpTranslator();
    const general = (): Promise<IngestOutcome> => this.appendFrom('otlp', () => translator.translate(decodeOtlpProtobuf(body)));
    // What is decided about start timestamps is decided where they are decoded.
    if (translator.settings.created_timestamp_zero_ingestion) return general();
    const naming = new PointNaming(body, translator, this.policyInForce(), this.nowMs(), this.fault);
    let report;
    try {
      report = await this.appender.appendOtlp(body, naming);
    } finally {
      // Also if the samples were not stored: their names are known now, and will not be asked for again.
      this.handOverMetadata(naming.metadata);
    }
    if (report === 'general') return general();
    const outcome = this.conclude(report, 'otlp');
    this.passOver(outcome, 'otlp', report);
    const notAfter = this.nowMs() + this.maxFutureMs;
    const exemplars = naming.exemplars(report.lostSeries).filter(({ exemplar }) => exemplar.timestampMs <= notAfter);
    if (exemplars.length > 0) this.catalogue.exemplars(exemplars);
    outcome.exemplarsWritten = exemplars.length;
    outcome.rejectedPoints = report.rejectedPoints;
    const { translated } = report;
    if (translated === undefined) return outcome;
    return together(outcome, this.concludeBatch(translated, 'otlp', naming.passed, naming.refused));
  }

  append(batch: SampleBatch, source = 'batch'): Promise<IngestOutcome> {
    return this.appendFrom(source, () => batch);
  }

  judge(batch: SampleBatch): Judgement {
    const passed = this.policyInForce()?.foresee(batch, this.nowMs());
    const refused = [...(passed?.rejects ?? []), ...refuseByLimits(batch, this.fault)];
    const statuses = new Uint8Array(batch.length);
    const { newSeries, rejects } = this.appender.probeBatch(batch, statuses);
    LostPoints.of(batch, statuses).tell(rejects);
    const translated = batch.rejects.map(({ status, points, message }) => ({ status, count: points, example: message }));
    return {
      newSeries, statuses, rejects: [...refused, ...rejects.values(), ...translated],
      dropped: passed ? passed.dropped.samples + passed.dropped.histograms : 0,
      deduplicated: passed ? passed.deduplicated.samples + passed.deduplicated.histograms : 0,
    };
  }

  private async appendFrom(source: string, decode: () => SampleBatch): Promise<IngestOutcome> {
    const batch = readable(decode);
    const passed = this.policyInForce()?.apply(batch, this.nowMs());
    const refused = [...(passed?.rejects ?? []), ...refuseByLimits(batch, this.fault)];
    const statuses = new Uint8Array(batch.length);
    const report = await this.appender.appendBatch(batch, statuses);
    return this.concludeBatch({ batch, statuses, report }, source, passed, refused);
  }

  /** `refused`: samples that are not in the batch any more. */
  private concludeBatch(
    { batch, statuses, report }: TranslatedReport, source: string, passed: PolicyOutcome | undefined, refused: readonly RejectGroup[],
  ): IngestOutcome {
    this.handOverMetadata(batch.metadata);
    const lost = [...refused, ...batch.rejects.map(({ status, points, message }) => ({ status, count: points, example: message }))];
    const points = LostPoints.of(batch, statuses);
    points.tell(report.rejects);
    const outcome = this.conclude(report, source, lost);
    if (passed !== undefined) this.countPassedOver(outcome, source, passed);
    outcome.exemplarsWritten = this.handOverExemplars(batch, statuses);
    outcome.rejectedPoints = points.count + sum(lost, (group) => group.count);
    return outcome;
  }

  /** What the fast path passed over. */
  private passOver(outcome: IngestOutcome, source: string, { dropped, deduplicated }: AppendReport): void {
    if (dropped + deduplicated === 0) return;
    const floats = (samples: number): PassedOver => ({ samples, histograms: 0 });
    this.countPassedOver(outcome, source, { dropped: floats(dropped), deduplicated: floats(deduplicated) });
  }

  /** The sender is to take what was passed over on purpose for written: it must neither repeat it nor count it as lost. */
  private countPassedOver(outcome: IngestOutcome, source: string, passed: Omit<PolicyOutcome, 'rejects'>): void {
    outcome.samplesWritten += passed.dropped.samples + passed.deduplicated.samples;
    outcome.histogramsWritten += passed.dropped.histograms + passed.deduplicated.histograms;
    this.onPassedOver(source, passed);
  }

  private handOverMetadata(entries: readonly MetricMetadata[]): void {
    if (entries.length === 0) return;
    const fresh = entries.filter((entry) => this.metadata.isNew(entry));
    if (fresh.length > 0) this.catalogue.metadata(fresh);
  }

  /**
   * Exemplars but those of series that are refused here, whose samples are refused too. Prometheus sends exemplars by 1.0
   * apart from their samples, so that a series with exemplars alone is the rule.
   */
  private handOverExemplars(batch: SampleBatch, statuses: Uint8Array): number {
    if (batch.exemplars.length === 0) return 0;
    const refused = new Set<number>();
    for (let i = 0; i < batch.length; i++) if (!isAccepted(statuses[i]!)) refused.add(batch.seriesIndex[i]!);
    for (let i = 0; i < batch.length; i++) if (isAccepted(statuses[i]!)) refused.delete(batch.seriesIndex[i]!);
    const notAfter = this.nowMs() + this.maxFutureMs;
    const entries = batch.exemplars
      .filter(({ series, exemplar }) => !refused.has(series) && exemplar.timestampMs <= notAfter
        && this.fault(batch.series[series]!) === undefined)
      .map(({ series, exemplar }) => ({ series: batch.series[series]!, exemplar }));
    if (entries.length > 0) this.catalogue.exemplars(entries);
    return entries.length;
  }

  private conclude(report: AppendReport, source: string, more: readonly RejectGroup[] = []): IngestOutcome {
    const groups = new Map<number, RejectGroup>();
    for (const reject of [...report.rejects.values(), ...more]) {
      const known = groups.get(reject.status);
      if (known) known.count += reject.count;
      else groups.set(reject.status, { status: reject.status, count: reject.count, example: reject.example });
    }
    const rejects = [...groups.values()];
    if (rejects.length > 0) {
      const atMs = this.nowMs();
      this.catalogue.rejects(rejects.map(({ status, count, example }) => ({ reason: REASON[status]!, source, count, example, atMs })));
    }
    return {
      samplesWritten: report.samples,
      histogramsWritten: report.histograms,
      exemplarsWritten: 0,
      rejectedPoints: sum(rejects, (group) => group.count),
      rejects,
    };
  }
}

/** @throws IngestError for what is no request */
function readable(decode: () => SampleBatch): SampleBatch {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof WireError)) throw error;
    throw new IngestError(error.code === 'too_large' ? 'body_too_large' : 'corrupt_body', error.message, { cause: error });
  }
}

/** Two outcomes of one request as one. */
function together(a: IngestOutcome, b: IngestOutcome): IngestOutcome {
  const rejects = a.rejects.map((group) => ({ ...group }));
  for (const group of b.rejects) {
    const known = rejects.find(({ status }) => status === group.status);
    if (known) known.count += group.count;
    else rejects.push(group);
  }
  return {
    samplesWritten: a.samplesWritten + b.samplesWritten,
    histogramsWritten: a.histogramsWritten + b.histogramsWritten,
    exemplarsWritten: a.exemplarsWritten + b.exemplarsWritten,
    rejectedPoints: a.rejectedPoints + b.rejectedPoints,
    rejects,
  };
}

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}
