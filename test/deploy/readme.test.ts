/** What README tells users to type must be there and be well-formed. */
import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse, parseDocument } from 'yaml';
import { loadConfig } from '../../src/config/load.js';

const root = new URL('../../', import.meta.url);
const text = (file: string) => fs.readFileSync(new URL(file, root), 'utf8');
const readme = text('README.md');

/** Fenced blocks of one language, with the line that they start at. */
const blocks = (language: string) => [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'gm'))].map((match) => ({
  line: readme.slice(0, match.index).split('\n').length, body: match[1] ?? '',
}));

const OURS = /http:\/\/localhost:9090(\/[^\s"'`]*)?/g;
const ROUTES = new Set([
  undefined, '/api/v1/write', '/api/v1/otlp', '/api/v1/otlp/v1/metrics',
  ...['delete_series', 'clean_tombstones', 'flush', 'snapshot'].map((name) => `/api/v1/admin/tsdb/${name}`),
  ...['profile', 'heap'].map((name) => `/debug/pprof/${name}`),
]);

describe('README', () => {
  const links = [...readme.matchAll(/\]\((?!https?:|#)([^)]+)\)/g)].map((match) => match[1] ?? '');
  const paths = [...readme.matchAll(/`((?:config|src|test|proto|migrations|bench)\/[\w./-]+)`/g)].map((match) => match[1] ?? '');
  it.each([...new Set([...links, ...paths])])('%s is there', (target) => expect(fs.existsSync(new URL(target, root))).toBe(true));

  it('names keys that exist', () => {
    const known = text('config/default.yaml');
    for (const [, key = ''] of readme.matchAll(/`((?:global|otlp|storage|wal|query|limits|web|log)\.[a-z_.]+)`/g)) {
      expect(known, key).toContain(`NARTHEX_${key.replaceAll('.', '_').toUpperCase()}`);
    }
  });

  it('sends and asks only where there are routes', () => {
    for (const [url, route] of readme.matchAll(OURS)) expect(ROUTES.has(route?.split('?')[0]), url).toBe(true);
  });

  it('its commands are scripts of the package', () => {
    const { scripts } = JSON.parse(text('package.json')) as { scripts: Record<string, string> };
    for (const [, name = ''] of readme.matchAll(/^npm (?:run )?(start|test|[\w:]+)\b(?! install)/gm)) expect(Object.keys(scripts)).toContain(name);
  });

  it.each(blocks('yaml'))('the YAML at line $line is well-formed, and pipelines use what is defined', ({ body }) => {
    expect(parseDocument(body).errors).toEqual([]);
    const config = parse(body) as { service?: { pipelines: Record<string, Record<string, string[]>> }; [kind: string]: unknown };
    for (const pipeline of Object.values(config.service?.pipelines ?? {})) {
      for (const [kind, names] of Object.entries(pipeline)) expect(Object.keys(config[kind] as object)).toEqual(names);
    }
  });

  it.each(blocks('yaml').filter(({ body }) => /^(scrape_configs|remote_write):/m.test(body)))('the prometheus.yml at line $line starts narthex too', ({ body }) => {
    expect(loadConfig([], {}, () => body).warnings.every((line) => line.includes('has no effect'))).toBe(true);
  });

  it.each(blocks('js'))('the JavaScript at line $line imports what the packages export', async ({ body }) => {
    for (const [, names = '', specifier = ''] of body.matchAll(/import \{ ([^}]+) \} from '([^']+)'/g)) {
      const exported = Object.keys((await import(specifier)) as object);
      for (const name of names.split(', ')) expect(exported).toContain(name);
    }
  });
});
