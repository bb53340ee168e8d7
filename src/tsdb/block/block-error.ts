/** A block that cannot be read as what it claims to be. */
export type BlockErrorCode = 'corrupt_block' | 'not_a_block' | 'newer_block' | 'unreadable_block';

export class BlockError extends Error {
  override name = 'BlockError';
  constructor(
    readonly code: BlockErrorCode,
    readonly file: string,
    /** What is wrong, without the file. */
    readonly detail: string,
    options?: ErrorOptions,
  ) {
    super(`${file}: ${detail}`, options);
  }
}
