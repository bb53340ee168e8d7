import { ByteWriter } from '../encoding/byte-writer.js';
import { compressBlock } from './snappy.js';

/**
 * A snappy block made of pieces that are compressed by themselves: a block is its length and then elements, and no element reaches
 * behind the piece it is in. So a large message need not exist as a whole before it is compressed, and what stands before a piece may be
 * known last.
 */
export class SnappyParts {
  private readonly parts: Uint8Array[] = [];
  /** Bytes before compression. */
  length = 0;
  /** Bytes of the parts. */
  compressedLength = 0;

  get count(): number {
    return this.parts.length;
  }

  /** Compresses a copy. @param at in front of which part */
  add(bytes: Uint8Array, at = this.parts.length): void {
    if (bytes.length === 0) return;
    const block = compressBlock(bytes);
    let start = 0;
    while (block[start]! >= 0x80) start++;
    const elements = block.subarray(start + 1);
    this.parts.splice(at, 0, elements);
    this.length += bytes.length;
    this.compressedLength += elements.length;
  }

  /** The block. Ends the use of the parts. */
  finish(): Uint8Array {
    const out = new ByteWriter(this.compressedLength + 8);
    out.varint(this.length);
    for (const part of this.parts) out.bytes(part);
    return out.view();
  }
}
