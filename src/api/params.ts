/**
 * Values of API parameters: times, durations, limits, selectors, with the error texts of Prometheus
 * (`parseTime`, `parseDuration`, `parseLimitParam` of its `web/api/v1/api.go`). All times in ms.
 */
import { goQuote } from '../model/go-quote.js';
import type { Matcher } from '../model/matcher.js';
import type { RegexBudget } from '../model/regex-limits.js';
import { parseMetricSelector } from '../promql/parser/parse.js';
import { badData, invalidParameter, isInputError } from './error-types.js';
import type { FormParams } from './form.js';

/**
 * "From the beginning" and "for ever". Prometheus' own extremes do not fit into a double exactly; these do, and
 * leave 287,000 years on both sides: enough for clients that send milliseconds where seconds are meant (Grafana's
 * exemplar probe does, which gives years around 58,000).
 */
export const MIN_TIME_MS = Number.MIN_SAFE_INTEGER;
export const MAX_TIME_MS = Number.MAX_SAFE_INTEGER;

/** Prometheus prints its extreme times so and reads them back, although they are not RFC 3339. */
const MIN_TIME_TEXT = '-292273086-05-16T16:47:06Z';
const MAX_TIME_TEXT = '292277025-08-18T07:12:54.999999999Z';

const INT64_MAX = 2 ** 63;

/** Decimal numbers as Go's ParseFloat takes them; underscores may separate digits. */
const GO_FLOAT = /^[+-]?(?:\d(?:_?\d)*\.?(?:\d(?:_?\d)*)?|\.\d(?:_?\d)*)(?:[eE][+-]?\d+)?$/;
const GO_INFINITY = /^([+-]?)inf(?:inity)?$/i;

/** undefined if the text is not a number. */
export function parseGoFloat(text: string): number | undefined {
  if (GO_FLOAT.test(text)) {
    const value = Number(text.includes('_') ? text.replaceAll('_', '') : text);
    // Go reports a range error for decimals beyond the largest double; only the word "Inf" gives infinity.
    return Number.isFinite(value) ? value : undefined;
  }
  const infinity = GO_INFINITY.exec(text);
  if (infinity) return infinity[1] === '-' ? -Infinity : Infinity;
  return /^[+-]?nan$/i.test(text) ? NaN : undefined;
}

const RFC_3339 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:[.,](\d+))?(Z|[+-]\d\d:\d\d)$/;

/** Unix seconds (fraction rounded to a millisecond) or RFC 3339 (cut to a millisecond). undefined if neither. */
export function parseTime(text: string): number | undefined {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) {
    if (Number.isNaN(seconds)) return undefined;
    // The remainder of an infinity would be NaN.
    if (!Number.isFinite(seconds)) return seconds > 0 ? MAX_TIME_MS : MIN_TIME_MS;
    const whole = Math.trunc(seconds);
    const ms = whole * 1000 + roundHalfAway((seconds - whole) * 1000);
    return Math.min(Math.max(ms, MIN_TIME_MS), MAX_TIME_MS);
  }
  const m = RFC_3339.exec(text);
  if (!m) {
    if (text === MIN_TIME_TEXT) return MIN_TIME_MS;
    return text === MAX_TIME_TEXT ? MAX_TIME_MS : undefined;
  }
  const [, year, month, day, hour, minute, second, fraction = '', zone] = m;
  // Date.UTC maps years 0..99 to 1900..1999: give it the year apart.
  const date = new Date(Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second)));
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const valid = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
    && Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  const offsetMinutes = zone === 'Z' ? 0 : zoneMinutes(zone!);
  if (!valid || offsetMinutes === undefined) return undefined;
  return date.getTime() + Number(fraction.padEnd(3, '0').slice(0, 3)) - offsetMinutes * 60_000;
}

function zoneMinutes(zone: string): number | undefined {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 24 || minutes >= 60) return undefined;
  return (zone[0] === '-' ? -1 : 1) * (hours * 60 + minutes);
}

function roundHalfAway(value: number): number {
  return value < 0 ? -Math.round(-value) : Math.round(value);
}

/** A required time. @throws ApiError bad_data */
export function requiredTime(form: FormParams, name: string): number {
  const text = form.get(name);
  const ms = parseTime(text);
  if (ms === undefined) throw invalidParameter(name, `cannot parse ${goQuote(text)} to a valid timestamp`);
  return ms;
}

/** An optional time. @throws ApiError bad_data */
export function optionalTime(form: FormParams, name: string, whenAbsent: number): number {
  const text = form.get(name);
  if (text === '') return whenAbsent;
  const ms = parseTime(text);
  if (ms === undefined) {
    throw invalidParameter(name, `invalid time value for '${name}': cannot parse ${goQuote(text)} to a valid timestamp`);
  }
  return ms;
}

