/** The Content-Type header, read as RFC 9110 has it: parameters, quotes, letter case and spaces. */
export interface MediaType {
  /** Lower case, `application/x-protobuf`. */
  readonly type: string;
  /** Names in lower case, values as sent, without quotes. */
  readonly parameters: ReadonlyMap<string, string>;
}

const TYPE = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+\/[!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:;|$)/;
const PARAMETER = /;\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s"]*))\s*/g;

/** undefined if the header is not a media type at all. */
export function parseMediaType(header: string): MediaType | undefined {
  const type = TYPE.exec(header)?.[1];
  if (type === undefined) return undefined;
  const parameters = new Map<string, string>();
  for (const [, name, quoted, plain] of header.matchAll(PARAMETER)) {
    const key = name!.toLowerCase();
    // Of a repeated parameter the first counts, so that nobody smuggles a second one past a proxy.
    if (!parameters.has(key)) parameters.set(key, quoted === undefined ? plain! : quoted.replace(/\\(.)/g, '$1'));
  }
  return { type: type.toLowerCase(), parameters };
}
