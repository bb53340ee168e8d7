import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { errnoOf, readFile, writeFully } from '../../src/io/disk.js';
import type { Disk } from '../../src/io/disk.js';
import { NodeDisk } from '../../src/io/node-disk.js';
import { SimDisk } from '../support/sim-disk.js';

const temporary = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-disk-'));
afterAll(() => fs.rmSync(temporary, { recursive: true, force: true }));

const errno = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    return errnoOf(error);
  }
  return 'nothing thrown';
};
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);

describe.each([
  ['NodeDisk', (): [Disk, string] => [new NodeDisk(), fs.mkdtempSync(path.join(temporary, 'd-'))]],
  ['SimDisk', (): [Disk, string] => {
    const disk = new SimDisk();
    disk.makeDirectory('/data');
    return [disk, '/data'];
  }],
] as const)('any Disk: %s', (_, make) => {
  const [disk, root] = make();
  const at = (name: string): string => path.join(root, name);

  it('writes and reads at positions, ranges of views', () => {
    const file = disk.create(at('a'));
    expect(file.writeAt(bytes(9, 1, 2, 3, 9), 1, 3, 2)).toBe(3);
    expect(file.sizeBytes()).toBe(5);
    const out = new Uint8Array(6).fill(7);
    expect(file.readAt(out, 1, 5, 0)).toBe(5);
    expect([...out]).toEqual([7, 0, 0, 1, 2, 3]);
    expect(file.readAt(out, 0, 6, 4)).toBe(1);
    expect(file.readAt(out, 0, 6, 5)).toBe(0);
    file.close();
    expect([...readFile(disk, at('a'))]).toEqual([0, 0, 1, 2, 3]);
  });

  it('takes shared memory for writing and reading', () => {
    const shared = new Uint8Array(new SharedArrayBuffer(8), 2, 4);
    shared.set([1, 2, 3, 4]);
    const file = disk.create(at('shared'));
    writeFully(file, shared, 0);
    shared.fill(0);
    file.readAt(shared, 0, 4, 0);
    expect([...shared]).toEqual([1, 2, 3, 4]);
    file.close();
  });

  it('preallocates zeros, truncates, syncs', async () => {
    const file = disk.create(at('pre'));
    writeFully(file, bytes(1), 0);
    file.preallocate(1, 600_000);
    expect(file.sizeBytes()).toBe(600_000);
    await file.datasync();
    file.truncate(1);
    file.datasyncSync();
    file.close();
    expect([...readFile(disk, at('pre'))]).toEqual([1]);
  });

  it('openWrite keeps the content', () => {
    const file = disk.openWrite(at('pre'));
    writeFully(file, bytes(2), 1);
    file.close();
    expect([...readFile(disk, at('pre'))]).toEqual([1, 2]);
  });

  it('names: makes, lists, renames over, removes', async () => {
    disk.makeDirectory(at('x'));
    disk.makeDirectory(at('x/y'));
    disk.makeDirectory(at('x/y'));
    disk.create(at('x/b')).close();
    writeFully(disk.create(at('x/a')), bytes(5), 0);
    expect(disk.list(at('x'))).toEqual(['a', 'b', 'y']);
    disk.rename(at('x/a'), at('x/b'));
    await disk.syncDirectory(at('x'));
    disk.syncDirectorySync(at('x'));
    expect(disk.list(at('x'))).toEqual(['b', 'y']);
    expect(disk.stat(at('x/b'))).toMatchObject({ sizeBytes: 1, isDirectory: false });
    expect(disk.stat(at('x'))?.isDirectory).toBe(true);
    disk.rename(at('x'), at('z'));
    expect(disk.list(at('z'))).toEqual(['b', 'y']);
    disk.remove(at('z/b'));
    expect(errno(() => disk.removeDirectory(at('z')))).toBe('ENOTEMPTY');
    disk.removeDirectory(at('z/y'));
    disk.removeDirectory(at('z'));
    expect(disk.stat(at('z'))).toBeUndefined();
  });

  it('fails with errno names', () => {
    expect(errno(() => disk.openRead(at('none')))).toBe('ENOENT');
    expect(errno(() => disk.openWrite(at('none')))).toBe('ENOENT');
    expect(errno(() => disk.create(at('pre')))).toBe('EEXIST');
    expect(errno(() => disk.create(at('none/f')))).toBe('ENOENT');
    expect(errno(() => disk.remove(at('none')))).toBe('ENOENT');
    expect(errno(() => disk.list(at('none')))).toBe('ENOENT');
  });

  it('knows free space', () => {
    expect(disk.freeBytes(root)).toBeGreaterThan(0);
  });
});