const DURATION = /^(?:(\d+)y)?(?:(\d+)w)?(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?$/;
const UNIT_NS = [365 * 86_400e9, 7 * 86_400e9, 86_400e9, 3_600e9, 60e9, 1e9, 1e6] as const;

/**
 * A duration in *nanoseconds* (Prometheus computes the resolution limit in them): float seconds or `1h30m`.
 * NaN for the number NaN. @throws Error with the reason, for the caller to say which parameter it is
 */
export function parseDurationNs(text: string): number {
  const seconds = parseGoFloat(text);
  if (seconds !== undefined) {
    const ns = seconds * 1e9;
    if (ns > INT64_MAX || ns < -INT64_MAX) throw new Error(`cannot parse ${goQuote(text)} to a valid duration. It overflows int64`);
    return Math.trunc(ns);
  }
  const m = text === '' ? null : DURATION.exec(text);
  if (!m) throw new Error(`cannot parse ${goQuote(text)} to a valid duration`);
  let ns = 0;
  for (let i = 0; i < UNIT_NS.length; i++) ns += Number(m[i + 1] ?? 0) * UNIT_NS[i]!;
  if (ns >= INT64_MAX) throw new Error(`cannot parse ${goQuote(text)} to a valid duration`);
  return ns;
}

/** @throws ApiError bad_data */
export function requiredDurationNs(form: FormParams, name: string): number {
  try {
    return parseDurationNs(form.get(name));
  } catch (error) {
    throw invalidParameter(name, messageOf(error));
  }
}

/** `timeout` in ms, undefined if absent. @throws ApiError bad_data */
export function timeoutMs(form: FormParams): number | undefined {
  return form.get('timeout') === '' ? undefined : requiredDurationNs(form, 'timeout') / 1e6;
}

/** `lookback_delta` in ms; 0 (also for values that are not positive, as Prometheus) means the server's own. */
export function lookbackDeltaMs(form: FormParams): number {
  const text = form.get('lookback_delta');
  if (text === '') return 0;
  try {
    const ms = Math.trunc(parseDurationNs(text) / 1e6);
    return ms > 0 ? ms : 0;
  } catch (error) {
    throw badData(`error parsing lookback delta duration: ${messageOf(error)}`);
  }
}

/** A Go `int`. @throws Error with Go's text */
export function parseGoInt(text: string): number {
  if (!/^[+-]?\d+$/.test(text)) throw new Error(`strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`);
  const value = Number(text);
  if (Math.abs(value) >= INT64_MAX) throw new Error(`strconv.Atoi: parsing ${goQuote(text)}: value out of range`);
  return value;
}

/** What Go's ParseBool takes; undefined for anything else. */
export function parseGoBool(text: string): boolean | undefined {
  if (/^(?:1|t|T|TRUE|true|True)$/.test(text)) return true;
  return /^(?:0|f|F|FALSE|false|False)$/.test(text) ? false : undefined;
}

/** `limit`: 0 = none. @throws ApiError bad_data */
export function limitParam(form: FormParams): number {
  const text = form.get('limit');
  if (text === '') return 0;
  let limit: number;
  try {
    limit = parseGoInt(text);
  } catch (error) {
    throw invalidParameter('limit', messageOf(error));
  }
  if (limit < 0) throw invalidParameter('limit', 'limit must be non-negative');
  return limit;
}

/**
 * The `match[]` selectors, each with at least one matcher that refuses the empty string (anything less would select
 * everything). @throws ApiError bad_data, its text behind `wrap` (the endpoints differ in their prefix)
 */
export function matcherSets(form: FormParams, wrap: (reason: string) => Error, regexes: RegexBudget): Matcher[][] {
  const sets = anyMatcherSets(form, wrap, regexes);
  if (sets.some((set) => set.every((matcher) => matcher.matchesEmpty()))) {
    throw wrap('match[] must contain at least one non-empty matcher');
  }
  return sets;
}

/** The same for /federate, which may be asked for everything. */
export function anyMatcherSets(form: FormParams, wrap: (reason: string) => Error, regexes: RegexBudget): Matcher[][] {
  return form.getAll('match[]').map((text) => selector(text, wrap, regexes));
}

/** @throws ApiError bad_data, its text behind `wrap`; what the poll of `regexes` throws */
export function selector(text: string, wrap: (reason: string) => Error, regexes: RegexBudget): Matcher[] {
  try {
    return parseMetricSelector(text, { regexes });
  } catch (error) {
    if (isInputError(error)) throw wrap(error.message);
    throw error;
  }
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
