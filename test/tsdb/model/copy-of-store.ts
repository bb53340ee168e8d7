/** Opens a copy of a store that the admin API made, elsewhere, and reads all of it. */
import fs from 'node:fs';
import path from 'node:path';
import { NodeDisk } from '../../../src/io/node-disk.js';
import { Db } from '../../../src/tsdb/db.js';
import type { DbOptions } from '../../../src/tsdb/db-options.js';
import { HeadSet } from '../../../src/tsdb/head-set.js';
import { decodeLabelRun } from '../../../src/wire/label-run.js';
import { SimClock } from '../../support/sim-clock.js';
import { tempDirectory } from '../../support/store-fixture.js';

export interface CopyModules {
  readonly kernels: WebAssembly.Module;
  readonly codec: WebAssembly.Module;
}

/** @returns what `read` makes of the copy and the notes of its start */
export async function readCopy<T>(
  copy: string, options: DbOptions, { kernels, codec }: CopyModules, read: (heads: HeadSet) => T,
): Promise<{ readonly found: T; readonly notes: readonly string[] }> {
  const directory = path.join(tempDirectory(), 'copy');
  fs.cpSync(copy, directory, { recursive: true });
  const heads = new HeadSet(kernels, 1, { codec, cacheBytes: 1 << 20 });
  try {
    const db = await Db.open({ ...options, directory }, {
      disk: new NodeDisk(), clock: new SimClock(0), module: kernels, codec, decodeLabelRun, report: () => {},
    });
    db.announceHeads((sources) => heads.update(sources), () => Promise.resolve());
    const found = read(heads);
    heads.close();
    await db.close();
    return { found, notes: db.openReport.notes.map(({ text }) => text) };
  } finally {
    fs.rmSync(path.dirname(directory), { recursive: true, force: true });
  }
}
