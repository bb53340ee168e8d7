/**
 * The part of a series that remote write 1.0 and 2.0 share: samples and native histograms, with the same field
 * numbers. They go into the batch at once, under the index that the series will get; labels may come later in the
 * message, so that a series is judged only when it is complete and taken back if its labels are wrong.
 */
import { isStaleBits } from '../model/stale-nan.js';
import { ResetHint, type BucketSpan, type Histogram } from '../model/histogram.js';
import { reduceSchema, validateHistogram } from '../model/histogram-validate.js';
import { METRIC_NAME, type Labels } from '../model/labels.js';
import type { SampleBatch } from '../model/sample-batch.js';
import { AppendStatus } from '../storage/append-status.js';
import { FIXED64, VARINT, type ProtoReader } from './proto-reader.js';
import { LabelFault } from './wire-labels.js';

interface Problem {
  readonly status: number;
  readonly message: string;
}

/** A histogram's fields as on the wire: integer buckets are deltas, and both kinds may be present. */
interface HistogramFields {
  float: boolean;
  count: number;
  zeroCountInt: number;
  zeroCountFloat: number;
  sum: number;
  sumStale: boolean;
  schema: number;
  zeroThreshold: number;
  readonly negativeSpans: BucketSpan[];
  readonly negativeDeltas: number[];
  readonly negativeCounts: number[];
  readonly positiveSpans: BucketSpan[];
  readonly positiveDeltas: number[];
  readonly positiveCounts: number[];
  resetHint: number;
  timestampMs: number;
  startMs: number;
  readonly customValues: number[];
}

export class SeriesReader {
  /** Samples and histograms seen in the current series, bad ones included. */
  points = 0;

  private firstSample = 0;
  private readonly problems: Problem[] = [];

  constructor(
    private readonly reader: ProtoReader,
    private readonly batch: SampleBatch,
  ) {}

  /** Starts a series. @returns the index that it gets if it is accepted. */
  begin(): number {
    this.points = 0;
    this.firstSample = this.batch.length;
    this.problems.length = 0;
    return this.batch.series.length;
  }

  /** Ends a series that is worth storing: adds its labels, and its bad samples to the rejects. */
  accept(labels: Labels): void {
    this.batch.addSeries(labels);
    for (const { status, message } of this.problems) {
      this.batch.reject(status, 1, labels.metricName, `${message} for series ${labels.toString()}`);
    }
  }

  /** Ends a series that cannot be stored: takes its samples back. */
  refuse(status: number, metric: string, message: string): void {
    this.batch.truncate(this.firstSample);
    this.batch.reject(status, this.points, metric, message);
  }

  /** `refuse` for wrong labels; `names` and `values` are what came. */
  refuseLabels(fault: LabelFault, names: readonly string[], values: readonly string[]): void {
    const i = names.indexOf(METRIC_NAME);
    this.refuse(AppendStatus.invalidLabels, i < 0 ? '' : values[i]!, fault.message);
  }

  /** Start time for the samples of the current series that have none of their own (early 2.0 senders). */
  defaultStart(startMs: number): void {
    const starts = this.batch.startTimestamps;
    for (let i = this.firstSample; i < this.batch.length; i++) if (starts[i] === 0) starts[i] = startMs;
  }

