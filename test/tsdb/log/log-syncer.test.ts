import { describe, expect, it } from 'vitest';
import type { LogWriteError } from '../../../src/tsdb/log/log-error.js';
import { DATA_START } from '../../../src/tsdb/log/format.js';
import { LogSyncer } from '../../../src/tsdb/log/log-syncer.js';
import type { SyncMode } from '../../../src/tsdb/log/log-syncer.js';
import type { LogWriterOptions } from '../../../src/tsdb/log/log-writer.js';
import { appendNumber, newLog } from '../../support/log-fixture.js';
import { SimClock } from '../../support/sim-clock.js';
import { SimDisk } from '../../support/sim-disk.js';

function rig(mode: SyncMode, options: LogWriterOptions = {}) {
  const disk = new SimDisk();
  const clock = new SimClock();
  const errors: LogWriteError[] = [];
  const syncer = new LogSyncer(clock, { mode, intervalMs: 200 }, (error) => errors.push(error));
  return { disk, clock, errors, syncer, log: newLog(disk, options), syncs: () => disk.calls.get('datasync') ?? 0 };
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('always', () => {
  it('acknowledges after the fdatasync', async () => {
    const { disk, syncer, log } = rig('always');
    disk.holdSyncs();
    appendNumber(log, 1);
    let acknowledged = false;
    const done = syncer.acknowledge(log).then(() => void (acknowledged = true));
    await turn();
    expect(acknowledged).toBe(false);
    disk.releaseSyncs();
    await done;
  });

  it('acknowledges nothing after a failure, and reports it once', async () => {
    const { disk, syncer, log, errors } = rig('always');
    appendNumber(log, 1);
    disk.fail('datasync', 'EIO');
    await expect(syncer.acknowledge(log)).rejects.toMatchObject({ operation: 'sync' });
    await expect(syncer.acknowledge(log)).rejects.toMatchObject({ operation: 'sync' });
    expect(errors).toEqual([log.failure]);
  });
});

describe('interval', () => {
  it('acknowledges at once and syncs once per interval', async () => {
    const { clock, syncer, log, syncs } = rig('interval');
    for (let i = 0; i < 5; i++) {
      appendNumber(log, i);
      await syncer.acknowledge(log);
    }
    clock.advance(199);
    expect(syncs()).toBe(0);
    clock.advance(1);
    await turn();
    expect(syncs()).toBe(1);
    expect(clock.pending).toBe(0); // no timer while there is nothing to do
    appendNumber(log, 9);
    await syncer.acknowledge(log);
    clock.advance(200);
    expect(syncs()).toBe(2);
  });

  it('without file descriptors it goes on, tries at each interval until there are some, and says so once', async () => {
    const { disk, clock, syncer, log, errors } = rig('interval', { segmentBytes: DATA_START + 30 });
    appendNumber(log, 1);
    await syncer.acknowledge(log);
    // Of two syncs in a round, one for the log's directory and one for its parent.
    disk.fail('syncDirectory', 'EMFILE', 4);
    for (let round = 1; round <= 3; round++) {
      clock.advance(200);
      await turn();
      expect(errors.length).toBe(1);
      await syncer.acknowledge(log);
    }
    expect(log.failure).toBeUndefined();
    await log.sync();
    expect(disk.calls.get('syncDirectory')).toBe(6);
    // With the next segment the directory has to be synced again, which is tried at once, and then as always.
    disk.fail('syncDirectory', 'EMFILE', 2);
    for (let i = 2; i < 5; i++) appendNumber(log, i);
    await syncer.acknowledge(log);
    await turn();
    clock.advance(200);
    await turn();
    expect(errors.length).toBe(2);
  });

  it('without file descriptors a log that is closed is left alone', async () => {
    const { disk, clock, syncer, log, errors } = rig('interval');
    appendNumber(log, 1);
    await syncer.acknowledge(log);
    disk.holdSyncs();
    disk.fail('syncDirectory', 'EMFILE', 4);
    clock.advance(200);
    const closing = log.close();
    disk.releaseSyncs();
    await expect(closing).rejects.toMatchObject({ operation: 'sync' });
    expect([errors.length, clock.pending]).toEqual([1, 0]);
  });

  it('a failure is reported and every later acknowledgement fails', async () => {
    const { disk, clock, syncer, log, errors } = rig('interval');
    appendNumber(log, 1);
    await syncer.acknowledge(log);
    disk.fail('datasync', 'EIO');
    clock.advance(200);
    await turn();
    expect(errors).toEqual([log.failure]);
    await expect(syncer.acknowledge(log)).rejects.toBe(log.failure);
    expect(errors.length).toBe(1);
  });

  it('close syncs what waits', async () => {
    const { clock, syncer, log, syncs } = rig('interval');
    appendNumber(log, 1);
    await syncer.acknowledge(log);
    await syncer.close();
    expect([syncs(), clock.pending]).toEqual([1, 0]);
  });
});

describe('never', () => {
  it('does not sync', async () => {
    const { clock, syncer, log, syncs } = rig('never');
    appendNumber(log, 1);
    await syncer.acknowledge(log);
    clock.advance(10_000);
    expect(syncs()).toBe(0);
  });
});

it.each(['always', 'interval', 'never'] as const)('%s: nothing is acknowledged while a record is pending', async (mode) => {
  const { disk, syncer, log } = rig(mode);
  disk.fail('write', 'ENOSPC', 3);
  expect(() => appendNumber(log, 1)).toThrow('ENOSPC');
  await expect(syncer.acknowledge(log)).rejects.toMatchObject({ code: 'disk_full' });
  await expect(syncer.acknowledge(log)).rejects.toMatchObject({ code: 'disk_full' });
  await syncer.acknowledge(log);
  expect(log.hasPending).toBe(false);
});