describe('NodeDisk', () => {
  it('refuses to close a file that is being synced', async () => {
    const file = new NodeDisk().create(path.join(temporary, 'syncing'));
    const sync = file.datasync();
    expect(() => file.close()).toThrow(/closed while it is being synced/);
    await sync;
    file.close();
  });

  it('makes no directory in one that was moved away, and none where a file is', () => {
    const disk = new NodeDisk();
    const at = (name: string): string => path.join(temporary, 'moved', name);
    expect(errno(() => disk.makeDirectory(at('heads')))).toBe('ENOENT');
    disk.makeDirectory(at(''));
    disk.create(at('file')).close();
    expect(errno(() => disk.makeDirectory(at('file')))).toBe('EEXIST');
  });
});

describe('SimDisk', () => {
  const write = (disk: SimDisk, name: string, content: number[]): void => writeFully(disk.create(name), Uint8Array.from(content), 0);

  it('a power loss keeps what was synced, name and content', async () => {
    for (let seed = 0; seed < 50; seed++) {
      const disk = new SimDisk({ seed });
      const file = disk.create('/f');
      writeFully(file, bytes(1, 2, 3), 0);
      await file.datasync();
      await disk.syncDirectory('/');
      writeFully(file, bytes(4, 5), 3);
      disk.crash('power');
      expect([...readFile(disk, '/f')].slice(0, 3)).toEqual([1, 2, 3]);
    }
  });

  it('a power loss can lose any unsynced sector and any unsynced name', () => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 200; seed++) {
      const disk = new SimDisk({ seed });
      const file = disk.create('/f');
      disk.syncDirectorySync('/');
      writeFully(file, new Uint8Array(1024).fill(1), 0);
      write(disk, '/g', [1]);
      disk.crash('power');
      const content = readFile(disk, '/f');
      seen.add(`${content.length} ${content[0] ?? '-'} ${content[1023] ?? '-'} ${disk.stat('/g') !== undefined}`);
    }
    for (const g of [true, false]) {
      for (const content of ['0 - -', '1024 0 0', '1024 1 0', '1024 0 1', '1024 1 1']) expect(seen).toContain(`${content} ${g}`);
    }
  });

  it('a killed process loses nothing that was written', () => {
    const disk = new SimDisk();
    write(disk, '/f', [1, 2]);
    disk.crash('process');
    expect([...readFile(disk, '/f')]).toEqual([1, 2]);
  });

  it('a failed datasync makes nothing durable, and the next one does not know', async () => {
    let lost = 0;
    for (let seed = 0; seed < 20; seed++) {
      const disk = new SimDisk({ seed });
      const file = disk.create('/f');
      disk.syncDirectorySync('/');
      writeFully(file, bytes(1), 0);
      disk.fail('datasync', 'EIO');
      await expect(file.datasync()).rejects.toMatchObject({ code: 'EIO' });
      await file.datasync();
      disk.crash('power');
      if (readFile(disk, '/f')[0] !== 1) lost++;
    }
    expect(lost).toBe(20);
  });

  it('fills up: a short write, then ENOSPC', () => {
    const disk = new SimDisk({ capacityBytes: 10 });
    const file = disk.create('/f');
    expect(file.writeAt(new Uint8Array(8), 0, 8, 0)).toBe(8);
    expect(file.writeAt(new Uint8Array(8), 0, 8, 8)).toBe(2);
    expect(errno(() => file.writeAt(new Uint8Array(8), 0, 8, 10))).toBe('ENOSPC');
    expect(file.writeAt(new Uint8Array(8), 0, 8, 0)).toBe(8);
  });
});
