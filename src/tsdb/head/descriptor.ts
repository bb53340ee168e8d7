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
}

/** Where samples are. */
export type SourceDescriptor = HeadDescriptor | BlockDescriptor;

export function isBlock(source: SourceDescriptor): source is BlockDescriptor {
  return 'file' in source;
}
