// Codec P: a column of doubles as decimal numbers, bit-exact. Entry of a module of its own (`codec.wasm`): it needs no arena, only
// the 1 MiB of `codec-layout.ts`, all of whose content is scratch but the powers of ten.
//
// A double that people or programs wrote as a decimal is m / 10^e, correctly rounded, with a small integer m: 0.1 is 1 / 10^1.
// Dividing gives it back exactly; multiplying by 10^-e would not. The smallest e that serves all values of the chunk is taken.
// Where none does, the e that costs least is, and the distance to the true value, counted in representable doubles ("ulps"), is kept
// beside. What has no decimal form (NaN with its payload, the stale marker among them, infinities, -0, beyond 2^53) is an exception
// with raw bits, and its place is filled with the value before.
//
//   byte 0   form: 0 constant, 1 raw, 2 xor, 3 decimal
//            decimal: 8 second differences, 16 residuals, 32 divided by a gcd, 64 exceptions
//   constant bits u64
//   raw      n x u64
//   xor      see xor-bytes.ts
//   decimal  e u8
//            [exceptions]  runs varint, then for each: gap varint, length varint, bits u64
//            first mantissa zigzag varint
//            [gcd]         varint
//            [second]      first difference, zigzag varint
//            differences from the second (third) value on, residuals of all: see bit-pack.ts
import { pack, putVarint, skipVarint, unpack, unzigzag, varintAt, zigzag } from './bit-pack';
import {
  CODEC_BYTES, CODEC_CLEAN, CODEC_FIRST, CODEC_OTHER, CODEC_POWERS, CODEC_RESIDUALS, CODEC_RUNS, CODEC_SECOND, CODEC_STEPS,
  CODEC_VALUES,
} from './codec-layout';
import { xorDecode, xorEncode } from './xor-bytes';

const CONSTANT: u32 = 0;
const RAW: u32 = 1;
const XOR: u32 = 2;
const DECIMAL: u32 = 3;
const FORM: u32 = 7;
const SECOND: u32 = 8;
const RESIDUAL: u32 = 16;
const DIVIDED: u32 = 32;
const EXCEPTIONS: u32 = 64;

/** 10^23 is not a double any more. */
const EXPONENT_MAX: u32 = 22;
/** Residuals are a compromise: digits beyond the sixteenth are noise in every double. */
const RESIDUAL_EXPONENT_MAX: u32 = 15;
const MANTISSA_MAX: f64 = 9007199254740992;
const NONE: u32 = 0xff;

/** Once for each memory. */
export function initCodec(): void {
  let power: f64 = 1;
  for (let e: u32 = 0; e <= EXPONENT_MAX; e++) {
    store<f64>(CODEC_POWERS + (e << 3), power);
    power *= 10;
  }
}

// @ts-ignore: decorator
@inline function powerOf(e: u32): f64 {
  return load<f64>(CODEC_POWERS + (e << 3));
}

// @ts-ignore: decorator
@inline function isException(bits: u64): bool {
  return !(abs(reinterpret<f64>(bits)) <= MANTISSA_MAX) || bits == 0x8000000000000000;
}

/** Doubles in their order as integers, so that a difference counts the doubles between. Its own inverse for what it returns. */
// @ts-ignore: decorator
@inline function ordered(bits: i64): i64 {
  return bits < 0 ? <i64>0x8000000000000000 - bits : bits;
}

// ---- Encoder ---------------------------------------------------------------------------------------------------------------

/** Encodes the first n (1 .. CODEC_CAPACITY) of CODEC_VALUES to CODEC_BYTES. Returns the size. */
export function encodeP(n: u32): u32 {
  if (isConstant(n)) {
    store<u8>(CODEC_BYTES, <u8>CONSTANT);
    store<u64>(CODEC_BYTES, load<u64>(CODEC_VALUES), 1);
    return 9;
  }
  const runs = takeExceptions(n);
  let size: u32 = runs == NONE ? 0 : encodeDecimal(n, runs);
  // Plain decimals are as good as it gets; anything else has to be better than the differing bytes.
  if (size == 0 || (load<u8>(CODEC_BYTES) & (RESIDUAL | EXCEPTIONS)) != 0) {
    store<u8>(CODEC_OTHER, <u8>XOR);
    const other: u32 = xorEncode(CODEC_VALUES, n, CODEC_OTHER + 1) - CODEC_OTHER;
    if (size == 0 || other < size) {
      memory.copy(CODEC_BYTES, CODEC_OTHER, other);
      size = other;
    }
  }
  if (size > 1 + (n << 3)) {
    store<u8>(CODEC_BYTES, <u8>RAW);
    memory.copy(CODEC_BYTES + 1, CODEC_VALUES, n << 3);
    size = 1 + (n << 3);
  }
  return size;
}

