/** The build's scripts: what V8 compiled of them is taken at a start, and their stack traces can be read. */
import { execFile } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import v8 from 'node:v8';
import { describe, expect, it } from 'vitest';
import { collectGarbage } from '../../src/threads/collect-garbage.js';
import { built } from '../threads/fixtures/built.js';

const run = promisify(execFile);
const folder = fileURLToPath(new URL('bundle/', built('main.js')));

/** Whether V8 takes the cache of each script; a process of its own, because it depends on flags. */
const JUDGE = `
  const fs = require('node:fs'), path = require('node:path'), v8 = require('node:v8'), vm = require('node:vm');
  const [folder, ...names] = process.argv.slice(1);
  // As the script that loads them does.
  v8.setFlagsFromString('--max-semi-space-size=0');
  const taken = (name) => {
    const cachedData = fs.readFileSync(path.join(folder, name + '.' + v8.cachedDataVersionTag() + '.cache'));
    return !new vm.Script(fs.readFileSync(path.join(folder, name + '.cjs'), 'latin1'), { cachedData }).cachedDataRejected;
  };
  console.log(JSON.stringify(names.map((name) => [name, taken(name)])));
`;

describe('code caches', () => {
  it.each([[[]], [['--max-semi-space-size=64']]])('are taken by a node with the flags %j', async (flags) => {
    const names = ['main', 'query-worker', 'maintenance-worker'];
    const { stdout } = await run(process.execPath, [...flags, '-e', JUDGE, folder, ...names]);
    expect(JSON.parse(stdout)).toEqual(names.map((name) => [name, true]));
  });

  it('are taken by threads that start after a garbage collection was asked for', () => {
    const before = v8.cachedDataVersionTag();
    collectGarbage();
    expect(v8.cachedDataVersionTag()).toBe(before);
  });
});

it('a script is ASCII: it is read as Latin 1', () => {
  for (const name of fs.readdirSync(folder).filter((file) => file.endsWith('.cjs'))) {
    const bytes = fs.readFileSync(path.join(folder, name));
    expect(bytes.findIndex((byte) => byte > 127), name).toBe(-1);
  }
});

it('with --enable-source-maps a stack trace names lines of the sources', async () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-stack-'));
  const file = path.join(directory, 'file');
  fs.writeFileSync(file, '');
  try {
    const flags = ['--enable-source-maps', fileURLToPath(built('main.js')), `--storage.tsdb.path=${file}`, '--web.listen-address=127.0.0.1:0', '--log.level=debug'];
    const { stderr } = await run(process.execPath, flags).catch((failure: { stderr: string }) => failure);
    expect(stderr).toMatch(/at prepareDataDirectory \(\S*src\/io\/data-directory\.ts:\d+:\d+\)/);
  } finally {
    fs.rmSync(directory, { recursive: true });
  }
});
