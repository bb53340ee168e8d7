import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openSqlite } from '../../src/io/sqlite.js';
import { CatalogueReader } from '../../src/catalogue/catalogue-reader.js';
import { DEFAULT_CATALOGUE_LIMITS } from '../../src/catalogue/catalogue-writer.js';
import { Matcher } from '../../src/model/matcher.js';
import { DEFAULT_QUEUE_LIMITS } from '../../src/threads/catalogue-queue.js';
import { MaintenanceClient } from '../../src/threads/maintenance-client.js';
import type { MaintenanceOptions } from '../../src/threads/maintenance-client.js';
import { exemplar, metadata, temporaryDirectory } from '../catalogue/fixture.js';
import { eventually } from '../support/eventually.js';
import { built } from './fixtures/built.js';

const STUBBORN = new URL('./fixtures/stubborn-maintenance-worker.mjs', import.meta.url);

let directory: string;
let client: MaintenanceClient | undefined;
let errors: string[];
beforeEach(() => {
  directory = temporaryDirectory();
});
afterEach(async () => {
  await client?.close(0);
  client = undefined;
  fs.rmSync(directory, { recursive: true, force: true });
});

const catalogueFile = (): string => path.join(directory, 'catalogue.sqlite');

async function start(options: Partial<MaintenanceOptions> = {}): Promise<MaintenanceClient> {
  errors = [];
  client = await MaintenanceClient.start({
    catalogueFile: catalogueFile(), catalogueLimits: DEFAULT_CATALOGUE_LIMITS, queueLimits: DEFAULT_QUEUE_LIMITS, batchDelayMs: 5,
    onError: (error) => errors.push(error.message), entry: built('threads/maintenance-worker.js'),
    ...options,
  });
  return client;
}

/** With a worker that does as it is told, batch by batch: write, fail, crash, silent. */
function scripted(steps: string, options: Partial<MaintenanceOptions> = {}): Promise<MaintenanceClient> {
  fs.writeFileSync(catalogueFile(), steps);
  return start({ entry: STUBBORN, ...options });
}

test('what was handed over is in the catalogue after flush', async () => {
  const target = await start({ batchDelayMs: 60_000 });
  target.metadata([metadata('up', 'help', 'gauge')]);
  target.exemplars([exemplar({ __name__: 'up' }, 5, -0, 'abc')]);
  target.rejects([{ reason: 'too_old', source: 'otlp', count: 2, example: 'up', atMs: 7 }]);
  await target.flush();
  const reader = CatalogueReader.open(catalogueFile());
  expect(reader.metadata('', 0, 0).get('up')).toEqual([metadata('up', 'help', 'gauge')]);
  const [found] = reader.exemplars([[new Matcher('=', '__name__', 'up')]], 0, 10);
  expect([found!.exemplars[0]!.labels.get('trace_id'), Object.is(found!.exemplars[0]!.value, -0)]).toEqual(['abc', true]);
  expect(reader.rejects()).toMatchObject([{ reason: 'too_old', points: 2 }]);
  reader.close();
  expect(target.stats()).toMatchObject({ queued: 0, written: { batches: 1, exemplarsStored: 1 }, dropped: { metadata: 0 } });
  await target.flush();
  expect(errors).toEqual([]);
});

test('exemplars older than asked for are removed, not every time', async () => {
  const target = await start();
  const times = (): number[] => {
    const reader = CatalogueReader.open(catalogueFile());
    const found = reader.exemplars([[]], 0, 1e9).flatMap(({ exemplars }) => exemplars.map(({ timestampMs }) => timestampMs));
    reader.close();
    return found;
  };
  target.exemplars([exemplar({ __name__: 'a' }, 100, 1), exemplar({ __name__: 'b' }, 200, 1), exemplar({ __name__: 'c' }, 1e8, 1)]);
  await target.flush();
  target.expireExemplars(150);
  await eventually('removed exemplars', () => times().length === 2);
  // Ten minutes later at the earliest; what is handed over next comes behind it.
  target.expireExemplars(250);
  target.exemplars([exemplar({ __name__: 'd' }, 5, 1)]);
  await target.flush();
  expect(times().toSorted((a, b) => a - b)).toEqual([5, 200, 1e8]);
  target.expireExemplars(700_000);
  await eventually('removed exemplars', () => times().length === 1);
  expect(errors).toEqual([]);
});

