/**
 * Functions of dates, in UTC, of seconds since 1970 (the proleptic Gregorian calendar). They take any double, as Go's
 * `time.Unix(int64(x), 0)` does: fractions are cut towards zero, and what is no 64-bit integer (NaN, infinities, too
 * large) is -2^63, as on amd64. `Date` ends after 8.64e12 seconds.
 */

export type DateFunction = (seconds: number) => number;

/** By name. Without an argument they are applied to the whole seconds of the evaluation time. */
export const DATE_FUNCTIONS: Readonly<Record<string, DateFunction>> = {
  minute: (seconds) => Math.floor((split(seconds).secondOfDay % 3600) / 60),
  hour: (seconds) => Math.floor(split(seconds).secondOfDay / 3600),
  /** Sunday is 0. */
  day_of_week: (seconds) => modulo(split(seconds).day + 4, 7), // the first of January 1970 was a Thursday
  day_of_month: (seconds) => civil(seconds).dayOfMonth,
  /** From 1. */
  day_of_year: (seconds) => civil(seconds).dayOfYear,
  days_in_month: (seconds) => {
    const { year, month } = civil(seconds);
    return month === 2 && isLeap(year) ? 29 : DAYS_IN_MONTH[month - 1]!;
  },
  /** From 1. */
  month: (seconds) => civil(seconds).month,
  year: (seconds) => civil(seconds).year,
};

const DAYS_IN_MONTH = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const SECONDS_PER_DAY = 86_400;

/** Filled anew by each call: nobody keeps them. */
const instant = { day: 0, secondOfDay: 0 };
const date = { year: 0, month: 0, dayOfMonth: 0, dayOfYear: 0 };

/** Day since 1970-01-01 and second within it. */
function split(seconds: number): typeof instant {
  const whole = Math.trunc(seconds);
  if (Number.isSafeInteger(whole)) {
    instant.day = Math.floor(whole / SECONDS_PER_DAY);
    instant.secondOfDay = whole - instant.day * SECONDS_PER_DAY;
  } else {
    splitFar(whole);
  }
  return instant;
}

/**
 * Go counts days unsigned from the first of January of the year -292277022399, 730,692,556 times 400 years before the
 * year 1; the last of the 64-bit times wrap around there.
 */
const ORIGIN_DAYS = 730_692_556n * 146_097n + 719_162n;

function splitFar(whole: number): void {
  const inRange = whole >= -(2 ** 63) && whole < 2 ** 63;
  const seconds = inRange ? BigInt(whole) : -(2n ** 63n);
  const perDay = BigInt(SECONDS_PER_DAY);
  const sinceOrigin = BigInt.asUintN(64, seconds + ORIGIN_DAYS * perDay);
  instant.day = Number(sinceOrigin / perDay - ORIGIN_DAYS);
  instant.secondOfDay = Number(sinceOrigin % perDay);
}

/**
 * Year, month and day by counting from a first of March: leap days then come last in a year, every 4 years of 1,461
 * days, every 100 years less one, every 400 years plus one (146,097 days).
 */
function civil(seconds: number): typeof date {
  const fromMarch = split(seconds).day + 719_468; // 0000-03-01
  const era = Math.floor(fromMarch / 146_097);
  const dayOfEra = fromMarch - era * 146_097;
  const yearOfEra = Math.floor(
    (dayOfEra - Math.floor(dayOfEra / 1460) + Math.floor(dayOfEra / 36_524) - Math.floor(dayOfEra / 146_096)) / 365,
  );
  const dayFromMarch = dayOfEra - (365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100));
  const monthFromMarch = Math.floor((5 * dayFromMarch + 2) / 153); // months of 31, 30, 31, 30, 31 days, twice and a half
  const beforeMarch = monthFromMarch >= 10;
  date.dayOfMonth = dayFromMarch - Math.floor((153 * monthFromMarch + 2) / 5) + 1;
  date.month = beforeMarch ? monthFromMarch - 9 : monthFromMarch + 3;
  date.year = era * 400 + yearOfEra + (beforeMarch ? 1 : 0);
  date.dayOfYear = beforeMarch ? dayFromMarch - 305 : dayFromMarch + (isLeap(date.year) ? 61 : 60);
  return date;
}

function isLeap(year: number): boolean {
  return modulo(year, 4) === 0 && (modulo(year, 100) !== 0 || modulo(year, 400) === 0);
}

function modulo(a: number, b: number): number {
  return a - Math.floor(a / b) * b;
}
