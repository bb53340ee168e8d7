/** A copy of the store that cannot be finished leaves nothing, and tells why. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { DiskFile } from '../../src/io/disk.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { BlockStore } from '../../src/tsdb/block-store.js';
import { takeSnapshot } from '../../src/tsdb/store-copy.js';
import { eventually } from '../support/eventually.js';
import { openSealing } from '../support/sealing-store.js';
import { append, clockAt, HOUR, labels, readAll, T0, tempDirectory } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

class FullDisk extends NodeDisk {
  override makeDirectory(directory: string): void {
    if (path.basename(directory) === 'heads') throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    super.makeDirectory(directory);
  }
}

/** Does not make logs durable. */
class UnsafeDisk extends NodeDisk {
  fails = false;

  override openWrite(file: string): DiskFile {
    return this.unsafe(super.openWrite(file));
  }

  override create(file: string): DiskFile {
    return this.unsafe(super.create(file));
  }

  private unsafe(file: DiskFile): DiskFile {
    const datasync = file.datasync.bind(file);
    file.datasync = () => (this.fails && !file.path.includes('snapshots') ? Promise.reject(Object.assign(new Error('input/output error'), { code: 'EIO' })) : datasync());
    return file;
  }
}

it('when there is no room for its directories', async () => {
  const directory = tempDirectory();
  const disk = new FullDisk();
  const place = { disk, directory, blocks: new BlockStore(disk, path.join(directory, 'blocks')), nowMs: () => T0, copyCatalogue: () => Promise.resolve() };
  await expect(takeSnapshot(place, [])).rejects.toThrow('no space left');
  expect(fs.readdirSync(path.join(directory, 'snapshots'))).toEqual([]);
  fs.rmSync(directory, { recursive: true });
});

it('while memory has what the log of a head has not', async () => {
  const disk = new UnsafeDisk();
  const stores = new Stores(openSealing);
  const store = await stores.open({ disk, clock: clockAt(T0 + HOUR), options: { sync: { mode: 'always', intervalMs: 50 } } });
  await append(store, [[labels('up'), [[T0, 1]]]]);
  disk.fails = true;
  const rows = Array.from({ length: 70 }, (_, i) => [labels('up', { i: String(i) }), [[T0 + 1, 1]]] as const);
  await expect(append(store, rows)).rejects.toThrow('cannot be made durable');
  await expect(store.db.administration.snapshot(true)).rejects.toThrow(/no copy before the log is written anew: .*input\/output error/);
  expect(fs.readdirSync(path.join(store.directory, 'snapshots'))).toEqual([]);
  disk.fails = false;
  let name = '';
  await eventually('a copy', async () => {
    name = await store.db.administration.snapshot(true).catch(() => '');
    return name !== '';
  });
  const copy = await stores.openIn(path.join(store.directory, 'snapshots', name));
  expect(readAll(copy)).toEqual(readAll(store));
  await stores.closeAll();
});
