import fs from 'node:fs';
import path from 'node:path';
import { NodeDisk } from '../../src/io/node-disk.js';
import { SampleBatch } from '../../src/model/sample-batch.js';
import { MemoryStorage } from '../../src/tools/conformance/memory-storage.js';
import { BlockReader } from '../../src/tsdb/block/block-reader.js';
import { QueryableSource } from '../../src/tsdb/block/block-source.js';
import { writeBlock } from '../../src/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../src/tsdb/block/column-codec.js';
import { PageCache } from '../../src/tsdb/block/page-cache.js';
import { compactBlocks } from '../../src/tsdb/compact/compact-blocks.js';
import { loadCodecModule } from '../../src/tsdb/kernel-loader.js';
import { openStore, tempDirectory } from '../support/store-fixture.js';
import { bitsOf, describeQueryable, SPAN, T0, type OpenQueryable, type StoredSeries } from './queryable.js';

async function openHead(series: readonly StoredSeries[]): Promise<OpenQueryable & { directory: string }> {
  const directory = tempDirectory();
  const store = await openStore(directory, { outOfOrderWindowMs: 2 * SPAN });
  const batch = new SampleBatch();
  for (const { labels, samples } of series) {
    const id = batch.addSeries(labels);
    for (const [t, value] of samples) {
      if (typeof value === 'bigint') batch.addFrom(id, t, new Float64Array(BigUint64Array.of(value).buffer), 0);
      else batch.addHistogram(id, t, value);
    }
  }
  const report = await store.db.appendBatch(batch, new Uint8Array(batch.length));
  if (report.rejects.size > 0) throw new Error(`refused: ${[...report.rejects.values()][0]!.example}`);
  return {
    queryable: store.heads,
    directory,
    close: async () => {
      await store.db.close();
      fs.rmSync(directory, { recursive: true });
    },
  };
}

const codec = new ColumnCodec(loadCodecModule());

async function openBlock(series: readonly StoredSeries[], cacheBytes: number): Promise<OpenQueryable> {
  const head = await openHead(series);
  const file = path.join(head.directory, 'test.block');
  const header = { mint: T0, maxt: T0 + SPAN, heads: [1], parents: [], level: 0 };
  writeBlock(new NodeDisk(), file, header, new QueryableSource(head.queryable, T0, T0 + SPAN - 1), codec);
  const block = BlockReader.open(file, { codec, cache: new PageCache(cacheBytes) });
  return {
    queryable: block,
    close: async () => {
      block.close();
      await head.close();
    },
  };
}

/** Four blocks, two of which overlap, made into one. */
async function openCompacted(series: readonly StoredSeries[]): Promise<OpenQueryable> {
  const head = await openHead(series);
  const disk = new NodeDisk();
  const parents = [[0, 0.3], [0.2, 0.5], [0.5, 0.51], [0.51, 1]].map(([from, to], i) => {
    const file = path.join(head.directory, `${i}.block`);
    const [mint, maxt] = [T0 + Math.round(from! * SPAN), T0 + Math.round(to! * SPAN)];
    const source = new QueryableSource(head.queryable, mint, maxt - 1);
    writeBlock(disk, file, { mint, maxt, heads: [i], parents: [], level: 0 }, source, codec);
    return file;
  });
  const file = path.join(head.directory, 'compacted.block');
  const header = { mint: T0, maxt: T0 + SPAN, heads: [0, 1, 2, 3], parents: [4, 5, 6, 7], level: 1 };
  compactBlocks(disk, { codec: loadCodecModule(), parents: parents.map((parent) => ({ file: parent })), header, file });
  const block = BlockReader.open(file, { codec, cache: new PageCache(16 << 20) });
  return {
    queryable: block,
    close: async () => {
      block.close();
      await head.close();
    },
  };
}

function openMemory(series: readonly StoredSeries[]): OpenQueryable {
  const storage = new MemoryStorage();
  for (const { labels, samples } of series) {
    storage.append(labels, samples.map(([timestampMs, value]) => {
      if (typeof value !== 'bigint') return { timestampMs, value, startMs: 0 };
      const stale = value === 0x7ff0000000000002n;
      const number = new Float64Array(BigUint64Array.of(value).buffer)[0]!;
      if (!stale && bitsOf(number) !== value) throw new Error('the naive store keeps plain numbers');
      return { timestampMs, value: stale ? 'stale' as const : number, startMs: 0 };
    }));
  }
  return { queryable: storage, close: () => undefined };
}

describeQueryable('the naive store', openMemory);
describeQueryable('a head', openHead);
describeQueryable('a block', (series) => openBlock(series, 16 << 20));
describeQueryable('a block compacted of others', openCompacted);
describeQueryable('a block with a small cache', (series) => openBlock(series, 150_000));
