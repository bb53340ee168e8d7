import { isAscii } from 'node:buffer';
import { Labels, METRIC_NAME } from '../model/labels.js';
import { ByteWriter } from '../encoding/byte-writer.js';
import { decodeWriteRequestV1 } from './remote-write-v1.js';
import { WireError } from './wire-error.js';

/** Field 1, length-delimited: a time series of a WriteRequest. */
const SERIES_TAG = 0x0a;
const TAG_LABEL = 0x0a;
const TAG_NAME = 0x0a;
const TAG_VALUE = 0x12;
/** An empty Sample message (time 0, value 0): a series without samples would be ignored. */
const SAMPLE = [0x12, 0x00];

/**
 * Labels of a run of remote write 1.0 label submessages, as the general decoder understands them: sorted, without empty values;
 * or the sentence that says why they cannot be a series.
 */
export function decodeLabelRun(run: Uint8Array): Labels | string {
  return isAscii(run) ? usualLabels(run) ?? anyLabels(run) : anyLabels(run);
}

/**
 * The labels if they have the form that senders write: names that rise, nothing empty, no label of 128 bytes or more. It is what new
 * series cost where the kernels do not decide about them.
 */
function usualLabels(run: Uint8Array): Labels | undefined {
  const text = Buffer.from(run.buffer, run.byteOffset, run.length).toString('latin1');
  const names: string[] = [];
  const values: string[] = [];
  let isNamed = false;
  let last = '';
  for (let at = 0; at < run.length;) {
    const end = at + 2 + run[at + 1]!;
    const nameAt = at + 4;
    const valueTag = nameAt + run[at + 3]!;
    const valueAt = valueTag + 2;
    // In ASCII a length is one byte; it must lead exactly to the next field.
    if (run[at] !== TAG_LABEL || run[at + 2] !== TAG_NAME || run[valueTag] !== TAG_VALUE || end > run.length) return undefined;
    if (valueAt + run[valueTag + 1]! !== end || valueAt >= end || valueTag === nameAt) return undefined;
    const name = text.slice(nameAt, valueTag);
    if (name <= last) return undefined;
    if (name === METRIC_NAME) isNamed = true;
    names.push(name);
    values.push(text.slice(valueAt, end));
    last = name;
    at = end;
  }
  return isNamed ? Labels.fromSorted(names, values) : undefined;
}

function anyLabels(run: Uint8Array): Labels | string {
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
