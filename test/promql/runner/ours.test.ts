/** Our own scripts, with names kept until the end (as upstream's runner does) and without. */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createMemoryStorage } from '../../../src/tools/conformance/memory-script-storage.js';
import { SCRIPT_ENGINE, runScript } from '../../../src/tools/conformance/runner.js';

const folder = path.join(import.meta.dirname, '../testdata/ours');
const files = fs.readdirSync(folder).filter((name) => name.endsWith('.test'));

describe.each([true, false])('our scripts, delayed name removal %s', (enableDelayedNameRemoval) => {
  test.each(files)('%s', (file) => {
    const text = fs.readFileSync(path.join(folder, file), 'utf8');
    const { total, failures } = runScript(text, createMemoryStorage, { ...SCRIPT_ENGINE, enableDelayedNameRemoval });
    expect(failures.map(({ line, query, mode, message }) => `${file}:${line} ${query} (${mode}): ${message}`)).toEqual([]);
    expect(total).toBeGreaterThan(4);
  });
});
