import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { defaultFile } from '../../src/config/default-file.js';
import { IGNORED_KEYS } from '../../src/config/ignored-keys.js';
import { KEYS } from '../../src/config/key-index.js';
import { loadConfig } from '../../src/config/load.js';
import { defaultValue, leafProblem } from '../../src/config/notation.js';
import { NARTHEX_VERSION } from '../../src/config/version.js';

const root = new URL('../../', import.meta.url);
const machine = { memoryBytes: 2 ** 32, cores: 2 };

describe('schema', () => {
  it.each([...KEYS.values()])('$path: default allowed, meaning and reason are sentences', ({ leaf }) => {
    expect(leafProblem(leaf, defaultValue(leaf))).toBeUndefined();
    for (const sentence of [leaf.about, leaf.why]) expect(sentence).toMatch(/^\S.*[.)]$/);
  });

  it('variables are unique although dots and underscores look alike there', () => {
    expect(new Set([...KEYS.values()].map(({ variable }) => variable)).size).toBe(KEYS.size);
  });

  it('no key is both known and without effect', () => {
    for (const path of Object.keys(IGNORED_KEYS)) expect(KEYS.has(path), path).toBe(false);
  });

  it('the version is that of the package', () => {
    const { version } = JSON.parse(fs.readFileSync(new URL('package.json', root), 'utf8')) as { version: string };
    expect(NARTHEX_VERSION).toBe(version);
  });
});

describe('config/default.yaml', () => {
  it('is up to date (else: npm run build && node dist/tools/default-config.js)', () => {
    expect(fs.readFileSync(new URL('config/default.yaml', root), 'utf8')).toBe(defaultFile());
  });

  it('is a valid file, holds every key, and changes nothing', () => {
    const withFile = loadConfig(['--config.file=x'], {}, () => defaultFile(), machine);
    expect([...withFile.sources.keys()]).toEqual([...KEYS.keys()]);
    expect(withFile.warnings).toEqual([]);
    const without = loadConfig([], {}, () => '', machine);
    expect(withFile.config).toEqual(without.config);
  });
});
