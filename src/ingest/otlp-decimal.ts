/**
 * The shortest decimal that reads back as the same double, never with an exponent: the text of `le` and `quantile`
 * (Go's `strconv.FormatFloat(x, 'f', -1, 64)`; JavaScript's own text has exponents from 1e21 and below 1e-6).
 */
export function decimalText(value: number): string {
  if (value === Infinity) return '+Inf';
  if (value === -Infinity) return '-Inf';
  if (Object.is(value, -0)) return '-0';
  const text = String(value);
  const e = text.indexOf('e');
  if (e < 0) return text;
  const negative = text.startsWith('-');
  const [whole, fraction = ''] = text.slice(negative ? 1 : 0, e).split('.');
  const digits = whole! + fraction;
  // Where the decimal point stands, counted from the first digit.
  const point = whole!.length + Number(text.slice(e + 1));
  const plain = point <= 0 ? `0.${'0'.repeat(-point)}${digits}` : digits.padEnd(point, '0');
  return negative ? `-${plain}` : plain;
}
