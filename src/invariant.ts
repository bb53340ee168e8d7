/** Thrown when the program itself is wrong. Never used for bad input or failing disks. */
export class InvariantError extends Error {
  override name = 'InvariantError';
}

/** Stops the thread when a condition that the code relies on does not hold. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantError(`BUG: ${message}`);
}
