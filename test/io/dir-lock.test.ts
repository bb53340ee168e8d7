import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/io/clock.js';
import { DirLock, DirLockError, systemProbe } from '../../src/io/dir-lock.js';
import type { ProcessIdentity, ProcessProbe } from '../../src/io/dir-lock.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { SimClock } from '../support/sim-clock.js';
import { SimDisk } from '../support/sim-disk.js';

const FILE = '/data/narthex.lock';
const who = (pid: number, scope = 'here'): ProcessIdentity => ({ pid, started: `s${pid}`, scope });

/** A machine on which the given processes live. */
function machine(self: ProcessIdentity, living: number[]): ProcessProbe {
  return { self: () => self, isAlive: (other) => (other.scope === self.scope ? living.includes(other.pid) : undefined) };
}
function rig() {
  const disk = new SimDisk();
  disk.makeDirectory('/data');
  return { disk, clock: new SimClock() };
}
const acquire = (disk: SimDisk, clock: SimClock, self: ProcessIdentity, living: number[] = []): Promise<DirLock> =>
  DirLock.acquire(disk, '/data', clock, machine(self, living));

describe('DirLock', () => {
  it('lets one server in, and the next after its release', async () => {
    const { disk, clock } = rig();
    const first = await acquire(disk, clock, who(1));
    await expect(acquire(disk, clock, who(2), [1])).rejects.toMatchObject({
      code: 'directory_locked',
      pid: 1,
      message: `/data is in use by another server, process 1: stop it first, or use another data directory (lock: ${FILE})`,
    });
    first.release();
    first.release();
    (await acquire(disk, clock, who(2), [1])).release();
    expect(disk.list('/data')).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  it('knows when its directory is gone, and when it is back', async () => {
    const { disk, clock } = rig();
    const lock = await acquire(disk, clock, who(1));
    const seen: boolean[] = [];
    lock.watch((held) => seen.push(held));
    await clock.advance(2000);
    disk.rename('/data', '/elsewhere');
    await clock.advance(2000);
    expect([lock.isHeld, seen]).toEqual([false, [false]]);
    // A new directory in its place is none of ours.
    disk.makeDirectory('/data');
    await clock.advance(2000);
    expect(lock.isHeld).toBe(false);
    disk.removeDirectory('/data');
    disk.rename('/elsewhere', '/data');
    await clock.advance(2000);
    expect([lock.isHeld, seen]).toEqual([true, [false, true]]);
    // That it cannot be read says nothing about it.
    disk.fail('read', 'EMFILE', 3);
    await clock.advance(3000);
    expect(lock.isHeld).toBe(true);
    lock.release();
  });

  it('takes over from a dead process at once', async () => {
    const { disk, clock } = rig();
    await acquire(disk, clock, who(1));
    const second = await acquire(disk, clock, who(2));
    expect(disk.list('/data')).toEqual(['narthex.lock']);
    await expect(acquire(disk, clock, who(3), [2])).rejects.toBeInstanceOf(DirLockError);
    second.release();
  });

  it('one that was taken for dead does not remove the lock of its successor', async () => {
    const { disk, clock } = rig();
    const first = await acquire(disk, clock, who(1));
    await acquire(disk, clock, who(2));
    first.release();
    expect(disk.stat(FILE)).toBeDefined();
  });

  const advance = async (clock: SimClock, ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 500) {
      clock.advance(500);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  it('a holder in another container: refused while its lock beats', async () => {
    const { disk, clock } = rig();
    await acquire(disk, clock, who(1, 'there'));
    const second = acquire(disk, clock, who(1, 'here'));
    const refused = expect(second).rejects.toThrow(/in use by another server, process 1 on there:/);
    await advance(clock, 6000);
    await refused;
  });

  it('a holder in another container: taken over after a silence', async () => {
    const { disk, clock } = rig();
    const other = new SimClock(); // does not advance: the other is dead
    await acquire(disk, other, who(1, 'there'));
    const second = acquire(disk, clock, who(1, 'here'));
    await advance(clock, 6000);
    (await second).release();
  });

  it('a lock that was never written whole is taken over after a silence', async () => {
    const { disk, clock } = rig();
    disk.create(FILE);
    const lock = acquire(disk, clock, who(1));
    await advance(clock, 6000);
    (await lock).release();
  });
});

describe('with real processes', () => {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-lock-'));
  afterAll(() => fs.rmSync(directory, { recursive: true, force: true }));
  const disk = new NodeDisk();
  const leave = (identity: ProcessIdentity): void =>
    fs.writeFileSync(path.join(directory, 'narthex.lock'), `000000000000000\n${JSON.stringify(identity)}\n`);

  it('refuses a second lock of the same process', async () => {
    const lock = await DirLock.acquire(disk, directory, systemClock);
    await expect(DirLock.acquire(disk, directory, systemClock)).rejects.toMatchObject({ pid: process.pid });
    lock.release();
  });

  it('sees whether a process lives, also when another has its number now', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)']);
    const self = systemProbe.self();
    try {
      const unknownStart = { pid: child.pid!, started: '', scope: self.scope };
      expect(systemProbe.isAlive(unknownStart)).toBe(true);
      if (self.started !== '') expect(systemProbe.isAlive({ ...unknownStart, started: '1' })).toBe(false);
      leave(unknownStart);
      await expect(DirLock.acquire(disk, directory, systemClock)).rejects.toMatchObject({ pid: child.pid });
    } finally {
      child.kill('SIGKILL');
      await new Promise((resolve) => child.once('exit', resolve));
    }
    (await DirLock.acquire(disk, directory, systemClock)).release();
  });
});
