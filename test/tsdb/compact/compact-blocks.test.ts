/** Several blocks into one: everything that was in any of them, and nothing else. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { openSqlite } from '../../../src/io/sqlite.js';
import { NodeDisk } from '../../../src/io/node-disk.js';
import { SampleColumns } from '../../../src/model/sample-columns.js';
import { MemoryStorage } from '../../../src/tools/conformance/memory-storage.js';
import { BlockError } from '../../../src/tsdb/block/block-error.js';
import { BlockDeletions } from '../../../src/tsdb/block/block-deletions.js';
import { BlockReader } from '../../../src/tsdb/block/block-reader.js';
import { QueryableSource } from '../../../src/tsdb/block/block-source.js';
import { writeBlock } from '../../../src/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../../src/tsdb/block/column-codec.js';
import { PageCache } from '../../../src/tsdb/block/page-cache.js';
import { compactBlocks } from '../../../src/tsdb/compact/compact-blocks.js';
import { loadCodecModule } from '../../../src/tsdb/kernel-loader.js';
import { Random } from '../../support/random.js';
import { HOUR, labels, T0, tempDirectory } from '../../support/store-fixture.js';

const codecModule = loadCodecModule();
const codec = new ColumnCodec(codecModule);
const disk = new NodeDisk();
const directory = tempDirectory();
afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));
let files = 0;
const newFile = (): string => path.join(directory, `${++files}.block`);

function blockOf(storage: MemoryStorage, mint: number, maxt: number): string {
  const file = newFile();
  writeBlock(disk, file, { mint, maxt, heads: [files], parents: [], level: 0 }, new QueryableSource(storage, mint, maxt - 1), codec);
  return file;
}

function compact(parents: readonly string[], file = newFile()): string {
  const header = { mint: T0, maxt: T0 + 6 * HOUR, heads: [1], parents: [1, 2], level: 1 };
  compactBlocks(disk, { codec: codecModule, parents: parents.map((parent) => ({ file: parent })), header, file });
  return file;
}

/** `labels: t=v t=v …` of each series, in the order of the block. */
function contentOf(file: string): string[] {
  const block = BlockReader.open(file, { codec, cache: new PageCache(1 << 22) });
  const columns = new SampleColumns();
  const lines = block.select([], -8e15, 8e15).map((series) => {
    columns.clear();
    series.read(columns, -8e15, 8e15);
    return `${series.labels.toString()}: ${Array.from({ length: columns.length }, (_, i) => `${columns.timestamps[i]! - T0}=${columns.values[i]!}`).join(' ')}`;
  });
  block.close();
  return lines;
}

const up = (job: string) => labels('up', { job });
const sample = (t: number, value: number) => ({ timestampMs: T0 + t, value, startMs: 0 });

