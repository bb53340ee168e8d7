/**
 * `prometheus.ChunkedReadResponse`, frame by frame: length (uvarint), CRC-32C of the message (big-endian), message. A frame holds one
 * series or a part of it (`storage/remote/codec.go`, StreamChunkedReadResponses).
 */
import { ByteWriter } from '../encoding/byte-writer.js';
import { crc32c } from '../encoding/crc32c.js';
import type { Labels } from '../model/labels.js';
import type { SampleColumns } from '../model/sample-columns.js';
import { HistogramChunkEncoder } from './histogram-chunk.js';
import { putBytes, putInt } from './proto-fields.js';
import { putLabels } from './remote-read-samples.js';
import { XorChunkEncoder } from './xor-chunk.js';

/** Numbers of `Chunk.Encoding`. */
const ChunkEncoding = { xor: 1, histogram: 2, floatHistogram: 3 } as const;
/** Samples of a chunk, as Prometheus cuts them. */
const CHUNK_SAMPLES_MAX = 120;

export class ReadChunksWriter {
  private readonly out = new ByteWriter(64 * 1024);
  private readonly labels = new ByteWriter();
  private readonly series = new ByteWriter();
  private readonly frame = new ByteWriter();
  private readonly message = new ByteWriter();
  private readonly floats = new XorChunkEncoder();
  private readonly histograms = new HistogramChunkEncoder();

  /** @param maxFrameBytes a frame is ended when it has grown beyond this; a single chunk is never split */
  constructor(private readonly maxFrameBytes: number) {}

  /** Bytes of the frames so far. */
  get length(): number {
    return this.out.length;
  }

  addSeries(labels: Labels, columns: SampleColumns, queryIndex: number): void {
    if (columns.length === 0) return;
    const { series } = this;
    this.labels.reset();
    putLabels(this.labels, labels, this.message);
    series.reset();
    series.bytes(this.labels.view());
    const words = new Uint32Array(columns.values.buffer, columns.values.byteOffset, columns.length * 2);
    for (let start = 0; start < columns.length; ) {
      const end = this.putChunk(columns, words, start);
      start = end;
      if (series.length <= this.maxFrameBytes && end < columns.length) continue;
      this.endFrame(queryIndex);
      series.reset();
      series.bytes(this.labels.view());
    }
  }

  /** Valid until the next call. */
  view(): Uint8Array {
    return this.out.view();
  }

  /** One chunk from `start` on. @returns where the next begins */
  private putChunk(columns: SampleColumns, words: Uint32Array, start: number): number {
    const { floats, histograms } = this;
    const last = Math.min(columns.length, start + CHUNK_SAMPLES_MAX);
    const first = columns.histograms?.[start];
    let i = start;
    if (first === undefined) {
      for (; i < last && columns.histograms?.[i] === undefined; i++) {
        floats.append(columns.timestamps[i]!, words[2 * i]!, words[2 * i + 1]!);
      }
      this.endChunk(columns, start, i, ChunkEncoding.xor, floats.finish());
      return i;
    }
    histograms.append(columns.timestamps[i++]!, first);
    for (; i < last; i++) {
      const next = columns.histograms?.[i];
      if (next === undefined || !histograms.takes(next)) break;
      histograms.append(columns.timestamps[i]!, next);
    }
    this.endChunk(columns, start, i, first.float ? ChunkEncoding.floatHistogram : ChunkEncoding.histogram, histograms.finish());
    return i;
  }

  private endChunk({ timestamps }: SampleColumns, start: number, end: number, encoding: number, data: Uint8Array): void {
    const { message } = this;
    message.reset();
    putInt(message, 1, timestamps[start]!);
    putInt(message, 2, timestamps[end - 1]!);
    putInt(message, 3, encoding);
    putBytes(message, 4, data);
    putBytes(this.series, 2, message.view());
  }

  private endFrame(queryIndex: number): void {
    const { frame, out } = this;
    frame.reset();
    putBytes(frame, 1, this.series.view());
    putInt(frame, 2, queryIndex);
    const bytes = frame.view();
    const crc = crc32c(bytes);
    out.varint(bytes.length);
    for (const shift of [24, 16, 8, 0]) out.u8((crc >>> shift) & 0xff);
    out.bytes(bytes);
  }
}
