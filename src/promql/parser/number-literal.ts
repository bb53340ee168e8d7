/** Numbers and durations: text to value and back. */

/** Seconds that fit upstream's durations, 63 bits of nanoseconds (about 292 years). */
export const MAX_DURATION_SECONDS = 2 ** 63 / 1e9;

const UNIT_MS = { y: 31_536_000_000, w: 604_800_000, d: 86_400_000, h: 3_600_000, m: 60_000, s: 1000, ms: 1 } as const;
type Unit = keyof typeof UNIT_MS;
const UNITS: readonly Unit[] = ['y', 'w', 'd', 'h', 'm', 's', 'ms'];

/** The value of a number token. A string is the message of what is wrong with it. */
export function parseNumber(text: string): number | string {
  const lower = text.toLowerCase();
  if (lower === 'inf') return Infinity;
  if (lower === 'nan') return NaN;
  const syntax = `error parsing number: strconv.ParseFloat: parsing "${text}": invalid syntax`;
  if (text.includes('_') && !underscoresBetweenDigits(lower)) return syntax;
  const plain = lower.replaceAll('_', '');
  // As Go reads integers with base 0: a leading zero means octal, unless other digits show it does not.
  if (/^0x[0-9a-f]+$/.test(plain)) {
    return BigInt(plain) < 2n ** 63n
      ? Number(BigInt(plain))
      : `error parsing number: strconv.ParseFloat: parsing "${text}": invalid syntax`;
  }
  if (/^0[0-7]+$/.test(plain) && BigInt(`0o${plain.slice(1)}`) < 2n ** 63n) return Number(BigInt(`0o${plain.slice(1)}`));
  if (!/^(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/.test(plain)) return syntax;
  const value = Number(plain);
  return Number.isFinite(value) ? value : `error parsing number: strconv.ParseFloat: parsing "${text}": value out of range`;
}

/** Underscores must have a digit (or a base prefix) on both sides. */
function underscoresBetweenDigits(text: string): boolean {
  return !/_(?![0-9a-f])|(?<![0-9a-fx])_/.test(text) && !/[.e]_|_[.e]/.test(text.startsWith('0x') ? '' : text);
}

/** Seconds of a duration token such as `1h30m`. A string is the message of what is wrong with it. */
export function parseDuration(text: string): number | string {
  if (!/^\d/.test(text)) return `not a valid duration string: "${text}"`;
  let ms = 0;
  let last = -1;
  for (const [, count, unit] of text.matchAll(/(\d+)(\D*)/g)) {
    // A count that 64 bits do not hold is no count for upstream.
    if (unit === '' || BigInt(count!) >= 2n ** 64n) return `not a valid duration string: "${text}"`;
    const rank = UNITS.indexOf(unit as Unit);
    if (rank < 0) return `unknown unit "${unit}" in duration "${text}"`;
    // Each unit once, larger ones first.
    if (rank <= last) return `not a valid duration string: "${text}"`;
    last = rank;
    ms += Number(count) * UNIT_MS[unit as Unit];
  }
  return ms / 1000 >= MAX_DURATION_SECONDS ? 'duration out of range' : ms / 1000;
}

/** Whole milliseconds of a number of seconds, by way of nanoseconds as upstream: 1.0005 s is 1000 ms. */
export function secondsToMs(seconds: number): number {
  return Math.trunc(Math.round(seconds * 1e9) / 1e6);
}

/** A duration as upstream prints it: `1h30m`, `0s`; years and weeks only when nothing is left over. */
export function formatDuration(milliseconds: number): string {
  if (milliseconds === 0) return '0s';
  let rest = Math.abs(milliseconds);
  let out = milliseconds < 0 ? '-' : '';
  for (const unit of UNITS) {
    const size = UNIT_MS[unit];
    const exactOnly = unit === 'y' || unit === 'w';
    if (exactOnly && rest % size !== 0) continue;
    const count = Math.floor(rest / size);
    if (count > 0) out += `${count}${unit}`;
    rest -= count * size;
  }
  return out;
}

/** A double in plain decimal, without exponent (Go: FormatFloat 'f', -1). */
export function formatNumber(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const split = /^(-?)(\d+)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (split === null) return text;
  const [, sign, whole, fraction = '', exponent] = split;
  const digits = whole! + fraction;
  const point = whole!.length + Number(exponent);
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + digits.padEnd(point, '0');
}
