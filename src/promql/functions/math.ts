/**
 * Functions of one number, with the results of Go's `math` package, which Prometheus computes with. Where JavaScript
 * differs the difference is spelt out here; elsewhere the two agree, or differ in the last digit at most.
 */

export type ElementFunction = (x: number) => number;

/** The elementwise functions of PromQL without further arguments, by name. */
export const ELEMENT_FUNCTIONS: Readonly<Record<string, ElementFunction>> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  exp: Math.exp,
  sqrt: Math.sqrt,
  ln: Math.log,
  log2,
  log10,
  sgn,
  sin: Math.sin,
  cos: Math.cos,
  tan: Math.tan,
  asin: Math.asin,
  acos: Math.acos,
  atan: Math.atan,
  // Go takes half of exp(|x|) where the other half is lost in rounding, so that both are infinite above 709.78 already.
  sinh: (x) => (Math.abs(x) > 21 ? Math.sign(x) * Math.exp(Math.abs(x)) * 0.5 : Math.sinh(x)),
  cosh: (x) => (Math.abs(x) > 21 ? Math.exp(Math.abs(x)) * 0.5 : Math.cosh(x)),
  tanh: Math.tanh,
  asinh: Math.asinh,
  acosh: Math.acosh,
  atanh: Math.atanh,
  deg: (x) => (x * 180) / Math.PI,
  rad: (x) => (x * Math.PI) / 180,
};

/** -1, 0, 1; keeps NaN and the sign of zero. */
export function sgn(x: number): number {
  if (x < 0) return -1;
  return x > 0 ? 1 : x;
}

/** To the nearest multiple of `toNearest`, ties up. Multiplies by the inverse, as upstream: digits depend on it. */
export function roundTo(x: number, toNearest: number): number {
  const inverse = 1 / toNearest;
  return Math.floor(x * inverse + 0.5) / inverse;
}

/** `clamp`; the caller gives an empty result if max < min. `clamp_min` is clamp(x, min, Inf), `clamp_max` clamp(x, -Inf, max). */
export function clamp(x: number, min: number, max: number): number {
  return maxOf(min, minOf(max, x));
}

/** An infinity that decides wins over NaN, unlike Math.max. */
export function maxOf(a: number, b: number): number {
  return a === Infinity || b === Infinity ? Infinity : Math.max(a, b);
}

export function minOf(a: number, b: number): number {
  return a === -Infinity || b === -Infinity ? -Infinity : Math.min(a, b);
}

/** `^`. JavaScript has NaN for 1 ^ NaN, 1 ^ Inf and -1 ^ Inf, where IEEE 754 (and Go) has 1. */
export function pow(x: number, y: number): number {
  if (x === 1 || (x === -1 && (y === Infinity || y === -Infinity))) return 1;
  return x ** y;
}

const scratch = new Float64Array(1);
const words = new Uint32Array(scratch.buffer);
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/**
 * Logarithm as Go composes it: that of the mantissa, scaled, plus the exponent. Powers of two are exact. Bucket
 * interpolation uses it too, and its digits show in answers.
 */
export function log2(x: number): number {
  if (!(x > 0) || x === Infinity) return Math.log(x);
  let shift = 0;
  scratch[0] = x;
  if (x < 2 ** -1022) {
    scratch[0] = x * 2 ** 54; // subnormals have no exponent to take off
    shift = -54;
  }
  const high = words[HIGH]!;
  const exponent = (high >>> 20) - 1022 + shift;
  words[HIGH] = (high & 0x800fffff) | (1022 << 20);
  const mantissa = scratch[0]!; // in [0.5, 1)
  return mantissa === 0.5 ? exponent - 1 : Math.log(mantissa) * Math.LOG2E + exponent;
}

export function log10(x: number): number {
  return log2(x) * 0.3010299956639812; // ln 2 / ln 10, rounded once
}

/** ln 2 in two parts: the first has zeros at its end, so that multiples of it by small integers are exact. */
const LN2_HIGH = 6.9314718036912381649e-1;
const LN2_LOW = 1.90821492927058770002e-10;

/**
 * 2^x as Go computes it: 2^k * e^r with |r| <= ln(2)/2, and for e^r the rational approximation of FreeBSD's e_exp.c
 * (Remez polynomial of degree 5). `2 ** x` differs in the last digit for one argument in ten.
 */
export function exp2(x: number): number {
  if (x !== x || x === Infinity) return x;
  if (x > 1023.9999999999999) return Infinity;
  if (x < -1074) return 0;
  const k = x > 0 ? Math.trunc(x + 0.5) : x < 0 ? Math.trunc(x - 0.5) : 0;
  const rest = x - k;
  const high = rest * LN2_HIGH;
  const low = -rest * LN2_LOW;
  const r = high - low;
  const t = r * r;
  const c =
    r -
    t *
      (1.66666666666666657415e-1 +
        t * (-2.77777777770155933842e-3 +
          t * (6.61375632143793436117e-5 + t * (-1.6533902205465251539e-6 + t * 4.13813679705723846039e-8))));
  const y = 1 - (low - (r * c) / (2 - c) - high);
  return k > 1023 ? y * 2 * 2 ** (k - 1) : y * 2 ** k;
}
