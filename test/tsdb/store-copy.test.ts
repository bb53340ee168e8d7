/** A copy of the store that cannot be finished leaves nothing. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { NodeDisk } from '../../src/io/node-disk.js';
import { BlockStore } from '../../src/tsdb/block-store.js';
import { takeSnapshot } from '../../src/tsdb/store-copy.js';
import { T0, tempDirectory } from '../support/store-fixture.js';

class FullDisk extends NodeDisk {
  override makeDirectory(directory: string): void {
    if (path.basename(directory) === 'heads') throw Object.assign(new Error('no space left'), { code: 'ENOSPC' });
    super.makeDirectory(directory);
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
