/** What a query worker needs in order to read a head: posted to it when a head opens. */
export interface HeadDescriptor {
  /** Unique for the life of the process; a head that replaces another has another id. */
  readonly id: number;
  /** Half-open range of sample times, ms. */
  readonly mint: number;
  readonly maxt: number;
  /** The arena: shared, fixed maximum size. */
  readonly memory: WebAssembly.Memory;
}

/** The same for a block, which every thread opens for itself. Heads and blocks count from one sequence of ids. */
export interface BlockDescriptor {
  readonly id: number;
  readonly mint: number;
  readonly maxt: number;
  /** Path of the published file. */
  readonly file: string;
  /** What was deleted from it, as `BlockDeletions` encodes it; another array after each deletion, absent while there was none. */
  readonly deleted?: Uint8Array;
}

/** Where samples are. */
export type SourceDescriptor = HeadDescriptor | BlockDescriptor;

export function isBlock(source: SourceDescriptor): source is BlockDescriptor {
  return 'file' in source;
}

/** True if a reader of `before` reads `after` as well: nothing was deleted in between. */
export function sameContent(before: SourceDescriptor, after: SourceDescriptor): boolean {
  return !isBlock(after) || (isBlock(before) && before.deleted === after.deleted);
}