  /** Sample of the current field: 1 value, 2 timestamp, 3 start timestamp (2.0 only). */
  sample(series: number): void {
    const { reader, batch } = this;
    const outer = reader.enter();
    reader.lastDouble[0] = 0;
    let timestampMs = 0;
    let startMs = 0;
    while (reader.next()) {
      switch (reader.field) {
        case 1: reader.expect(FIXED64).readDouble(); break;
        case 2: timestampMs = reader.expect(VARINT).signed64(); break;
        case 3: startMs = this.startTime(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    this.points++;
    if (!this.timeFits(timestampMs)) return;
    const value = reader.lastDouble[0]!;
    // Only a NaN needs the copy that keeps its bits.
    if (value === value) batch.addFloat(series, timestampMs, value, batch.length, safeStart(startMs));
    else batch.addFrom(series, timestampMs, reader.lastDouble, 0, batch.length, safeStart(startMs));
  }

  /** Native histogram of the current field. */
  histogram(series: number): void {
    const { batch } = this;
    const fields = this.histogramFields();
    this.points++;
    if (!this.timeFits(fields.timestampMs)) return;
    if (fields.sumStale) {
      batch.addStaleHistogram(series, fields.timestampMs, batch.length);
      return;
    }
    const histogram = reduceSchema(toHistogram(fields));
    const fault = validateHistogram(histogram);
    if (fault !== undefined) this.problems.push({ status: AppendStatus.invalidHistogram, message: fault });
    else batch.addHistogram(series, fields.timestampMs, histogram, batch.length, safeStart(fields.startMs));
  }

  private timeFits(timestampMs: number): boolean {
    if (Number.isSafeInteger(timestampMs)) return true;
    // No clock is there: rather no sample than one at a rounded time.
    this.problems.push({ status: AppendStatus.outOfBounds, message: `out of bounds: timestamp ${timestampMs} is beyond 2^53 ms` });
    return false;
  }

  private histogramFields(): HistogramFields {
    const { reader } = this;
    const out: HistogramFields = {
      float: false, count: 0, zeroCountInt: 0, zeroCountFloat: 0, sum: 0, sumStale: false, schema: 0, zeroThreshold: 0,
      negativeSpans: [], negativeDeltas: [], negativeCounts: [], positiveSpans: [], positiveDeltas: [], positiveCounts: [],
      resetHint: 0, timestampMs: 0, startMs: 0, customValues: [],
    };
    const outer = reader.enter();
    while (reader.next()) {
      switch (reader.field) {
        case 1:
          out.count = reader.expect(VARINT).unsigned64();
          out.float = false;
          break;
        case 2:
          out.count = reader.expect(FIXED64).readDouble();
          out.float = true;
          break;
        case 3:
          out.sum = reader.expect(FIXED64).readDouble();
          out.sumStale = isStaleBits(reader.low, reader.high);
          break;
        case 4: out.schema = reader.expect(VARINT).sint32(); break;
        case 5: out.zeroThreshold = reader.expect(FIXED64).readDouble(); break;
        case 6: out.zeroCountInt = reader.expect(VARINT).unsigned64(); break;
        case 7: out.zeroCountFloat = reader.expect(FIXED64).readDouble(); break;
        case 8: out.negativeSpans.push(this.span()); break;
        case 9: this.zigzags(out.negativeDeltas); break;
        case 10: reader.doublesInto(out.negativeCounts); break;
        case 11: out.positiveSpans.push(this.span()); break;
        case 12: this.zigzags(out.positiveDeltas); break;
        case 13: reader.doublesInto(out.positiveCounts); break;
        case 14: out.resetHint = reader.expect(VARINT).uint32(); break;
        case 15: out.timestampMs = reader.expect(VARINT).signed64(); break;
        case 16: reader.doublesInto(out.customValues); break;
        case 17: out.startMs = this.startTime(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return out;
  }

  /** 1.0 knows no start times: there, a field of that number may be anything. */
  private startTime(): number {
    if (this.reader.wireType === VARINT) return this.reader.signed64();
    this.reader.skipField();
    return 0;
  }

  private span(): BucketSpan {
    const { reader } = this;
    const outer = reader.enter();
    let offset = 0;
    let length = 0;
    while (reader.next()) {
      switch (reader.field) {
        case 1: offset = reader.expect(VARINT).sint32(); break;
        case 2: length = reader.expect(VARINT).uint32(); break;
        default: reader.skipField();
      }
    }
    reader.leave(outer);
    return { offset, length };
  }

  private zigzags(out: number[]): void {
    const { reader } = this;
    const outer = reader.enterNumbers(VARINT);
    while (reader.pos < reader.len) out.push(reader.zigzag64());
    reader.leave(outer);
  }
}

function toHistogram(fields: HistogramFields): Histogram {
  const { float, schema, zeroThreshold, count, sum, positiveSpans, negativeSpans, customValues } = fields;
  return {
    float, schema, zeroThreshold, count, sum, positiveSpans, negativeSpans,
    zeroCount: float ? fields.zeroCountFloat : fields.zeroCountInt,
    positiveBuckets: float ? fields.positiveCounts : absolute(fields.positiveDeltas),
    negativeBuckets: float ? fields.negativeCounts : absolute(fields.negativeDeltas),
    customValues,
    resetHint: resetHint(fields.resetHint),
  };
}

/** Counts above 2^53 round: no real histogram has them. */
function absolute(deltas: number[]): number[] {
  let count = 0;
  for (let i = 0; i < deltas.length; i++) {
    count += deltas[i]!;
    deltas[i] = count;
  }
  return deltas;
}

function resetHint(wire: number): ResetHint {
  switch (wire) {
    case ResetHint.reset: return ResetHint.reset;
    case ResetHint.noReset: return ResetHint.noReset;
    case ResetHint.gauge: return ResetHint.gauge;
    default: return ResetHint.unknown;
  }
}

/** A start time that cannot be represented is as good as none. */
function safeStart(startMs: number): number {
  return Number.isSafeInteger(startMs) ? startMs : 0;
}
