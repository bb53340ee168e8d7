/** A disk that fails on demand, under a server process: `faulty-disk.c`, compiled when a test needs it. */
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export type FailingCall = 'open' | 'write' | 'sync' | 'link' | 'rename' | 'unlink' | 'mkdir';
export interface DiskFault {
  readonly call: FailingCall;
  readonly errno: keyof typeof os.constants.errno;
  /** Part of the path. */
  readonly where: string;
}

const PAGE_BYTES = 4096;

export class FaultyDisk {
  private constructor(private readonly folder: string, private readonly library: string) {}

  /** undefined where there is no C compiler, or no LD_PRELOAD. */
  static make(): FaultyDisk | undefined {
    if (process.platform !== 'linux') return undefined;
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-faults-'));
    const library = path.join(folder, 'faulty-disk.so');
    try {
      const source = fileURLToPath(new URL('faulty-disk.c', import.meta.url));
      execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', library, source, '-ldl'], { stdio: 'ignore' });
    } catch {
      fs.rmSync(folder, { recursive: true });
      return undefined;
    }
    const disk = new FaultyDisk(folder, library);
    disk.fail();
    return disk;
  }

  /** For the process that shall have this disk. */
  get environment(): Record<string, string> {
    return { LD_PRELOAD: this.library, FAULTS_FILE: path.join(this.folder, 'faults') };
  }

  /** From now on exactly these calls fail. */
  fail(...faults: readonly DiskFault[]): void {
    const text = faults.map(({ call, errno, where }) => `${call} ${os.constants.errno[errno]} ${where}\n`).join('');
    const page = Buffer.alloc(PAGE_BYTES);
    page.write(text);
    const fd = fs.openSync(path.join(this.folder, 'faults'), fs.constants.O_RDWR | fs.constants.O_CREAT);
    fs.writeSync(fd, page, 0, PAGE_BYTES, 0);
    fs.closeSync(fd);
  }

  remove(): void {
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
