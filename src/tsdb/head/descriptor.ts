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
