// A column of doubles as integers: decimal mantissas, what is left of them, and where neither will do, the doubles in their order.
import {
  CODEC_CLEAN, CODEC_FIRST, CODEC_POWERS, CODEC_RESIDUALS, CODEC_RUNS, CODEC_SECOND, CODEC_STEPS, CODEC_VALUES,
} from './codec-layout';
import { bitsOf, zigzag } from './varint-64';

/** 10^23 is not a double any more. */
export const EXPONENT_MAX: u32 = 22;
/** Residuals are a compromise: digits beyond the sixteenth are noise in every double. */
const RESIDUAL_EXPONENT_MAX: u32 = 15;
const MANTISSA_MAX: f64 = 9007199254740992;
export const NONE: u32 = 0xff;

/** Once for each memory. */
export function initPowers(): void {
  let power: f64 = 1;
  for (let e: u32 = 0; e <= EXPONENT_MAX; e++) {
    store<f64>(CODEC_POWERS + (e << 3), power);
    power *= 10;
  }
}

// @ts-ignore: decorator
@inline export function powerOf(e: u32): f64 {
  return load<f64>(CODEC_POWERS + (e << 3));
}

// @ts-ignore: decorator
@inline function isException(bits: u64): bool {
  return !(abs(reinterpret<f64>(bits)) <= MANTISSA_MAX) || bits == 0x8000000000000000;
}

/** Doubles in their order as integers, so that a difference counts the doubles between. Its own inverse for what it returns. */
// @ts-ignore: decorator
@inline export function ordered(bits: i64): i64 {
  return bits < 0 ? <i64>0x8000000000000000 - bits : bits;
}

/** Copies the values to CODEC_CLEAN without exceptions and lists those. Returns the number of runs, NONE if there is nothing else. */
export function takeExceptions(n: u32): u32 {
  let first: u32 = 0;
  while (first < n && isException(load<u64>(CODEC_VALUES + (first << 3)))) first++;
  if (first == n) return NONE;
  let fill = load<u64>(CODEC_VALUES + (first << 3));
  let runs: u32 = 0;
  let runBits: u64 = 0;
  let runEnd: u32 = n + 1;
  for (let i: u32 = 0; i < n; i++) {
    const bits = load<u64>(CODEC_VALUES + (i << 3));
    if (!isException(bits)) {
      fill = bits;
    } else if (runEnd == i && runBits == bits) {
      const run = CODEC_RUNS + ((runs - 1) << 4);
      store<u32>(run, load<u32>(run, 4) + 1, 4);
      runEnd = i + 1;
    } else {
      // Too many to be exceptions.
      if (runs == NONE - 1) return NONE;
      const run = CODEC_RUNS + (runs << 4);
      store<u32>(run, i);
      store<u32>(run, 1, 4);
      store<u64>(run, bits, 8);
      runs++;
      runBits = bits;
      runEnd = i + 1;
    }
    store<u64>(CODEC_CLEAN + (i << 3), fill);
  }
  return runs;
}

/** Mantissas for exponent e from value `from` on; returns the first index where it does not give the value back, n if none. */
function mantissas(n: u32, e: u32, from: u32): u32 {
  const power = powerOf(e);
  for (let i = from; i < n; i++) {
    const value = load<f64>(CODEC_CLEAN + (i << 3));
    const m = nearest(value * power);
    if (!(abs(m) <= MANTISSA_MAX) || reinterpret<u64>(m / power) != reinterpret<u64>(value)) return i;
    store<i64>(CODEC_STEPS + (i << 3), <i64>m);
  }
  return n;
}

/** Smallest exponent that is exact for all values, with its mantissas in CODEC_STEPS; NONE if there is none. */
export function exactExponent(n: u32): u32 {
  let e: u32 = 0;
  let at: u32 = 0;
  while (e <= EXPONENT_MAX) {
    const failed = mantissas(n, e, at);
    if (failed == n) break;
    // What comes before the failing value was exact with a smaller exponent, hence nearly always with a larger one.
    at = failed;
    e++;
  }
  if (e > EXPONENT_MAX) return NONE;
  return at == 0 || mantissas(n, e, 0) == n ? e : NONE;
}

/** Exponent with the cheapest mantissas and residuals, which are then in place; NONE if every mantissa would be too large. */
export function residualExponent(n: u32): u32 {
  let best: u32 = NONE;
  let bestCost: u64 = ~(<u64>0);
  for (let e: u32 = 0; e <= RESIDUAL_EXPONENT_MAX; e++) {
    const cost = residualCost(n, powerOf(e));
    if (cost < bestCost) {
      bestCost = cost;
      best = e;
    }
  }
  if (best == NONE) return NONE;
  const power = powerOf(best);
  for (let i: u32 = 0; i < n; i++) {
    const value = load<f64>(CODEC_CLEAN + (i << 3));
    const m = nearest(value * power);
    store<i64>(CODEC_STEPS + (i << 3), <i64>m);
    store<i64>(CODEC_RESIDUALS + (i << 3), residual(value, <f64>(<i64>m) / power));
  }
  return best;
}

function residual(value: f64, near: f64): i64 {
  return ordered(reinterpret<i64>(value)) - ordered(reinterpret<i64>(near));
}

function residualCost(n: u32, power: f64): u64 {
  let cost: u64 = 0;
  let before: i64 = 0;
  for (let i: u32 = 0; i < n; i++) {
    const value = load<f64>(CODEC_CLEAN + (i << 3));
    const m = nearest(value * power);
    if (!(abs(m) <= MANTISSA_MAX)) return ~(<u64>0);
    const step = <i64>m - before;
    before = <i64>m;
    cost += bitsOf(zigzag(step)) + bitsOf(zigzag(residual(value, <f64>(<i64>m) / power)));
  }
  return cost;
}

/** The values in their order as CODEC_STEPS. */
export function orderedSteps(n: u32): void {
  for (let i: u32 = 0; i < n; i++) store<i64>(CODEC_STEPS + (i << 3), ordered(load<i64>(CODEC_CLEAN + (i << 3))));
}

/**
 * Greatest common divisor of the distances of all steps to the first; 1 if there is nothing to divide. Distances may wrap around:
 * everything is exact modulo 2^64.
 */
export function commonStep(n: u32): u64 {
  const first = load<i64>(CODEC_STEPS);
  let gcd: u64 = 0;
  for (let i: u32 = 1; i < n; i++) {
    const distance = load<i64>(CODEC_STEPS + (i << 3)) - first;
    let a = gcd;
    let b = <u64>(distance < 0 ? -distance : distance);
    while (b != 0) {
      const rest = a % b;
      a = b;
      b = rest;
    }
    gcd = a;
    if (gcd == 1) break;
  }
  return gcd == 0 ? 1 : gcd;
}

/** First and second differences of CODEC_STEPS. Returns the bits of the distance between the lowest and the highest step. */
export function differences(n: u32): u32 {
  let before: i64 = 0;
  let step = load<i64>(CODEC_STEPS);
  let low = step;
  let high = step;
  for (let i: u32 = 1; i < n; i++) {
    const next = load<i64>(CODEC_STEPS + (i << 3));
    const first = next - step;
    step = next;
    low = min(low, step);
    high = max(high, step);
    store<i64>(CODEC_FIRST + (i << 3), first);
    store<i64>(CODEC_SECOND + (i << 3), first - before);
    before = first;
  }
  return bitsOf(<u64>(high - low));
}
