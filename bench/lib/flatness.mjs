// Whether a figure that is taken once an hour stays where it is. The first hours are left out: caches fill up to their caps.

const FIRST_HOUR = 6;
/** Hours that are compared at either end. */
const SPAN = 6;
/** Rise of the line in an hour, as a part of the mean. */
const RISE_MAX = 0.01;
const LATE_TO_EARLY_MAX = 1.1;

/**
 * @param {readonly number[]} hourly one figure for each hour, the first for hour 1
 * @returns {{ risePerHour: number, lateToEarly: number, isFlat: boolean } | undefined} rise of the line of least squares through hours 6
 *   to the last, as a part of its mean; the highest of the last six hours divided by the highest of hours 6 to 12; undefined if there
 *   are fewer than 18 hours
 */
export function flatness(hourly) {
  if (hourly.length < FIRST_HOUR + 2 * SPAN) return undefined;
  const hours = hourly.slice(FIRST_HOUR - 1);
  const mean = hours.reduce((sum, value) => sum + value, 0) / hours.length;
  const middle = (hours.length - 1) / 2;
  let slope = 0;
  let squares = 0;
  hours.forEach((value, i) => {
    slope += (i - middle) * (value - mean);
    squares += (i - middle) ** 2;
  });
  const risePerHour = slope / squares / mean;
  const lateToEarly = Math.max(...hours.slice(-SPAN)) / Math.max(...hours.slice(0, SPAN + 1));
  return { risePerHour, lateToEarly, isFlat: risePerHour < RISE_MAX && lateToEarly <= LATE_TO_EARLY_MAX };
}
