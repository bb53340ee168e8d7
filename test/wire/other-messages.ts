/** OTLP requests of signals that the server has no message types for, put together by hand. */

/** A length-delimited field. */
export function field(number: number, content: Uint8Array | string): Buffer {
  const bytes = Buffer.from(content);
  if (bytes.length > 127) throw new Error('too long for a test');
  return Buffer.concat([Buffer.from([number * 8 + 2, bytes.length]), bytes]);
}
const fixed64 = (number: number): Buffer => Buffer.concat([Buffer.from([number * 8 + 1]), Buffer.alloc(8, 7)]);
export const join = (...parts: Buffer[]): Buffer => Buffer.concat(parts);

/** resource with one attribute, scope, record. */
export function exportRequest(record: Buffer): Buffer {
  const resource = field(1, field(1, join(field(1, 'service.name'), field(2, field(1, 'shop')))));
  return field(1, join(resource, field(2, join(field(1, field(1, 'scope')), field(2, record)))));
}
export const SPAN = join(field(1, Buffer.alloc(16, 0xc3)), field(2, Buffer.alloc(8, 1)), field(5, 'GET /'), fixed64(7), fixed64(8));
export const LOG = join(fixed64(1), field(3, 'INFO'), field(5, field(1, 'hello')));
