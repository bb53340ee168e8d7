/** What Prometheus' own tool writes comes in, and it reads what goes out. Needs PROMTOOL_BIN. */
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { tempDirectory } from '../support/store-fixture.js';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const PROMTOOL = process.env['PROMTOOL_BIN'];
const folder = tempDirectory();
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }));

function run(program: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', maxBuffer: 1 << 28 });
  expect([status, stderr.split('\n').filter((line) => line.startsWith('narthex'))], stderr).toEqual([0, []]);
  return stdout;
}

const narthex = (...args: string[]): string => run(process.execPath, MAIN, ...args);
const promtool = (...args: string[]): string => run(PROMTOOL!, 'tsdb', ...args);

/** Blocks as a Prometheus has them; it wants a log beside them. */
function prometheusBlocks(name: string, text: string): string {
  const [file, directory] = [path.join(folder, `${name}.om`), path.join(folder, name)];
  fs.writeFileSync(file, text);
  promtool('create-blocks-from', 'openmetrics', file, directory);
  fs.mkdirSync(path.join(directory, 'wal'));
  return directory;
}

const TEXT = [
  '# HELP http_requests Requests "so \\\\ far".', '# TYPE http_requests counter',
  ...Array.from({ length: 500 }, (_, i) => `http_requests_total{code="200",path="/a\\"b\\n"} ${i * 7} ${1_700_000_000 + i * 15}.${i % 10}`),
  '# TYPE temp_celsius gauge', '# UNIT temp_celsius celsius', 'temp_celsius -3.5e-09 1700000000.123', 'temp_celsius NaN 1700000001',
  'temp_celsius -Inf 1700000002', '# TYPE "utf8.name" gauge', '{"utf8.name","a.b"="ü"} 5 1700000000', '# EOF', '',
].join('\n');

describe.skipIf(PROMTOOL === undefined)('promtool', () => {
  it('tsdb dump, dump-openmetrics and create-blocks-from speak of the same samples', () => {
    const prometheus = prometheusBlocks('first', TEXT);
    const dumps = { openmetrics: promtool('dump-openmetrics', prometheus), promtool: promtool('dump', prometheus), text: TEXT };
    const seen = Object.entries(dumps).map(([name, text]) => {
      const [file, data] = [path.join(folder, `${name}.txt`), path.join(folder, `from-${name}`)];
      fs.writeFileSync(file, text);
      narthex('import', '--format', name === 'promtool' ? 'promtool' : 'openmetrics', '--path', data, file);
      return narthex('dump', data).split('\n').filter((line) => !line.startsWith('{"metadata"'));
    });
    expect(seen[0]!.length).toBe(4);
    expect(seen[1]).toEqual(seen[0]);
    expect(seen[2]).toEqual(seen[0]);
    const again = prometheusBlocks('again', narthex('dump', '--format', 'openmetrics', path.join(folder, 'from-text')));
    expect(promtool('dump', again)).toBe(dumps.promtool);
  });
});