describe('compacted blocks', () => {
  it('keep the sample of the block named first where several have one', () => {
    const [a, b] = [new MemoryStorage(), new MemoryStorage()];
    a.append(up('x'), [sample(0, 1), sample(2000, 3)]);
    b.append(up('x'), [sample(0, 10), sample(1000, 20), sample(2000, 30), sample(3000, 40)]);
    b.append(up('y'), [sample(5, 5)]);
    const [fileA, fileB] = [blockOf(a, T0, T0 + HOUR), blockOf(b, T0, T0 + HOUR)];
    expect(contentOf(compact([fileA, fileB]))).toEqual(['up{job="x"}: 0=1 1000=20 2000=3 3000=40', 'up{job="y"}: 5=5']);
    expect(contentOf(compact([fileB, fileA]))).toEqual(['up{job="x"}: 0=10 1000=20 2000=30 3000=40', 'up{job="y"}: 5=5']);
  });

  it('of any series are what one block of everything is', () => {
    const random = new Random(3);
    for (let round = 0; round < 12; round++) {
      const all = new MemoryStorage();
      const parts = Array.from({ length: 1 + random.below(4) }, () => new MemoryStorage());
      for (let n = 0; n < 400; n++) {
        // Names around __name__, metrics with and without labels, labels without a metric, values whose order in UTF-16 is another one.
        const set: Record<string, string> = {};
        for (const name of ['__name__', 'A', 'a', 'é', 'zone']) if (random.below(2) === 0) set[name] = random.pick(['', 'x', 'y', '\u{10000}', '\uffee', `n${random.below(200)}`]);
        const series = labels('', set);
        if (series.length === 0) continue;
        const part = random.below(parts.length);
        const samples = Array.from({ length: 1 + random.below(5) }, () => random.below(1e6)).sort((x, y) => x - y)
          .filter((t, i, list) => t !== list[i - 1]).map((t) => sample(t * 16 + part, t / 4));
        parts[part]!.append(series, samples);
        all.append(series, samples);
      }
      const wanted = contentOf(blockOf(all, T0, T0 + 6 * HOUR));
      expect(contentOf(compact(parts.map((part) => blockOf(part, T0, T0 + 6 * HOUR))))).toEqual(wanted);
    }
  });

  it('have chunks and pages as long as the format allows, and columns of times once', () => {
    const parts = Array.from({ length: 6 }, (_, k) => {
      const storage = new MemoryStorage();
      for (let i = 0; i < 300; i++) storage.append(labels('m', { i: String(i) }), Array.from({ length: 480 }, (__, j) => sample((k * 480 + j) * 7500, Math.sqrt(i * 31 + j))));
      return blockOf(storage, T0 + k * HOUR, T0 + (k + 1) * HOUR);
    });
    const file = compact(parts);
    const block = BlockReader.open(file, { codec, cache: new PageCache(1 << 20) });
    expect(block.meta).toMatchObject({ series: 300, floats: 300 * 2880, chunks: 600, time_columns: 2, heads: '1', parents: '1,2', level: 1 });
    block.close();
    const sizes = parts.map((part) => fs.statSync(part).size);
    expect(fs.statSync(file).size).toBeLessThan(sizes.reduce((sum, size) => sum + size, 0));
  });

  it('may be empty, or of one block', () => {
    const empty = blockOf(new MemoryStorage(), T0, T0 + HOUR);
    expect(contentOf(compact([empty, empty]))).toEqual([]);
    const storage = new MemoryStorage();
    storage.append(up('x'), [sample(0, 1)]);
    expect(contentOf(compact([blockOf(storage, T0, T0 + HOUR), empty]))).toEqual(['up{job="x"}: 0=1']);
  });
});

describe('deleted samples', () => {
  it('are left out, and series of which nothing is left, too', () => {
    const storage = new MemoryStorage();
    for (const [job, times] of [['all', [0, 1000]], ['own', [1000]], ['part', [0, 1000]], ['none', [0]]] as const) storage.append(up(job), times.map((t) => sample(t, t)));
    const [a, b] = [blockOf(storage, T0, T0 + HOUR), blockOf(new MemoryStorage(), T0 + HOUR, T0 + 2 * HOUR)];
    // In the order of their labels: all, none, own, part. The block begins at 0, so that the interval of `own` covers only its sample.
    const deleted = BlockDeletions.none.with(Uint32Array.of(0), T0 - 5, T0 + HOUR).with(Uint32Array.of(2, 3), T0 + 500, T0 + 5000).encode();
    const file = newFile();
    const header = { mint: T0, maxt: T0 + 2 * HOUR, heads: [1], parents: [1, 2], level: 1 };
    const meta = compactBlocks(disk, { codec: codecModule, parents: [{ file: a, deleted }, { file: b }], header, file });
    expect(contentOf(file)).toEqual(['up{job="none"}: 0=0', 'up{job="part"}: 0=0']);
    expect(meta).toMatchObject({ series: 2, floats: 2 });
  });
});

describe('a damaged block', () => {
  it.each(['value_page', 'series_page', 'label_set_page', 'time_column', 'label_value_page'])('with a changed row of %s ends the compaction and leaves nothing', (table) => {
    const storage = new MemoryStorage();
    for (let i = 0; i < 300; i++) storage.append(up(`j${i}`), [sample(i, i), sample(1000 + i, i)]);
    const [good, bad] = [blockOf(storage, T0, T0 + HOUR), blockOf(storage, T0, T0 + HOUR)];
    const database = openSqlite(bad);
    database.exec(`UPDATE ${table} SET crc = crc + 1 WHERE id = 0`);
    database.close();
    const result = newFile();
    let error: unknown;
    try {
      compact([good, bad], result);
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(BlockError);
    expect(error).toMatchObject({ code: 'corrupt_block', file: bad, message: expect.stringMatching(new RegExp(`damaged: checksum \\(table ${table}, id 0\\)`)) });
    expect(fs.existsSync(result)).toBe(false);
    expect(contentOf(good).length).toBe(300);
  });
});
