import { QueryError } from '../../engine/engine-api.js';
import { formatG } from '../../engine/number-text.js';

/** The float64 values that int64 just cannot hold. */
const INT64_LIMIT = 2 ** 63;

/**
 * The k of `topk`, `bottomk` and `limitk` at each step, as whole numbers.
 * @throws QueryError for NaN and for values that a 64-bit integer cannot hold
 */
export function sampleCounts(values: Float64Array): Float64Array {
  const counts = new Float64Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== value) throw new QueryError('execution', 'Parameter value is NaN');
    if (value <= -INT64_LIMIT) throw new QueryError('execution', `Scalar value ${formatG(value)} underflows int64`);
    if (value >= INT64_LIMIT) throw new QueryError('execution', `Scalar value ${formatG(value)} overflows int64`);
    counts[i] = Math.trunc(value);
  }
  return counts;
}
