/** Numbers as Go writes them, where they become label values or parts of messages. */

/** Go's `%g` and `strconv.FormatFloat(v, 'g', -1, 64)`: shortest digits, an exponent below 1e-4 and from 1e6 on
 * (`exponentFrom`: the precision, where one is given). */
export function formatG(value: number, exponentFrom = 6): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const [mantissa, exponentText] = value.toExponential().split('e') as [string, string];
  const exponent = Number(exponentText);
  return exponent >= -4 && exponent < exponentFrom ? formatF(value) : goExponent(mantissa, exponent);
}

/** Go's `%.2g`. */
export function formatTwoDigits(value: number): string {
  return formatG(Number(value.toPrecision(2)), 2);
}

/** `strconv.FormatFloat(v, 'f', -1, 64)`: shortest digits, never an exponent. */
export function formatF(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined) return special;
  const text = String(value);
  return text.includes('e') ? expand(text) : text;
}

/** Go's `%f`: six decimals, all digits before the point. */
export function formatSixDecimals(value: number): string {
  const special = formatSpecial(value);
  if (special !== undefined && value !== 0) return special;
  return Math.abs(value) < 1e21 ? value.toFixed(6) : `${BigInt(value)}.000000`;
}

/** A quantile as a label value, in the OpenMetrics form: `1.0`, `0.25`, `+Inf`. */
export function formatOpenMetrics(value: number): string {
  const text = formatG(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function formatSpecial(value: number): string | undefined {
  if (value !== value) return 'NaN';
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  return Object.is(value, -0) ? '-0' : undefined;
}

function goExponent(mantissa: string, exponent: number): string {
  const size = String(Math.abs(exponent)).padStart(2, '0');
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${size}`;
}

/** `1.5e+22` -> `15000000000000000000000`. */
function expand(text: string): string {
  const [mantissaText, exponentText] = text.split('e') as [string, string];
  const exponent = Number(exponentText);
  const sign = mantissaText.startsWith('-') ? '-' : '';
  const [whole, fraction = ''] = mantissaText.replace('-', '').split('.') as [string, string?];
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${'0'.repeat(-point)}${digits}`;
  return sign + (point >= digits.length ? digits + '0'.repeat(point - digits.length) : `${digits.slice(0, point)}.${digits.slice(point)}`);
}
