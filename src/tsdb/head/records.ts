/**
 * Payloads of a head's log. Types 1 and 2 are written by the kernels in one pass with the append; 3 and 4 by this file, for the
 * rarer samples that go one by one. All numbers little-endian. `src/tsdb/log/format.md` has their bytes and the frame around them.
 *
 *   1 dictionary   kernel/dictionary-log.ts
 *   2 samples      kernel/append.ts
 *   3 floats       { u32 ref, f64 time, u64 bits } ...
 *   4 histograms   { u32 ref, f64 time, u32 length, bytes (model/histogram-codec) } ...
 *   5 starts       { u32 ref, f64 time, f64 start } ...   changes of start timestamps (kernel/starts.ts) with the samples of the 3 and 4
 *                  that follow; ref with START_ONCE_REF: for the sample at this time only. Those of 2 are in 2 itself.
 *   6 deletions    { u32 ref, f64 from, f64 to } ...      samples of before in [from, to] are gone; what comes later is not
 */
export const RecordType = { dictionary: 1, samples: 2, floats: 3, histograms: 4, starts: 5, deletions: 6 } as const;

const FLOAT_BYTES = 20;
const START_BYTES = 20;
/** No ref is that high. */
const START_ONCE_REF = 0x80000000;
const HISTOGRAM_HEADER = 16;
const DELETION_BYTES = 20;

/** Collects entries of one record; reused. */
export class RecordBuffer {
  private bytes = new Uint8Array(4096);
  private view = new DataView(this.bytes.buffer);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  payload(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  addFloat(ref: number, t: number, low: number, high: number): void {
    this.reserve(FLOAT_BYTES);
    this.view.setUint32(this.length, ref, true);
    this.view.setFloat64(this.length + 4, t, true);
    this.view.setUint32(this.length + 12, low, true);
    this.view.setUint32(this.length + 16, high, true);
    this.length += FLOAT_BYTES;
  }

  addHistogram(ref: number, t: number, encoded: Uint8Array): void {
    this.reserve(HISTOGRAM_HEADER + encoded.length);
    this.view.setUint32(this.length, ref, true);
    this.view.setFloat64(this.length + 4, t, true);
    this.view.setUint32(this.length + 12, encoded.length, true);
    this.bytes.set(encoded, this.length + HISTOGRAM_HEADER);
    this.length += HISTOGRAM_HEADER + encoded.length;
  }

  addStart(ref: number, t: number, start: number, isOnce: boolean): void {
    this.reserve(START_BYTES);
    this.view.setUint32(this.length, isOnce ? ref + START_ONCE_REF : ref, true);
    this.view.setFloat64(this.length + 4, t, true);
    this.view.setFloat64(this.length + 12, start, true);
    this.length += START_BYTES;
  }

  addDeletion(ref: number, from: number, to: number): void {
    this.reserve(DELETION_BYTES);
    this.view.setUint32(this.length, ref, true);
    this.view.setFloat64(this.length + 4, from, true);
    this.view.setFloat64(this.length + 12, to, true);
    this.length += DELETION_BYTES;
  }

  private reserve(extra: number): void {
    if (this.length + extra <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.length + extra));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }
}

/** Calls `each` for every entry of a floats record. False if the record does not fit its own lengths. */
export function readFloats(payload: Uint8Array, each: (ref: number, t: number, low: number, high: number) => void): boolean {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 0; at + FLOAT_BYTES <= payload.length; at += FLOAT_BYTES) {
    each(view.getUint32(at, true), view.getFloat64(at + 4, true), view.getUint32(at + 12, true), view.getUint32(at + 16, true));
  }
  return payload.length % FLOAT_BYTES === 0;
}

/** Calls `each` for every entry of a starts record, likewise. */
export function readStarts(payload: Uint8Array, each: (ref: number, t: number, start: number, isOnce: boolean) => void): boolean {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 0; at + START_BYTES <= payload.length; at += START_BYTES) {
    const ref = view.getUint32(at, true);
    const isOnce = ref >= START_ONCE_REF;
    each(isOnce ? ref - START_ONCE_REF : ref, view.getFloat64(at + 4, true), view.getFloat64(at + 12, true), isOnce);
  }
  return payload.length % START_BYTES === 0;
}

/** Calls `each` for every entry of a histograms record, likewise. */
export function readHistograms(payload: Uint8Array, each: (ref: number, t: number, encoded: Uint8Array) => void): boolean {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  let at = 0;
  while (at + HISTOGRAM_HEADER <= payload.length) {
    const end = at + HISTOGRAM_HEADER + view.getUint32(at + 12, true);
    if (end > payload.length) return false;
    each(view.getUint32(at, true), view.getFloat64(at + 4, true), payload.subarray(at + HISTOGRAM_HEADER, end));
    at = end;
  }
  return at === payload.length;
}

/** Calls `each` for every entry of a deletions record, likewise. */
export function readDeletions(payload: Uint8Array, each: (ref: number, from: number, to: number) => void): boolean {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  for (let at = 0; at + DELETION_BYTES <= payload.length; at += DELETION_BYTES) {
    each(view.getUint32(at, true), view.getFloat64(at + 4, true), view.getFloat64(at + 12, true));
  }
  return payload.length % DELETION_BYTES === 0;
}
