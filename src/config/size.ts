/**
 * Byte sizes: `512MB`, `2GiB`, `1.5GB`. All units are powers of two, with or without the `i`, because Prometheus reads
 * `--storage.tsdb.retention.size=512MB` as 512 * 2^20. A unit is required (except for 0): a bare number would leave open
 * whether bytes or megabytes were meant.
 */

const PREFIXES = ['', 'K', 'M', 'G', 'T', 'P', 'E'] as const;
const PATTERN = /^(\d+(?:\.\d+)?)(?:([KMGTPE])i?)?B$/;

/** @returns bytes, a whole number. @throws SyntaxError */
export function parseSize(text: string): number {
  if (text === '0') return 0;
  const match = PATTERN.exec(text);
  if (!match) throw new SyntaxError(`not a valid size: "${text}" (a number and a unit are needed, for example 512MB or 2GiB)`);
  const power = PREFIXES.indexOf((match[2] ?? '') as (typeof PREFIXES)[number]);
  const bytes = Math.round(Number(match[1]) * 1024 ** power);
  if (!Number.isSafeInteger(bytes)) throw new SyntaxError(`size out of range: "${text}"`);
  return bytes;
}

/** The largest unit that divides without rest: 536_870_912 -> `512MiB`. */
export function formatSize(bytes: number): string {
  let power = 0;
  let rest = bytes;
  while (rest > 0 && rest % 1024 === 0 && power < PREFIXES.length - 1) {
    rest /= 1024;
    power++;
  }
  return power === 0 ? `${rest}B` : `${rest}${PREFIXES[power]!}iB`;
}
