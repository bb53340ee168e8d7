import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { linkOrCopy } from '../../src/io/copy-file.js';
import { NodeDisk } from '../../src/io/node-disk.js';

let folder: string;
beforeEach(() => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-copy-'));
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

/** Has no second names for some files. */
class PlainDisk extends NodeDisk {
  constructor(private readonly code: string, private readonly isPlain: (file: string) => boolean = () => true) {
    super();
  }

  override link(from: string, to: string): void {
    if (this.isPlain(from)) throw Object.assign(new Error(this.code), { code: this.code });
    super.link(from, to);
  }
}

const at = (name: string): string => path.join(folder, name);
function files(count: number): { from: string; to: string }[] {
  return Array.from({ length: count }, (_, i) => {
    fs.writeFileSync(at(`from-${i}`), Buffer.alloc(3_000_000, i + 1));
    return { from: at(`from-${i}`), to: at(`to-${i}`) };
  });
}
const openDescriptors = (): number => fs.readdirSync('/proc/self/fd').length;

describe('second names or copies', () => {
  it.each(['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'])('%s: files are copied that someone removes meanwhile', async (code) => {
    const list = files(4);
    const copying = linkOrCopy(new PlainDisk(code, (file) => !file.endsWith('-1')), list);
    for (const { from } of list) fs.rmSync(from);
    await copying;
    list.forEach(({ to }, i) => expect(fs.readFileSync(to).equals(Buffer.alloc(3_000_000, i + 1))).toBe(true));
  });

  it('any other failure is one, and leaves no file open', async () => {
    const before = openDescriptors();
    const list = files(3);
    await expect(linkOrCopy(new PlainDisk('EIO'), list)).rejects.toThrow('EIO');
    fs.writeFileSync(list[1]!.to, 'is there already');
    await expect(linkOrCopy(new PlainDisk('EXDEV'), list)).rejects.toThrow('EEXIST');
    expect(openDescriptors()).toBe(before);
  });
});
