/** Names and numbers in the Prometheus text exposition format (prometheus/common, expfmt and model/metric.go). */

/**
 * What happens to names with other than the classic characters. `underscores`: each becomes `_`; `dots`: `_dot_` for a dot, `__` for
 * the rest; `values`: `U__` and the code points, which can be read back (`label-name.ts`); `allow-utf-8`: quoted.
 */
const NAME_ESCAPINGS = ['underscores', 'dots', 'values', 'allow-utf-8'] as const;
export type NameEscaping = (typeof NAME_ESCAPINGS)[number];

export function isNameEscaping(text: string | undefined): text is NameEscaping {
  return NAME_ESCAPINGS.some((one) => one === text);
}

const CLASSIC_METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const CLASSIC_LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** With `allow-utf-8` a name that needs quotes comes back with them, to be put inside the braces. */
export function escapeMetricName(name: string, escaping: NameEscaping): string {
  return CLASSIC_METRIC_NAME.test(name) ? name : escaped(name, escaping, true);
}

export function escapeLabelName(name: string, escaping: NameEscaping): string {
  return CLASSIC_LABEL_NAME.test(name) ? name : escaped(name, escaping, false);
}

export function quoteLabelValue(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

/** Go's shortest `%g`: an exponent (of at least two digits) below -4 and from 6 on: `100000`, `1e+06`, `1.5e-05`. */
export function expositionFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  // Of -0 the sign is lost here, as in Prometheus.
  if (value === 0) return '0';
  const text = value.toExponential();
  const e = text.indexOf('e');
  const exponent = Number(text.slice(e + 1));
  if (exponent >= -4 && exponent < 6) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${text.slice(0, e)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function escaped(name: string, escaping: NameEscaping, colons: boolean): string {
  if (escaping === 'allow-utf-8') return quoteLabelValue(name);
  let out = escaping === 'values' ? 'U__' : '';
  let first = true;
  // Character by character, not byte by byte. A leading digit is not legal.
  for (const char of name) {
    const legal = /[a-zA-Z_]/.test(char) || (colons && char === ':') || (!first && /[0-9]/.test(char));
    first = false;
    if (char === '_' && escaping !== 'underscores') out += '__';
    else if (legal) out += char;
    else if (escaping === 'values') out += `_${char.codePointAt(0)!.toString(16)}_`;
    else if (escaping === 'dots') out += char === '.' ? '_dot_' : '__';
    else out += '_';
  }
  return out;
}
