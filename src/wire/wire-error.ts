export type WireErrorCode = 'corrupt' | 'too_large';

/**
 * A body that cannot be decoded. Nothing of the request was used.
 * `corrupt`: not the format that it claims to be. `too_large`: it would expand beyond a limit.
 */
export class WireError extends Error {
  override name = 'WireError';
  constructor(readonly code: WireErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * What a decoder's door throws for an error from inside: protobufjs reports bad input as plain `Error` and
 * `RangeError`. Anything else is a fault of ours and passes through unchanged.
 */
export function asWireError(what: string, error: unknown): unknown {
  if (error instanceof WireError) return error;
  if (error instanceof Error && (error.constructor === Error || error.constructor === RangeError)) {
    return new WireError('corrupt', `${what}: ${error.message}`, { cause: error });
  }
  return error;
}
