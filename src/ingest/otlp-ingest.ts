/** Names the data points of one OTLP request for the store's fast path, and keeps what comes with them but is no sample. */
import { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';
import type { SampleBatch, SeriesExemplar } from '../model/sample-batch.js';
import type { OtlpNaming, OtlpOthers, PointSeries } from '../storage/appender.js';
import type { CatalogueExemplar } from '../storage/catalogue-sink.js';
import type { RejectGroup } from '../storage/ingestion.js';
import { decodeOtlpProtobuf } from '../wire/otlp-decode.js';
import type { OtlpRequest } from '../wire/otlp-types.js';
import { WireError } from '../wire/wire-error.js';
import { refuseByLimits } from './label-limits.js';
import type { OtlpTranslator } from './otlp-translate.js';
import type { PolicyOutcome, SeriesPolicy } from './series-policy.js';

export class PointNaming implements OtlpNaming {
  readonly generation: number;
  readonly targetStepMs: number;
  readonly classicHistograms: boolean;
  /** Of the metrics whose points were named. */
  metadata: readonly MetricMetadata[] = [];
  /** What was taken out of the batch that was translated. */
  passed: PolicyOutcome | undefined;
  refused: readonly RejectGroup[] = [];
  private exemplarsFound: readonly SeriesExemplar[] = [];
  private series: readonly (Labels | undefined)[] = [];

  /** @param labelFault why the limits forbid a series */
  constructor(
    private readonly body: Uint8Array,
    private readonly translator: OtlpTranslator,
    private readonly policy: SeriesPolicy | undefined,
    private readonly nowMs: number,
    private readonly labelFault: (labels: Labels) => string | undefined,
  ) {
    const { settings } = translator;
    this.generation = policy?.otlpGeneration(translator.generation) ?? translator.generation;
    this.targetStepMs = settings.lookback_delta_ms / 2;
    this.classicHistograms = !settings.convert_histograms_to_nhcb;
  }

  name(points: Uint32Array): PointSeries | 'general' {
    const request = this.decode(points);
    if (request === undefined) return 'general';
    const { batch, targets, resources } = this.translator.name(request);
    // What costs no point is said once for the whole request.
    const hasNotes = batch.rejects.some((reject) => reject.points === 0);
    if (hasNotes || batch.histograms.size > 0 || resources.length !== points.length) return 'general';
    const fates = this.decideAll(batch.series);
    // A `target_info` that is refused is so in silence, in each request: the general path knows how.
    if (fates === 'general' || targets.some((series) => series >= 0 && fates[series] === 'refused')) return 'general';
    const unnamed = new Set<number>();
    const starts = new Uint32Array(points.length + 1);
    for (let i = 0; i < batch.length; i++) {
      const point = batch.origin[i]!;
      starts[point + 1]!++;
      if (fates[batch.seriesIndex[i]!] === 'refused') unnamed.add(point);
    }
    for (let k = 0; k < points.length; k++) {
      if (starts[k + 1] === 0) unnamed.add(k);
      starts[k + 1]! += starts[k]!;
    }
    this.metadata = batch.metadata;
    this.exemplarsFound = batch.exemplars;
    this.series = fates.map((fate) => (fate === 'refused' ? undefined : fate));
    return {
      series: this.series, samples: batch.seriesIndex.subarray(0, batch.length), starts,
      resources: Uint32Array.from(resources), targets: Int32Array.from(targets), unnamed,
    };
  }

  translate({ messages, targets }: OtlpOthers): SampleBatch | 'general' {
    const { policy } = this;
    const request = this.decode(Uint32Array.from([...messages, ...targets.keys()]).sort());
    if (request === undefined) return 'general';
    const batch = this.translator.translatePart(request, targets);
    if (batch === 'general' || this.namesReplica(batch.series)) return 'general';
    this.passed = policy?.apply(batch, this.nowMs);
    this.refused = [...(this.passed?.rejects ?? []), ...refuseByLimits(batch, this.labelFault)];
    return batch;
  }

  /** Undefined if the general decoder is to say what is wrong; nothing of the request is stored then. */
  private decode(selection: Uint32Array): OtlpRequest | undefined {
    try {
      return decodeOtlpProtobuf(this.body, selection);
    } catch (error) {
      if (error instanceof WireError) return undefined;
      throw error;
    }
  }

  /** Undefined for those that are dropped by a rule. */
  private decideAll(series: readonly Labels[]): readonly (Labels | 'refused' | undefined)[] | 'general' {
    const { policy } = this;
    if (this.namesReplica(series)) return 'general';
    return series.map((labels) => {
      const fate = policy === undefined ? labels : policy.nameOf(labels, false);
      if (fate === 'drop') return undefined;
      return fate instanceof Labels && this.labelFault(fate) === undefined ? fate : 'refused';
    });
  }

  /** Pairs of replicas are rare in OTLP: the general path knows them. */
  private namesReplica(series: readonly Labels[]): boolean {
    const { policy } = this;
    return policy?.hasPairs === true && series.some((labels) => policy.replicaOf(labels) !== undefined);
  }

  /** Exemplars of the points that were named; `lost` has the keys of series whose exemplars are not to be kept, or come otherwise. */
  exemplars(lost: ReadonlySet<string>): CatalogueExemplar[] {
    return this.exemplarsFound.flatMap(({ series: index, exemplar }) => {
      const series = this.series[index];
      return series === undefined || lost.has(series.key()) ? [] : [{ series, exemplar }];
    });
  }
}
