/** Our own scripts over all storages, with names kept until the end (as upstream's runner does) and without. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createBlockStorage } from '../../../src/tools/conformance/block-script-storage.js';
import { createHeadStorage } from '../../../src/tools/conformance/head-script-storage.js';
import { createMemoryStorage } from '../../../src/tools/conformance/memory-script-storage.js';
import { SCRIPT_ENGINE, runScript } from '../../../src/tools/conformance/runner.js';

const folder = path.join(import.meta.dirname, '../testdata/ours');
const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test'));

const storages = [['memory', createMemoryStorage], ['heads', createHeadStorage], ['blocks', createBlockStorage]] as const;
const variants = storages.flatMap(([name, create]) => [true, false].map((delayed) => [name, delayed, create] as const));

describe.each(variants)('our scripts over storage "%s", delayed name removal %s', (_, enableDelayedNameRemoval, createStorage) => {
  test.each(files)('%s', (file) => {
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    const { total, failures } = runScript(text, createStorage, { ...SCRIPT_ENGINE, enableDelayedNameRemoval });
    expect(failures.map(({ line, query, mode, message }) => `${file}:${line} ${query} (${mode}): ${message}`)).toEqual([]);
    expect(total).toBeGreaterThan(4);
  });
});
