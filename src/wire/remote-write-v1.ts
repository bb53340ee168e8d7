/**
 * Remote write 1.0: `prometheus.WriteRequest` (proto/prompb/remote.proto). The general path: whatever is legal
 * protobuf, in any field order. The kernels decode the usual form of it faster.
 */
import type { Exemplar } from '../model/exemplar.js';
import { METRIC_TYPES } from '../model/metadata.js';
import { SampleBatch } from '../model/sample-batch.js';
import { BYTES, FIXED64, ProtoReader, VARINT } from './proto-reader.js';
import { SeriesReader } from './series-reader.js';
import { asWireError } from './wire-error.js';
import { exemplarLabels, LabelFault, seriesLabels } from './wire-labels.js';

/**
 * Decodes an uncompressed message. Series that cannot be stored and bad samples become `rejects`; the rest is kept.
 * A series without samples is kept only for its exemplars; it must not be created for them.
 * @throws WireError `corrupt`
 */
export function decodeWriteRequestV1(bytes: Uint8Array): SampleBatch {
  const decoder = new Decoder(bytes);
  try {
    return decoder.request();
  } catch (error) {
    throw asWireError('remote write 1.0', error);
  }
}

class Decoder {
  private readonly batch = new SampleBatch();
  private readonly reader: ProtoReader;
  private readonly seriesReader: SeriesReader;
  // Label pairs of the current series and of the current exemplar.
  private readonly names: string[] = [];
  private readonly values: string[] = [];
  private readonly exemplarNames: string[] = [];
  private readonly exemplarValues: string[] = [];
  private readonly exemplars: Exemplar[] = [];

  constructor(bytes: Uint8Array) {
    this.reader = new ProtoReader(bytes);
    this.seriesReader = new SeriesReader(this.reader, this.batch);
  }

  request(): SampleBatch {
    const { reader } = this;
    while (reader.next()) {
      switch (reader.field) {
        case 1: this.series(); break;
        case 3: this.metadata(); break;
        default: reader.skipField();
      }
    }
    return this.batch;
  }

  private series(): void {
    const { reader, seriesReader } = this;
    const series = seriesReader.begin();
    const outer = reader.enter();
    this.names.length = 0;
    this.values.length = 0;
    this.exemplars.length = 0;
    let illFormed = false;
    while (reader.next()) {
      switch (reader.field) {
        case 1: illFormed = this.label(this.names, this.values) || illFormed; break;
        case 2: seriesReader.sample(series); break;
        case 3: this.exemplar(); break;
        case 4: seriesReader.histogram(series); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    // Ignored as in Prometheus, labels unseen.
    if (seriesReader.points === 0 && this.exemplars.length === 0) return;
    const labels = seriesLabels(this.names, this.values, illFormed);
    if (labels instanceof LabelFault) {
      seriesReader.refuseLabels(labels, this.names, this.values);
      return;
    }
    seriesReader.accept(labels);
    for (const exemplar of this.exemplars) this.batch.exemplars.push({ series, exemplar });
  }

  /** @returns true if the label is not UTF-8. */
  private label(names: string[], values: string[]): boolean {
    const { reader } = this;
    const outer = reader.enter();
    let name = '';
    let value = '';
    reader.illFormed = false;
    while (reader.next()) {
      switch (reader.field) {
        case 1: name = reader.expect(BYTES).text(); break;
        case 2: value = reader.expect(BYTES).text(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    names.push(name);
    values.push(value);
    return reader.illFormed;
  }

  /** Exemplars that cannot be stored are dropped in silence, as in Prometheus. */
  private exemplar(): void {
    const { reader } = this;
    const outer = reader.enter();
    this.exemplarNames.length = 0;
    this.exemplarValues.length = 0;
    let illFormed = false;
    let value = 0;
    let timestampMs = 0;
    while (reader.next()) {
      switch (reader.field) {
        case 1: illFormed = this.label(this.exemplarNames, this.exemplarValues) || illFormed; break;
        case 2: value = reader.expect(FIXED64).readDouble(); break;
        case 3: timestampMs = reader.expect(VARINT).signed64(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    const labels = exemplarLabels(this.exemplarNames, this.exemplarValues, illFormed);
    if (labels !== undefined && Number.isSafeInteger(timestampMs)) this.exemplars.push({ labels, value, timestampMs });
  }

  private metadata(): void {
    const { reader } = this;
    const outer = reader.enter();
    let type = 0;
    let family = '';
    let help = '';
    let unit = '';
    while (reader.next()) {
      switch (reader.field) {
        case 1: type = reader.expect(VARINT).uint32(); break;
        case 2: family = reader.expect(BYTES).text(); break;
        case 4: help = reader.expect(BYTES).text(); break;
        case 5: unit = reader.expect(BYTES).text(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    if (family !== '') this.batch.metadata.push({ family, type: METRIC_TYPES[type] ?? 'unknown', help, unit });
  }
}
