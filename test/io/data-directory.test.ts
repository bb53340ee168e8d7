import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { prepareDataDirectory } from '../../src/io/data-directory.js';

const root = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-directory-'));
afterAll(() => fs.rmSync(root, { recursive: true, force: true }));

describe('the data directory', () => {
  it('is made with its parents', () => {
    const directory = path.join(root, 'a', 'b');
    prepareDataDirectory(directory);
    prepareDataDirectory(directory);
    expect(fs.statSync(directory).isDirectory()).toBe(true);
  });

  it('that is a file, or below one, is named', () => {
    const file = path.join(root, 'file');
    fs.writeFileSync(file, '');
    expect(() => prepareDataDirectory(file)).toThrow(`${file} (storage.tsdb.path) cannot be used: it, or something on the way to it, is a file`);
    expect(() => prepareDataDirectory(path.join(file, 'below'))).toThrow(/is a file and not a directory/);
  });

  // Root may write everywhere.
  it.skipIf(process.getuid?.() === 0)('that may not be written says who may not', () => {
    const closed = path.join(root, 'closed');
    fs.mkdirSync(closed, { mode: 0o555 });
    expect(() => prepareDataDirectory(closed)).toThrow(/user \d+ may not write there/);
    expect(() => prepareDataDirectory(path.join(closed, 'below'))).toThrow(/user \d+ may not write there/);
  });
});