function isConstant(n: u32): bool {
  const first = load<u64>(CODEC_VALUES);
  for (let i: u32 = 1; i < n; i++) if (load<u64>(CODEC_VALUES + (i << 3)) != first) return false;
  return true;
}

/** Copies the values to CODEC_CLEAN without exceptions and lists those. Returns the number of runs, NONE if there is nothing else. */
function takeExceptions(n: u32): u32 {
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
function exactExponent(n: u32): u32 {
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
function residualExponent(n: u32): u32 {
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
    cost += 128 - clz<u64>(zigzag(step)) - clz<u64>(zigzag(residual(value, <f64>(<i64>m) / power)));
  }
  return cost;
}

/** Greatest common divisor of the distances of all mantissas to the first; 1 if there is nothing to divide. */
function commonStep(n: u32): u64 {
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

/** Encodes CODEC_CLEAN and the exceptions to CODEC_BYTES. Returns the size, 0 if the values have no decimal form. */
function encodeDecimal(n: u32, runs: u32): u32 {
  let flags = DECIMAL | (runs > 0 ? EXCEPTIONS : 0);
  let e = exactExponent(n);
  if (e == NONE) {
    e = residualExponent(n);
    if (e == NONE) return 0;
    flags |= RESIDUAL;
  }
  const first = load<i64>(CODEC_STEPS);
  const step = commonStep(n);
  if (step > 1) flags |= DIVIDED;
  for (let i: u32 = 0; i < n; i++) {
    const entry = CODEC_STEPS + (i << 3);
    store<i64>(entry, (load<i64>(entry) - first) / <i64>step);
  }
  if (differences(n)) flags |= SECOND;

  let at: u32 = CODEC_BYTES;
  store<u8>(at++, <u8>flags);
  store<u8>(at++, <u8>e);
  if (runs > 0) at = putRuns(runs, at);
  at = putVarint(at, zigzag(first));
  if (step > 1) at = putVarint(at, step);
  if (flags & SECOND) {
    at = putVarint(at, zigzag(load<i64>(CODEC_FIRST + 8)));
    at = pack(CODEC_SECOND, 2, n, at);
  } else at = pack(CODEC_FIRST, 1, n, at);
  if (flags & RESIDUAL) at = pack(CODEC_RESIDUALS, 0, n, at);
  return at - CODEC_BYTES;
}

/** First and second differences of CODEC_STEPS. True if the second ones are cheaper. */
function differences(n: u32): bool {
  let firstCost: u64 = 0;
  let secondCost: u64 = 0;
  let before: i64 = 0;
  for (let i: u32 = 1; i < n; i++) {
    const first = load<i64>(CODEC_STEPS + (i << 3)) - load<i64>(CODEC_STEPS + ((i - 1) << 3));
    const second = first - before;
    before = first;
    store<i64>(CODEC_FIRST + (i << 3), first);
    store<i64>(CODEC_SECOND + (i << 3), second);
    if (i == 1) continue;
    firstCost += 64 - clz<u64>(zigzag(first));
    secondCost += 64 - clz<u64>(zigzag(second));
  }
  return secondCost < firstCost;
}

function putRuns(runs: u32, at: u32): u32 {
  at = putVarint(at, runs);
  let end: u32 = 0;
  for (let i: u32 = 0; i < runs; i++) {
    const run = CODEC_RUNS + (i << 4);
    const start = load<u32>(run);
    const length = load<u32>(run, 4);
    at = putVarint(at, start - end);
    at = putVarint(at, length);
    store<u64>(at, load<u64>(run, 8));
    at += 8;
    end = start + length;
  }
  return at;
}

// ---- Decoder ---------------------------------------------------------------------------------------------------------------

/** Decodes `size` bytes at CODEC_BYTES to n values at CODEC_VALUES. Returns 0, or 1 if the bytes are not n encoded values. */
export function decodeP(size: u32, n: u32): u32 {
  const end = CODEC_BYTES + size;
  const flags = <u32>load<u8>(CODEC_BYTES);
  const at: u32 = CODEC_BYTES + 1;
  switch (flags & FORM) {
    case CONSTANT: {
      const bits = load<u64>(at);
      for (let i: u32 = 0; i < n; i++) store<u64>(CODEC_VALUES + (i << 3), bits);
      return size == 9 ? 0 : 1;
    }
    case RAW: {
      if (size != 1 + (n << 3)) return 1;
      memory.copy(CODEC_VALUES, at, n << 3);
      return 0;
    }
    case XOR:
      return xorDecode(at, end, CODEC_VALUES, n) == end ? 0 : 1;
    case DECIMAL:
      return decodeDecimal(flags, at, end, n) == end ? 0 : 1;
    default:
      return 1;
  }
}

function decodeDecimal(flags: u32, at: u32, end: u32, n: u32): u32 {
  const e = <u32>load<u8>(at++);
  if (e > EXPONENT_MAX) return 0;
  const power = powerOf(e);
  let runs: u32 = 0;
  const runsAt = at;
  if (flags & EXCEPTIONS) {
    runs = <u32>varintAt(at);
    if (runs > n) return 0;
    at = skipVarint(at);
    for (let i: u32 = 0; i < runs; i++) {
      at = skipVarint(skipVarint(at)) + 8;
      if (at > end) return 0;
    }
  }
  const first = unzigzag(varintAt(at));
  at = skipVarint(at);
  let step: i64 = 1;
  if (flags & DIVIDED) {
    step = <i64>varintAt(at);
    at = skipVarint(at);
  }
  if (flags & SECOND) {
    const slope = unzigzag(varintAt(at));
    at = unpack(skipVarint(at), end, CODEC_SECOND, 2, n);
    if (at == 0) return 0;
    sumSecond(n, first, slope, step, power);
  } else {
    at = unpack(at, end, CODEC_FIRST, 1, n);
    if (at == 0) return 0;
    sumFirst(n, first, step, power);
  }
  if (flags & RESIDUAL) {
    at = unpack(at, end, CODEC_RESIDUALS, 0, n);
    if (at == 0) return 0;
    for (let i: u32 = 0; i < n; i++) {
      const entry = CODEC_VALUES + (i << 3);
      store<i64>(entry, ordered(ordered(load<i64>(entry)) + load<i64>(CODEC_RESIDUALS + (i << 3))));
    }
  }
  return runs > 0 && !putBackExceptions(runsAt, runs, n) ? 0 : at;
}

function sumFirst(n: u32, first: i64, step: i64, power: f64): void {
  let m = first;
  store<f64>(CODEC_VALUES, <f64>m / power);
  if (power == 1) {
    for (let i: u32 = 1; i < n; i++) {
      m += load<i64>(CODEC_FIRST + (i << 3)) * step;
      store<f64>(CODEC_VALUES + (i << 3), <f64>m);
    }
    return;
  }
  for (let i: u32 = 1; i < n; i++) {
    m += load<i64>(CODEC_FIRST + (i << 3)) * step;
    store<f64>(CODEC_VALUES + (i << 3), <f64>m / power);
  }
}

function sumSecond(n: u32, first: i64, slope: i64, step: i64, power: f64): void {
  let m = first;
  let difference = slope;
  store<f64>(CODEC_VALUES, <f64>m / power);
  if (n > 1) {
    m += difference * step;
    store<f64>(CODEC_VALUES + 8, <f64>m / power);
  }
  if (power == 1) {
    for (let i: u32 = 2; i < n; i++) {
      difference += load<i64>(CODEC_SECOND + (i << 3));
      m += difference * step;
      store<f64>(CODEC_VALUES + (i << 3), <f64>m);
    }
    return;
  }
  for (let i: u32 = 2; i < n; i++) {
    difference += load<i64>(CODEC_SECOND + (i << 3));
    m += difference * step;
    store<f64>(CODEC_VALUES + (i << 3), <f64>m / power);
  }
}

function putBackExceptions(at: u32, runs: u32, n: u32): bool {
  at = skipVarint(at);
  let place: u64 = 0;
  for (let i: u32 = 0; i < runs; i++) {
    place += varintAt(at);
    at = skipVarint(at);
    const end = place + varintAt(at);
    at = skipVarint(at);
    if (end > <u64>n || end < place) return false;
    const bits = load<u64>(at);
    at += 8;
    for (; place < end; place++) store<u64>(CODEC_VALUES + (<u32>place << 3), bits);
  }
  return true;
}
