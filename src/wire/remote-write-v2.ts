/** Remote write 2.0: `io.prometheus.write.v2.Request` (proto/io/prometheus/write/v2/types.proto). */
import type { Exemplar } from '../model/exemplar.js';
import type { Labels } from '../model/labels.js';
import { familyOf, METRIC_TYPES, type MetricMetadata, type MetricType } from '../model/metadata.js';
import { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import { FIXED64, ProtoReader, VARINT } from './proto-reader.js';
import { SeriesReader } from './series-reader.js';
import { SymbolTable } from './symbol-table.js';
import { asWireError } from './wire-error.js';
import { exemplarLabels, LabelFault, seriesLabels } from './wire-labels.js';

const REFS_SHOWN_MAX = 32;

export interface WriteV2Options {
  /** Feature `type-and-unit-labels`: metadata becomes the labels `__type__` and `__unit__`, in place of sent ones. */
  readonly typeAndUnitLabels: boolean;
  /** Feature `created-timestamp-zero-ingestion`: see `SampleBatch.zeroAtStart`. */
  readonly zeroAtStart: boolean;
}

const NO_FEATURES: WriteV2Options = { typeAndUnitLabels: false, zeroAtStart: false };

/**
 * Decodes an uncompressed message. Series that cannot be stored and bad samples become `rejects`; the rest is kept.
 * Metadata comes per family, the last of a family wins.
 * @throws WireError `corrupt`, or `too_large` if labels expand beyond a limit
 */
export function decodeWriteRequestV2(bytes: Uint8Array, options: WriteV2Options = NO_FEATURES): SampleBatch {
  try {
    return new Decoder(bytes, options).request();
  } catch (error) {
    throw asWireError('remote write 2.0', error);
  }
}

interface WireMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

interface WireExemplar {
  readonly refs: readonly number[];
  readonly value: number;
  readonly timestampMs: number;
}

class Decoder {
  private readonly batch = new SampleBatch();
  private readonly symbols = new SymbolTable();
  private readonly families = new Map<string, MetricMetadata>();
  private readonly reader: ProtoReader;
  private readonly seriesReader: SeriesReader;
  // Of the current series.
  private readonly refs: number[] = [];
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  private readonly exemplars: WireExemplar[] = [];
  private typeNumber = 0;
  private helpRef = 0;
  private unitRef = 0;
  private hasMetadata = false;

  constructor(
    bytes: Uint8Array,
    private readonly options: WriteV2Options,
  ) {
    this.reader = new ProtoReader(bytes);
    this.seriesReader = new SeriesReader(this.reader, this.batch);
  }

  /** Two passes, because symbols may follow the series that use them. */
  request(): SampleBatch {
    const { reader } = this;
    this.batch.zeroAtStart = this.options.zeroAtStart;
    while (reader.next()) {
      if (reader.field === 4) this.symbols.add(reader);
      else reader.skipField();
    }
    reader.pos = 0;
    while (reader.next()) {
      if (reader.field === 5) this.series();
      else reader.skipField();
    }
    for (const entry of this.families.values()) this.batch.metadata.push(entry);
    return this.batch;
  }

  private series(): void {
    const { seriesReader } = this;
    const series = this.readSeries();
    this.names.length = 0;
    this.values.length = 0;
    const refFault = this.symbols.expand(this.refs, this.names, this.values);
    if (refFault !== undefined) {
      this.refuse(AppendStatus.invalidLabels, `parsing labels for series ${this.refText()}: ${refFault}`);
      return;
    }
    const metadata = this.metadata();
    if (typeof metadata === 'string') {
      this.refuse(AppendStatus.untranslatable, `parsing metadata for series ${this.refText()}: ${metadata}`);
      return;
    }
    const sent = seriesLabels(this.names, this.values, this.symbols.anyIllFormed(this.refs));
    if (sent instanceof LabelFault) {
      seriesReader.refuseLabels(sent, this.names, this.values);
      return;
    }
    this.keepMetadata(sent.metricName, metadata);
    if (seriesReader.points === 0) {
      this.refuse(AppendStatus.untranslatable, `TimeSeries must contain at least one sample or histogram for series ${sent.toString()}`);
      return;
    }
    const labels = this.options.typeAndUnitLabels ? withTypeAndUnit(sent, metadata) : sent;
    seriesReader.accept(labels);
    for (const wire of this.exemplars) {
      const exemplar = this.exemplar(wire, labels);
      if (exemplar !== undefined) this.batch.exemplars.push({ series, exemplar });
    }
  }

  /** Fields of the current series. @returns its index if it is accepted. */
  private readSeries(): number {
    const { reader, seriesReader } = this;
    const series = seriesReader.begin();
    const outer = reader.enter();
    this.refs.length = 0;
    this.exemplars.length = 0;
    this.hasMetadata = false;
    this.typeNumber = 0;
    this.helpRef = 0;
    this.unitRef = 0;
    let createdMs = 0;
    while (reader.next()) {
      switch (reader.field) {
        case 1: this.readRefs(this.refs); break;
        case 2: seriesReader.sample(series); break;
        case 3: seriesReader.histogram(series); break;
        case 4: this.readExemplar(); break;
        case 5: this.readMetadata(); break;
        // created_timestamp of 2.0 drafts, still sent by Prometheus up to 3.5. Reserved now, so of any type.
        case 6:
          if (reader.wireType === VARINT) createdMs = reader.signed64();
          else reader.skipField();
          break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    if (createdMs !== 0 && Number.isSafeInteger(createdMs)) seriesReader.defaultStart(createdMs);
    return series;
  }

  private readRefs(refs: number[]): void {
    const { reader } = this;
    const outer = reader.enterNumbers(VARINT);
    while (reader.pos < reader.len) refs.push(reader.uint32());
    reader.leave(outer);
  }

  private readExemplar(): void {
    const { reader } = this;
    const refs: number[] = [];
    let value = 0;
    let timestampMs = 0;
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1: this.readRefs(refs); break;
        case 2: value = reader.expect(FIXED64).readDouble(); break;
        case 3: timestampMs = reader.expect(VARINT).signed64(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    this.exemplars.push({ refs, value, timestampMs });
  }

  /** A singular message that comes twice is merged, so nothing is reset here. */
  private readMetadata(): void {
    const { reader } = this;
    const outer = reader.enter();
    this.hasMetadata = true;
    while (reader.next()) {
      switch (reader.field) {
        case 1: this.typeNumber = reader.expect(VARINT).uint32(); break;
        case 3: this.helpRef = reader.expect(VARINT).uint32(); break;
        case 4: this.unitRef = reader.expect(VARINT).uint32(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
  }

  /** Metadata of the current series, or what is wrong with it. */
  private metadata(): WireMetadata | string {
    if (!this.hasMetadata) return { type: 'unknown', help: '', unit: '' };
    const { symbols } = this;
    const help = symbols.get(this.helpRef);
    const unit = symbols.get(this.unitRef);
    if (help === undefined) return `metadata help_ref ${this.helpRef} outside of symbols table (size ${symbols.size})`;
    if (unit === undefined) return `metadata unit_ref ${this.unitRef} outside of symbols table (size ${symbols.size})`;
    return { type: METRIC_TYPES[this.typeNumber] ?? 'unknown', help, unit };
  }

  private keepMetadata(metricName: string, { type, help, unit }: WireMetadata): void {
    if (type === 'unknown' && help === '' && unit === '') return;
    const family = familyOf(metricName, type);
    const known = this.families.get(family);
    if (known === undefined || known.type !== type || known.help !== help || known.unit !== unit) {
      this.families.set(family, { family, type, help, unit });
    }
  }

  /** undefined if it cannot be stored: in silence if it is only too long (as Prometheus), with a reject if it is wrong. */
  private exemplar(wire: WireExemplar, labels: Labels): Exemplar | undefined {
    const names: string[] = [];
    const values: string[] = [];
    const illFormed = this.symbols.anyIllFormed(wire.refs);
    const fault = this.symbols.expand(wire.refs, names, values) ?? (illFormed ? 'invalid UTF-8' : undefined);
    if (fault !== undefined) {
      const message = `parsing exemplar for series ${labels.toString()}: ${fault}`;
      this.batch.reject(AppendStatus.untranslatable, 0, labels.metricName, message);
      return undefined;
    }
    const exemplarSet = exemplarLabels(names, values, false);
    if (exemplarSet === undefined || !Number.isSafeInteger(wire.timestampMs)) return undefined;
    return { labels: exemplarSet, value: wire.value, timestampMs: wire.timestampMs };
  }

  private refuse(status: number, message: string): void {
    this.seriesReader.refuse(status, this.symbols.metricName(this.refs), message);
  }

  /** The references as Go prints a slice. */
  private refText(): string {
    const more = this.refs.length > REFS_SHOWN_MAX ? ' …' : '';
    return `[${this.refs.slice(0, REFS_SHOWN_MAX).join(' ')}${more}]`;
  }
}

function withTypeAndUnit(labels: Labels, { type, unit }: WireMetadata): Labels {
  return labels.with('__type__', type === 'unknown' ? '' : type).with('__unit__', unit);
}
