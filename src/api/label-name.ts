/**
 * Label names in URL paths: names that are not plain identifiers come in the "value encoding" escape of Prometheus,
 * `U__k8s_2e_pod` for `k8s.pod` (prometheus/common, model/metric.go: UnescapeName).
 */
const ESCAPE_PREFIX = 'U__';
const CODE_DIGITS_MAX = 6;

/** The name itself; a text that only looks like an escape is returned as it is. */
export function unescapeLabelName(text: string): string {
  if (!text.startsWith(ESCAPE_PREFIX)) return text;
  let out = '';
  let i = ESCAPE_PREFIX.length;
  while (i < text.length) {
    if (text[i] !== '_') {
      out += text[i++];
      continue;
    }
    if (text[i + 1] === '_') {
      out += '_';
      i += 2;
      continue;
    }
    const end = text.indexOf('_', i + 1);
    const digits = end < 0 ? '' : text.slice(i + 1, end);
    if (digits.length > CODE_DIGITS_MAX || !/^[0-9a-fA-F]+$/.test(digits)) return text;
    const point = Number.parseInt(digits, 16);
    if (point > 0x10ffff || (point >= 0xd800 && point < 0xe000)) return text;
    out += String.fromCodePoint(point);
    i = end + 1;
  }
  return out;
}

/** Prometheus takes every nonempty UTF-8 text. U+FFFD is what decoding leaves of bytes that are not UTF-8. */
export function isLabelName(name: string): boolean {
  return name !== '' && !name.includes('\ufffd');
}
