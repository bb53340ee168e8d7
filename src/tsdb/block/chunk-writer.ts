/** Samples of one series after another -> chunks, packed into pages; distinct columns of times are stored once. */
import { ByteWriter } from '../../encoding/byte-writer.js';
import { invariant } from '../../invariant.js';
import type { Histogram } from '../../model/histogram.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { CHUNK_SAMPLES_MAX, FLOATS, HISTOGRAMS } from './block-format.js';
import type { CodecName, ColumnCodec } from './column-codec.js';
import { encodeHistogramChunk } from './histogram-chunk.js';
import type { ChunkRef } from './series-pages.js';
import { StartColumns } from './start-columns.js';
import { TimeColumns } from './time-columns.js';

export interface ChunkSink {
  timeColumn(id: number, count: number, min: number, max: number, data: Uint8Array): void;
  startColumn(id: number, data: Uint8Array): void;
  /** A full page of chunks of this kind. `raw` is only valid during the call. */
  page(kind: number, id: number, raw: Uint8Array): void;
}

export interface ChunkOptions {
  /** Of a page before it is deflated; a longer chunk is alone in its page. */
  readonly pageBytes: number;
  /** For values and counts. Times are always P: one column serves many series. */
  readonly codec: CodecName;
}

type PlacedChunk = Omit<ChunkRef, 'startColumn'>;

/** Pages of one kind. */
class PageBuffer {
  readonly bytes = new ByteWriter(32 * 1024);
  id = 0;
}

export class ChunkWriter {
  private readonly pages = [new PageBuffer(), new PageBuffer()];
  private readonly histogram = new ByteWriter(4096);
  private readonly times: TimeColumns;
  readonly starts: StartColumns;
  chunks = 0;
  floats = 0;
  histograms = 0;
  minTime = Infinity;
  maxTime = -Infinity;

  constructor(private readonly codec: ColumnCodec, private readonly sink: ChunkSink, private readonly options: ChunkOptions) {
    this.times = new TimeColumns(codec, (...column) => sink.timeColumn(...column));
    this.starts = new StartColumns(codec, (id, data) => sink.startColumn(id, data));
  }

  /** Chunks of one series: runs of floats and runs of histograms, in the order of time. */
  add(samples: SampleColumns): ChunkRef[] {
    const refs: ChunkRef[] = [];
    const { length } = samples;
    if (length === 0) return refs;
    this.minTime = Math.min(this.minTime, samples.timestamps[0]!);
    this.maxTime = Math.max(this.maxTime, samples.timestamps[length - 1]!);
    for (let from = 0; from < length; ) {
      const isHistogram = samples.histograms?.[from] !== undefined;
      let to = from + 1;
      while (to < length && to - from < CHUNK_SAMPLES_MAX && (samples.histograms?.[to] !== undefined) === isHistogram) to++;
      const startColumn = this.starts.add(samples.startTimestamps, from, to);
      refs.push({ ...(isHistogram ? this.addHistograms(samples, from, to) : this.addFloats(samples, from, to)), startColumn });
      from = to;
    }
    return refs;
  }

  /** Hands out the pages that are not full. */
  finish(): void {
    for (const kind of [FLOATS, HISTOGRAMS]) this.turn(kind);
  }

  get timeColumnCount(): number {
    return this.times.count;
  }

  pageCount(kind: number): number {
    return this.pages[kind]!.id;
  }

  private addFloats(samples: SampleColumns, from: number, to: number): PlacedChunk {
    const timeColumn = this.times.add(samples.timestamps, from, to);
    const data = this.codec.encode(samples.values, from, to, this.options.codec).slice();
    this.check(samples.values, data, from, to);
    this.floats += to - from;
    return this.place(FLOATS, data, timeColumn);
  }

  private addHistograms(samples: SampleColumns, from: number, to: number): PlacedChunk {
    const timeColumn = this.times.add(samples.timestamps, from, to);
    const out = this.histogram;
    out.reset();
    const histograms: Histogram[] = [];
    for (let i = from; i < to; i++) histograms.push(samples.histograms![i]!);
    encodeHistogramChunk(histograms, this.codec, this.options.codec, out);
    this.histograms += to - from;
    return this.place(HISTOGRAMS, out.view(), timeColumn);
  }

  /** What is written must come back, bit by bit: after the head is gone there is no second chance. */
  private check(values: Float64Array, data: Uint8Array, from: number, to: number): void {
    const decoded = this.codec.decode(data, 0, data.length, to - from);
    invariant(decoded !== undefined, 'the codec does not read its own column');
    const wanted = Buffer.from(values.buffer, values.byteOffset + from * 8, (to - from) * 8);
    const got = Buffer.from(decoded.buffer, decoded.byteOffset, decoded.length * 8);
    invariant(wanted.equals(got), 'the codec does not give back the bits of a column');
  }

  private place(kind: number, data: Uint8Array, timeColumn: number): PlacedChunk {
    const page = this.pages[kind]!;
    if (page.bytes.length > 0 && page.bytes.length + data.length > this.options.pageBytes) this.turn(kind);
    const offset = page.bytes.length;
    page.bytes.bytes(data);
    this.chunks++;
    return { kind, page: page.id, offset, length: data.length, timeColumn };
  }

  private turn(kind: number): void {
    const page = this.pages[kind]!;
    if (page.bytes.length === 0) return;
    this.sink.page(kind, page.id, page.bytes.view());
    page.id++;
    page.bytes.reset();
  }
}
