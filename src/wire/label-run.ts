import type { Labels } from '../model/labels.js';
import { ByteWriter } from '../encoding/byte-writer.js';
import { decodeWriteRequestV1 } from './remote-write-v1.js';
import { WireError } from './wire-error.js';

/** Field 1, length-delimited: a time series of a WriteRequest. */
const SERIES_TAG = 0x0a;
/** An empty Sample message (time 0, value 0): a series without samples would be ignored. */
const SAMPLE = [0x12, 0x00];

/**
 * Labels of a run of remote write 1.0 label submessages, as the general decoder understands them: sorted, without empty values;
 * or the sentence that says why they cannot be a series.
 */
export function decodeLabelRun(run: Uint8Array): Labels | string {
  const writer = new ByteWriter(run.length + 16);
  writer.u8(SERIES_TAG);
  writer.varint(run.length + SAMPLE.length);
  writer.bytes(run);
  for (const byte of SAMPLE) writer.u8(byte);
  try {
    const batch = decodeWriteRequestV1(writer.view());
    return batch.rejects[0]?.message ?? batch.series[0] ?? 'the series has no labels';
  } catch (error) {
    if (error instanceof WireError) return error.message;
    throw error;
  }
}
