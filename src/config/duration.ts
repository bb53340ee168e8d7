/**
 * Durations in Prometheus' notation: `1h30m`, `15s`, `500ms`. Units fall from left to right, each at most once, whole
 * numbers only; `0` needs no unit. A day has 24 hours, a week 7 days, a year 365 days (prometheus/common `model/time.go`).
 */

const PATTERN = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;

/** Falling order, as in the notation. `whole`: used when printing only if the duration is a multiple of the unit. */
const UNITS = [
  { name: 'y', ms: 365 * 86_400_000, whole: true },
  { name: 'w', ms: 7 * 86_400_000, whole: true },
  { name: 'd', ms: 86_400_000, whole: false },
  { name: 'h', ms: 3_600_000, whole: false },
  { name: 'm', ms: 60_000, whole: false },
  { name: 's', ms: 1_000, whole: false },
  { name: 'ms', ms: 1, whole: false },
] as const;

/** Go's limit of 2^63 nanoseconds (292 years): upstream refuses more, and so do we. */
const DURATION_MS_MAX = 9_223_372_036_854;

/** @returns milliseconds. @throws SyntaxError with upstream's wording */
export function parseDuration(text: string): number {
  if (text === '0') return 0;
  if (text === '') throw new SyntaxError('empty duration string');
  const match = PATTERN.exec(text);
  if (!match) throw new SyntaxError(`not a valid duration string: "${text}"`);
  let ms = 0;
  UNITS.forEach((unit, i) => {
    ms += Number(match[i + 1] ?? 0) * unit.ms;
  });
  if (ms > DURATION_MS_MAX) throw new SyntaxError('duration out of range');
  return ms;
}

/** The shortest common form, as Prometheus prints it: 5_400_000 -> `1h30m`. Whole milliseconds >= 0. */
export function formatDuration(ms: number): string {
  if (ms === 0) return '0s';
  let rest = ms;
  let text = '';
  for (const unit of UNITS) {
    if (rest < unit.ms || (unit.whole && rest % unit.ms !== 0)) continue;
    text += `${Math.floor(rest / unit.ms)}${unit.name}`;
    rest %= unit.ms;
  }
  return text;
}
