/** Remote write of either version, on the general path. */
import type { SampleBatch } from '../model/sample-batch.js';
import { decodeWriteRequestV1 } from './remote-write-v1.js';
import { decodeWriteRequestV2, type WriteV2Options } from './remote-write-v2.js';

/** @param message uncompressed. @throws WireError */
export function decodeWrite(message: Uint8Array, version: 1 | 2, options: WriteV2Options): SampleBatch {
  return version === 1 ? decodeWriteRequestV1(message) : decodeWriteRequestV2(message, options);
}
