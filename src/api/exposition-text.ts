/** Names and numbers in the Prometheus text exposition format (prometheus/common, expfmt and model/metric.go). */

/** `underscores`: what is not legal in classic names becomes `_`; `allow-utf-8`: such names are quoted instead. */
export type NameEscaping = 'underscores' | 'allow-utf-8';

const CLASSIC_METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const CLASSIC_LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

/** With `allow-utf-8` a name that needs quotes comes back with them, to be put inside the braces. */
export function escapeMetricName(name: string, escaping: NameEscaping): string {
  if (CLASSIC_METRIC_NAME.test(name)) return name;
  return escaping === 'allow-utf-8' ? quoteLabelValue(name) : underscoredMetric(name);
}

export function escapeLabelName(name: string, escaping: NameEscaping): string {
  if (CLASSIC_LABEL_NAME.test(name)) return name;
  return escaping === 'allow-utf-8' ? quoteLabelValue(name) : underscoredLabel(name);
}

/** A name of the classic characters, never quoted: what protobuf has for clients that know no others. */
export function underscoredMetric(name: string): string {
  return CLASSIC_METRIC_NAME.test(name) ? name : underscored(name, true);
}

export function underscoredLabel(name: string): string {
  return CLASSIC_LABEL_NAME.test(name) ? name : underscored(name, false);
}

export function quoteLabelValue(value: string): string {
  return `"${value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')}"`;
}

/** Go's shortest `%g`: an exponent (of at least two digits) below -4 and from 6 on: `100000`, `1e+06`, `1.5e-05`. */
export function expositionFloat(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf';
  if (value === 0) return Object.is(value, -0) ? '-0' : '0';
  const text = value.toExponential();
  const e = text.indexOf('e');
  const exponent = Number(text.slice(e + 1));
  if (exponent >= -4 && exponent < 6) return String(value);
  const sign = exponent < 0 ? '-' : '+';
  return `${text.slice(0, e)}e${sign}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

/** One underscore for each character, not for each byte; a leading digit is replaced too. */
function underscored(name: string, colons: boolean): string {
  let out = '';
  for (const char of name) {
    const legal = /[a-zA-Z_]/.test(char) || (colons && char === ':') || (out !== '' && /[0-9]/.test(char));
    out += legal ? char : '_';
  }
  return out;
}
