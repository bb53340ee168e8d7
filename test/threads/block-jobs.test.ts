/** Jobs on blocks in real threads: what they return, and that errors keep their class. */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { NodeDisk } from '../../src/io/node-disk.js';
import { BlockJobs } from '../../src/threads/block-jobs.js';
import { QueryableSource } from '../../src/tsdb/block/block-source.js';
import { writeBlock } from '../../src/tsdb/block/block-writer.js';
import { ColumnCodec } from '../../src/tsdb/block/column-codec.js';
import { loadCodecModule, loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { MemoryStorage } from '../../src/tools/conformance/memory-storage.js';
import { HOUR, labels, T0, tempDirectory } from '../support/store-fixture.js';

const codec = loadCodecModule();
const directory = tempDirectory();
const jobs = new BlockJobs({ kernels: loadKernelModule(), codec, heapMib: 128 });
afterAll(async () => {
  await jobs.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

function block(name: string, hour: number): string {
  const storage = new MemoryStorage();
  storage.append(labels('up'), Array.from({ length: 60 }, (_, i) => ({ timestampMs: T0 + hour * HOUR + i * 60_000, value: i, startMs: 0 })));
  const file = path.join(directory, name);
  const header = { mint: T0 + hour * HOUR, maxt: T0 + (hour + 1) * HOUR, heads: [hour], parents: [], level: 0 };
  writeBlock(new NodeDisk(), file, header, new QueryableSource(storage, header.mint, header.maxt - 1), new ColumnCodec(codec));
  return file;
}

const header = { mint: T0, maxt: T0 + 2 * HOUR, heads: [0, 1], parents: [2, 3], level: 1 };

describe('a job on blocks', () => {
  it('compacts and checks, one after the other', async () => {
    const file = path.join(directory, 'compacted.block');
    const [meta, checked] = await Promise.all([jobs.compact([{ file: block('a.block', 0) }, { file: block('b.block', 1) }], header, file), jobs.verify(path.join(directory, 'a.block'))]);
    expect(meta).toMatchObject({ series: 1, floats: 120, heads: '0,1', parents: '2,3', level: 1 });
    expect(checked).toMatchObject({ floats: 60, level: 0 });
    expect(jobs.running).toBe(0);
    const again = jobs.verify(file);
    await new Promise((resolve) => setImmediate(resolve));
    expect(jobs.running).toBe(1);
    expect(await again).toEqual(meta);
  });

  it('says which block is damaged, and the next one goes on', async () => {
    const [good, bad] = [block('good.block', 0), path.join(directory, 'bad.block')];
    fs.writeFileSync(bad, fs.readFileSync(good).subarray(0, 8192));
    const [failed, fine] = await Promise.allSettled([jobs.compact([{ file: good }, { file: bad }], header, path.join(directory, 'x.block')), jobs.verify(good)]);
    expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'BlockError', code: 'corrupt_block', file: bad } });
    expect(fine.status).toBe('fulfilled');
    await expect(jobs.verify(path.join(directory, 'none.block'))).rejects.toMatchObject({ code: 'unreadable_block' });
  });

  it('that needs more heap than it may have fails alone', async () => {
    const storage = new MemoryStorage();
    for (let i = 0; i < 6000; i++) storage.append(labels('up', { path: `${i}`.padStart(4000, 'x') }), [{ timestampMs: T0, value: i, startMs: 0 }]);
    const file = path.join(directory, 'texts.block');
    writeBlock(new NodeDisk(), file, { ...header, level: 0 }, new QueryableSource(storage, T0, T0), new ColumnCodec(codec));
    const small = new BlockJobs({ kernels: loadKernelModule(), codec, heapMib: 16 });
    const made = small.compact([{ file }, { file }], header, path.join(directory, 'never.block'));
    await expect(made).rejects.toMatchObject({ code: 'ERR_WORKER_OUT_OF_MEMORY' });
    expect(await small.verify(block('after.block', 0))).toMatchObject({ floats: 60 });
    expect(await jobs.verify(file)).toMatchObject({ series: 6000 });
    await small.close();
  });

  it('is refused once the jobs are closed', async () => {
    const closed = new BlockJobs({ kernels: loadKernelModule(), codec, heapMib: 128 });
    await closed.close();
    await expect(closed.verify('x')).rejects.toThrow('the server is stopping');
  });
});
