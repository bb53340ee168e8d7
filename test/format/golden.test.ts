/**
 * Files that version 1 of the formats wrote are read as they were meant, by whatever code comes later. A new version of a format gets files
 * of its own beside these: GOLDEN=write npx vitest run test/format/golden.test.ts writes those that are missing.
 */
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, it } from 'vitest';
import { SampleColumns } from '../../src/model/sample-columns.js';
import { loadCodecModule, loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { OfflineStore } from '../../src/tsdb/offline-store.js';
import { openSealing } from '../support/sealing-store.js';
import { append, HOUR, labels, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';
import { nameOf, story, tell, type Story } from './sample-story.js';

const GOLDEN = fileURLToPath(new URL('golden/', import.meta.url));
const BLOCK = path.join(GOLDEN, `000002_${T0}_${T0 + 2 * HOUR}.block`);
const LOG = path.join(GOLDEN, 'version-1-log');
const stores = new Stores(openSealing);
afterAll(() => stores.closeAll());

async function write(): Promise<void> {
  const [logs, blocks] = [stores.directory(), stores.directory()];
  for (const directory of [logs, blocks]) {
    const store = await stores.openIn(directory, { options: { keepStarts: true, logSegmentBytes: 8192 } });
    await tell(store, story());
    if (directory === blocks) await append(store, [[labels('newer'), [[T0 + 9 * HOUR, 1]]]]);
    await store.db.maintain();
    await stores.close(store);
  }
  const only = (folder: string): string => path.join(folder, fs.readdirSync(folder)[0]!);
  fs.cpSync(only(path.join(logs, 'heads')), LOG, { recursive: true });
  fs.copyFileSync(only(path.join(blocks, 'blocks')), BLOCK);
}

async function read(location: string): Promise<Story> {
  const store = await OfflineStore.open(location, { kernels: loadKernelModule(), codec: loadCodecModule() });
  expect(store.notes).toEqual([]);
  const found: Story = {};
  for (const series of store.samples.select([], -8e15, 8e15)) {
    const columns = new SampleColumns();
    series.read(columns, -8e15, 8e15);
    const bits = new BigUint64Array(columns.values.buffer);
    found[sorted(nameOf(series.labels.names.map((name, i) => [name, series.labels.values[i]!])))] = Array.from(
      { length: columns.length }, (_, i) => [columns.timestamps[i]!, columns.startTimestamps?.[i] ?? 0, columns.histograms?.[i] ?? bits[i]!]);
  }
  store.close();
  return found;
}

const sorted = (name: string): string => name.replace(/\{(.+),(.+)\}/, (_, a: string, b: string) => `{${[a, b].sort().join()}}`);

it.runIf(process.env['GOLDEN'] === 'write' && !fs.existsSync(BLOCK))('writes the files', write, 60_000);

it.each([['block', BLOCK], ['log', LOG]])('the %s of version 1 is read as it was meant', async (_, location) => {
  const wanted = Object.fromEntries(Object.entries(story()).map(([name, samples]) => [sorted(name), samples]));
  expect(await read(location)).toEqual(wanted);
});
