/** Places in a query text, as messages show them. */

/**
 * `line:column`, both from 1, for an offset in UTF-16 units. The column counts bytes of the UTF-8 form, as
 * Prometheus does: clients compare these texts.
 */
export function formatPosition(text: string, offset: number): string {
  if (text === '') return 'unknown position';
  if (offset < 0 || offset > text.length) return 'invalid position';
  let line = 1;
  let column = 1;
  for (let i = 0; i < offset; i++) {
    const code = text.charCodeAt(i);
    if (code === 0x0a) {
      line++;
      column = 1;
    } else {
      column += utf8Bytes(code);
    }
  }
  return `${line}:${column}`;
}

/** Bytes that one UTF-16 unit contributes; the two halves of a pair share four. */
function utf8Bytes(code: number): number {
  if (code < 0x80) return 1;
  if (code < 0x800) return 2;
  return code >= 0xd800 && code <= 0xdfff ? 2 : 3;
}
