/** The server's log: pino, one line a message on standard error, in the two formats of Prometheus. */
import { destination, pino, type Logger } from 'pino';

export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'logfmt' | 'json';
}

const STDERR = 2;

/** @param write where lines go, each with its line feed; standard error by default, written at once so that a crash loses none */
export function createLogger(options: LoggerOptions, write?: (line: string) => void): Logger {
  const out = write ? { write } : destination({ fd: STDERR, sync: true });
  const stream = options.format === 'json' ? out : { write: (line: string) => void out.write(logfmtLine(line)) };
  return pino({
    level: options.level,
    // No pid and host name: whoever collects logs adds where they come from.
    base: null,
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
    formatters: { level: (label) => ({ level: label.toUpperCase() }) },
  }, stream);
}

/** One line of pino's JSON as `time=… level=INFO msg="…" key=value`. */
function logfmtLine(json: string): string {
  const { time, level, msg, ...rest } = JSON.parse(json) as Record<string, unknown>;
  const pairs = [pair('time', time), pair('level', level), pair('msg', msg ?? '')];
  for (const [key, value] of Object.entries(rest)) pairs.push(...flatPairs(key, value, 0));
  return `${pairs.join(' ')}\n`;
}

/** Objects become `key.inner=value`; deeper than three levels they stay JSON. */
function flatPairs(key: string, value: unknown, depth: number): string[] {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || depth >= 3) return [pair(key, value)];
  return Object.entries(value).flatMap(([inner, v]) => flatPairs(`${key}.${inner}`, v, depth + 1));
}

function pair(key: string, value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  // Quoted whenever a reader could mistake where the value ends; line feeds of stack traces are escaped by the same rule.
  // oxlint-disable-next-line no-control-regex
  return `${key}=${text === '' || /[\s="\\\u0000-\u001f]/.test(text) ? JSON.stringify(text) : text}`;
}