test('entries are written without flush, several in one batch', async () => {
  const target = await start({ batchDelayMs: 20 });
  for (let i = 0; i < 50; i++) target.metadata([metadata(`m${i}`, '')]);
  await eventually('a batch', () => target.stats().written.batches > 0);
  expect(target.stats()).toMatchObject({ queued: 0, written: { batches: 1 } });
});

test('many entries do not wait', async () => {
  const target = await start({ batchDelayMs: 60_000 });
  target.exemplars(Array.from({ length: 6_000 }, (_, i) => exemplar({ __name__: 'm', i: String(i % 10) }, i, i)));
  await eventually('all exemplars', () => target.stats().written.exemplarsStored === 6_000);
});

test('close writes what waits; what comes later is counted', async () => {
  const target = await start({ batchDelayMs: 60_000 });
  target.metadata([metadata('m', '')]);
  await target.close(5_000);
  target.metadata([metadata('n', '')]);
  expect(target.stats()).toMatchObject({ queued: 0, dropped: { metadata: 1 } });
  // Nothing was left in the write-ahead log.
  expect(fs.readdirSync(directory)).toEqual(['catalogue.sqlite']);
  const reader = CatalogueReader.open(catalogueFile());
  expect([...reader.metadata('', 0, 0).keys()]).toEqual(['m']);
  reader.close();
});

describe('a catalogue that cannot be opened', () => {
  test('of a newer version: the client does not start, and says why', async () => {
    openSqlite(catalogueFile()).pragma('user_version = 99');
    await expect(start()).rejects.toEqual(expect.objectContaining({ name: 'CatalogueError', code: 'newer_schema', file: catalogueFile() }));
  });

  test('in a directory that is not there', async () => {
    await expect(start({ catalogueFile: path.join(directory, 'no/such.sqlite') })).rejects.toMatchObject({ code: 'unreadable' });
  });

  test('because the thread breaks', async () => {
    // The script is missing.
    await expect(start({ entry: STUBBORN })).rejects.toThrow(/^maintenance thread stopped: ENOENT/);
  });
});

describe('a write that fails', () => {
  test('is tried again, and reported', async () => {
    const target = await scripted('fail write');
    target.metadata([metadata('m', '')]);
    await target.flush();
    expect(errors).toEqual(['catalogue write failed: disk full']);
    expect(target.stats()).toMatchObject({ failedWrites: 1, written: { batches: 1 }, dropped: { metadata: 0 } });
  });

  test('keeps no reader waiting: what could not be written is written later', async () => {
    const target = await scripted('fail fail write write');
    target.metadata([metadata('m', '')]);
    await target.flushOnce();
    expect(target.stats()).toMatchObject({ failedWrites: 1, written: { batches: 0 } });
    target.metadata([metadata('n', '')]);
    await target.flushOnce();
    expect(target.stats()).toMatchObject({ queued: 1, written: { batches: 0 } });
    await target.flush();
    expect(target.stats()).toMatchObject({ failedWrites: 2, queued: 0, written: { batches: 2 }, dropped: { metadata: 0 } });
  });

  test('because the thread ends, is tried again in another', async () => {
    const target = await scripted('crash write');
    target.metadata([metadata('m', '')]);
    await target.flush();
    expect(errors).toEqual(['maintenance thread stopped: out of luck']);
    expect(target.stats()).toMatchObject({ written: { batches: 1 } });
  });

  test('does not keep ingest waiting: the queue fills to its cap', async () => {
    const target = await scripted('silent', { queueLimits: { ...DEFAULT_QUEUE_LIMITS, maxExemplars: 3 } });
    target.exemplars([exemplar({ __name__: 'm' }, 0, 0)]);
    await eventually('a batch under way', () => target.stats().queued === 0);
    target.exemplars([1, 2, 3, 4, 5].map((t) => exemplar({ __name__: 'm' }, t, t)));
    expect(target.stats()).toMatchObject({ queued: 3, dropped: { exemplars: 2 } });
    // Neither the batch under way nor those that wait can be written in time.
    await target.close(20);
    expect(target.stats()).toMatchObject({ queued: 0, dropped: { exemplars: 6 } });
  });
});
