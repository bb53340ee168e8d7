/** The door that every protocol ends in, over a store of a test: nothing is limited unless the test says so, and all that passes is noted. */
import { Ingester, type IngestSettings } from '../../src/ingest/ingester.js';
import { OTLP_DEFAULTS, type OtlpSettings } from '../../src/ingest/otlp-settings.js';
import { OtlpTranslator } from '../../src/ingest/otlp-translate.js';
import type { SeriesPolicy } from '../../src/ingest/series-policy.js';
import type { Clock } from '../../src/io/clock.js';
import type { MetricMetadata } from '../../src/model/metadata.js';
import type { SampleBatch } from '../../src/model/sample-batch.js';
import { REASON } from '../../src/storage/append-status.js';
import type { Appender, AppendReport, OtlpNaming, OtlpReport, ProbeReport, SeriesNaming, SeriesOfRest } from '../../src/storage/appender.js';
import type { CatalogueExemplar, CatalogueSink } from '../../src/storage/catalogue-sink.js';
import type { IngestOutcome, RejectGroup } from '../../src/storage/ingestion.js';
import { otlpProtobuf } from '../wire/otlp-encode.js';
import { compress, encodeWrite, type WriteSeries, type WriteVersion } from './remote-write-client.js';
import type { OpenStore } from './store-fixture.js';

export const UNLIMITED: IngestSettings = {
  maxDecodedBytes: 32 << 20, maxLabelNamesPerSeries: Infinity, maxLabelNameLength: Infinity, maxLabelValueLength: Infinity,
  maxMetadataFamilies: Infinity, maxFutureMs: Infinity, typeAndUnitLabels: false, zeroAtStart: false,
};

export interface DoorSetup {
  readonly settings?: Partial<IngestSettings>;
  readonly otlp?: Partial<OtlpSettings>;
  readonly policy?: SeriesPolicy;
  /** Without them everything goes through the general decoders. */
  readonly withKernels?: boolean;
}

export class Door {
  readonly appender: NotingAppender;
  readonly sink = new NotingSink();
  readonly ingester: Ingester;
  /** Samples that the policy took out. */
  readonly passedOver = { dropped: 0, deduplicated: 0 };
  /** In force, as after a reload of the configuration. */
  translator: OtlpTranslator;
  policy: SeriesPolicy | undefined;

  constructor(readonly store: OpenStore, clock: Pick<Clock, 'nowMs'>, { settings = {}, otlp = {}, policy, withKernels = true }: DoorSetup = {}) {
    this.appender = new NotingAppender(store.db, withKernels);
    this.translator = new OtlpTranslator({ ...OTLP_DEFAULTS, ...otlp });
    this.policy = policy;
    this.ingester = new Ingester(
      this.appender, this.sink, { ...UNLIMITED, ...settings }, () => clock.nowMs(), () => this.translator, () => this.policy,
      (_source, { dropped, deduplicated }) => {
        this.passedOver.dropped += dropped.samples + dropped.histograms;
        this.passedOver.deduplicated += deduplicated.samples + deduplicated.histograms;
      },
    );
  }

  write(version: WriteVersion, ...series: readonly WriteSeries[]): Promise<IngestOutcome> {
    return this.remoteWrite(version, compress(encodeWrite(version, series)));
  }

  /** @param body compressed */
  remoteWrite(version: WriteVersion, body: Uint8Array): Promise<IngestOutcome> {
    return version === 1 ? this.ingester.remoteWriteV1(body) : this.ingester.remoteWriteV2(body);
  }

  /** @param request as OTLP/JSON has it */
  otlp(request: object): Promise<IngestOutcome> {
    return this.ingester.otlp(otlpProtobuf(request));
  }
}

/** Hands everything on, and notes what the fast path says. */
class NotingAppender implements Appender {
  /** One for each body, in their order. */
  readonly reports: (AppendReport | 'general')[] = [];
  /** Batches that were decoded in full. */
  batches = 0;

  constructor(private readonly to: Appender, private readonly withKernels: boolean) {}

  /** Bodies that the kernels took. */
  get fast(): number {
    return this.reports.length - this.general;
  }

  get general(): number {
    return this.reports.filter((report) => report === 'general').length;
  }

  appendRemoteWriteV1(body: Uint8Array, naming?: SeriesNaming, seriesOfRest?: SeriesOfRest): Promise<AppendReport | 'general'> {
    return this.note(() => this.to.appendRemoteWriteV1(body, naming, seriesOfRest));
  }

  appendRemoteWriteV2(body: Uint8Array, naming?: SeriesNaming, seriesOfRest?: SeriesOfRest): Promise<AppendReport | 'general'> {
    return this.note(() => this.to.appendRemoteWriteV2(body, naming, seriesOfRest));
  }

  appendOtlp(body: Uint8Array, naming: OtlpNaming): Promise<OtlpReport | 'general'> {
    return this.note(() => this.to.appendOtlp(body, naming));
  }

  appendBatch(batch: SampleBatch, statuses: Uint8Array): Promise<AppendReport> {
    this.batches++;
    return this.to.appendBatch(batch, statuses);
  }

  probeBatch(batch: SampleBatch, statuses: Uint8Array): ProbeReport {
    return this.to.probeBatch(batch, statuses);
  }

  private async note<Report extends AppendReport>(append: () => Promise<Report | 'general'>): Promise<Report | 'general'> {
    const report = this.withKernels ? await append() : 'general';
    this.reports.push(report);
    return report;
  }
}

/** A catalogue that only remembers. */
class NotingSink implements CatalogueSink {
  readonly families = new Map<string, MetricMetadata>();
  /** `series value@time` each. */
  readonly exemplarLines: string[] = [];

  metadata(entries: readonly MetricMetadata[]): void {
    for (const entry of entries) this.families.set(entry.family, entry);
  }

  exemplars(entries: readonly CatalogueExemplar[]): void {
    for (const { series, exemplar } of entries) this.exemplarLines.push(`${series.toString()} ${exemplar.value}@${exemplar.timestampMs}`);
  }

  rejects(): void {
    // The outcome of a request says the same.
  }

  haElections(): void {
    // Nobody restarts.
  }
}

/** `{ too_old: 2 }`. @throws if two groups have one reason */
export function countsByReason(rejects: readonly RejectGroup[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { status, count } of rejects) {
    const reason = REASON[status]!;
    if (reason in counts) throw new Error(`${reason}: told twice`);
    counts[reason] = count;
  }
  return counts;
}
