// A store in process and directories that go with it, for benches of ingestion without HTTP.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { systemClock } from '../../dist/io/clock.js';
import { NodeDisk } from '../../dist/io/node-disk.js';
import { Db } from '../../dist/tsdb/db.js';
import { loadKernelModule } from '../../dist/tsdb/kernel-loader.js';
import { decodeLabelRun } from '../../dist/wire/label-run.js';
import { openFirstHead } from './first-body.mjs';

const module = loadKernelModule();

/** Runs `use` with an open store that has a head, and removes it afterwards. */
export async function withStore(use) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-bench-'));
  const db = await Db.open(
    {
      directory, headRangeMs: 86_400_000, maxSeriesPerHead: 0, headMemoryBytes: 2 ** 32, outOfOrderWindowMs: 1_800_000,
      maxFutureMs: 600_000, retentionMs: 0, maxDecodedBytes: 64 * 2 ** 20,
      sync: { mode: 'interval', intervalMs: 200 }, logSegmentBytes: 64 * 2 ** 20,
    },
    { disk: new NodeDisk(), clock: systemClock, module, decodeLabelRun, report: (level, message) => console.error(level, message) },
  );
  try {
    await openFirstHead(db);
    return await use(db);
  } finally {
    await db.close();
    fs.rmSync(directory, { recursive: true });
  }
}

/** Stores bodies on the fast path; returns the samples. `namingOf` makes what decides about new series, if anything does. */
export async function ingest(db, bodies, version = 1, namingOf = () => undefined) {
  let stored = 0;
  for (const { bytes } of bodies) {
    const report = await (version === 1 ? db.appendRemoteWriteV1(bytes, namingOf()) : db.appendRemoteWriteV2(bytes, namingOf()));
    if (report === 'general') throw new Error('a body took the general path');
    stored += report.samples;
  }
  return stored;
}
