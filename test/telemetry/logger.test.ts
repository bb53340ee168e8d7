import { describe, expect, it } from 'vitest';
import { createLogger } from '../../src/telemetry/logger.js';

function lines(format: 'logfmt' | 'json', log: (logger: ReturnType<typeof createLogger>) => void): string[] {
  const written: string[] = [];
  log(createLogger({ level: 'info', format }, (line) => written.push(line)));
  return written.map((line) => line.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/, 'T'));
}

describe('logger', () => {
  it.each([
    ['plain', (l: ReturnType<typeof createLogger>) => l.info('ready'), 'time=T level=INFO msg=ready\n'],
    ['fields', (l: ReturnType<typeof createLogger>) => l.warn({ path: 'a b', n: 3, empty: '', eq: 'a=b' }, 'two words'),
      'time=T level=WARN msg="two words" path="a b" n=3 empty="" eq="a=b"\n'],
    ['nested', (l: ReturnType<typeof createLogger>) => l.error({ a: { b: { c: 1 } }, list: [1, 'x y'] }, 'm'),
      'time=T level=ERROR msg=m a.b.c=1 list="[1,\\"x y\\"]"\n'],
    ['line feeds', (l: ReturnType<typeof createLogger>) => l.info('a\nb'), 'time=T level=INFO msg="a\\nb"\n'],
  ])('logfmt, %s', (_, log, expected) => expect(lines('logfmt', log)).toEqual([expected]));

  it('json', () => {
    const [line] = lines('json', (l) => l.info({ n: 3 }, 'ready'));
    expect(JSON.parse(line ?? '')).toEqual({ level: 'INFO', time: 'T', n: 3, msg: 'ready' });
  });

  it('errors keep message, code and stack, on one line', () => {
    const [line] = lines('logfmt', (l) => l.error({ err: Object.assign(new Error('no space'), { code: 'ENOSPC' }) }, 'failed'));
    expect(line).toMatch(/^time=T level=ERROR msg=failed err\.type=Error err\.message="no space" err\.stack="Error: no space\\n.*err\.code=ENOSPC\n$/);
  });

  it('is quiet below its level', () => {
    expect(lines('logfmt', (l) => l.debug('x'))).toEqual([]);
  });
});
