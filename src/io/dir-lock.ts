import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { sleep } from './clock.js';
import type { Clock, Timer } from './clock.js';
import { errnoOf, readFile, writeFully } from './disk.js';
import type { Disk, DiskFile } from './disk.js';

const NAME = 'narthex.lock';
/** The holder counts a number up in its lock file, so that those who cannot see its process can see that it lives. */
const BEAT_MS = 1000;
/** So long may a holder be silent: several beats, since its thread may be busy. */
const SILENCE_MS = 5000;
const BEAT_OFFSET = 0;
const BEAT_BYTES = 16;

/** Another server uses the directory. */
export class DirLockError extends Error {
  override name = 'DirLockError';
  readonly code = 'directory_locked';
  constructor(
    readonly directory: string,
    readonly file: string,
    /** In the other's own numbering: in another container it means nothing here. */
    readonly pid: number,
    where: string,
  ) {
    super(`${directory} is in use by another server, process ${pid}${where}: stop it first, or use another data directory (lock: ${file})`);
  }
}

/** Which process holds a lock, told apart from a later one that got the same number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in some unit of its machine; '' if unknown. */
  readonly started: string;
  /** Machine, boot and process namespace: where `pid` has a meaning. */
  readonly scope: string;
}

export interface ProcessProbe {
  self(): ProcessIdentity;
  /** undefined if the process cannot be seen from here. */
  isAlive(identity: ProcessIdentity): boolean | undefined;
}

/**
 * The right to use a data directory: one server at a time. Held by a file that names the holder. Node has no flock, so
 * a lock can outlive its process: one whose holder is dead is taken over at once; one whose holder cannot be seen
 * (another container on the same volume) if its beat stands still for five seconds.
 */
export class DirLock {
  private held = true;
  private onChange: ((held: boolean) => void) | undefined;
  private readonly timer: Timer;
  private beat = 0;

  private constructor(
    readonly file: string,
    private readonly disk: Disk,
    private readonly open: DiskFile,
    private readonly content: string,
    clock: Clock,
  ) {
    this.timer = clock.every(BEAT_MS, () => this.tick());
  }

  /** @throws DirLockError if another server holds the directory; errors of the disk as they are */
  static async acquire(disk: Disk, directory: string, clock: Clock, probe: ProcessProbe = systemProbe): Promise<DirLock> {
    const file = path.join(directory, NAME);
    const self = probe.self();
    const content = `${JSON.stringify({ ...self, acquiredMs: clock.nowMs() })}\n`;
    for (let attempt = 0; attempt < 3; attempt++) {
      const open = tryCreate(disk, file);
      if (open) {
        writeFully(open, lockBytes(content), 0);
        return new DirLock(file, disk, open, content, clock);
      }
      const found = readLock(disk, file);
      if (found === undefined) continue; // released meanwhile
      await assertDead(disk, directory, file, found, clock, probe);
      takeAway(disk, file, found, self.pid);
    }
    throw new DirLockError(directory, file, readLock(disk, file)?.identity?.pid ?? 0, ', which took it at the same moment');
  }

  /**
   * False if the lock file is not there any more, or another server's: the directory was removed, replaced or unmounted, and what is
   * written to files that are open goes nowhere. Found out within a second; true again when it is back.
   */
  get isHeld(): boolean {
    return this.held;
  }

  /** Calls back when `isHeld` changes. */
  watch(onChange: (held: boolean) => void): void {
    this.onChange = onChange;
  }

  private tick(): void {
    try {
      writeFully(this.open, beatBytes(++this.beat), BEAT_OFFSET);
    } catch {
      // A full or failing disk is for the log to report; the worst here is that we look dead to a second server.
    }
    const held = this.isThere();
    if (held === this.held) return;
    this.held = held;
    this.onChange?.(held);
  }

  private isThere(): boolean {
    try {
      return readLock(this.disk, this.file)?.content === this.content;
    } catch {
      // It cannot be read now (no descriptors left, a bad sector): that says nothing about the directory.
      return this.held;
    }
  }

  /** Gives the directory free. May be called more than once. */
  release(): void {
    this.timer.cancel();
    this.open.close();
    // Only if it is still ours: a server that took us for dead may have taken over.
    if (readLock(this.disk, this.file)?.content === this.content) this.disk.remove(this.file);
  }
}

interface FoundLock {
  readonly beat: string;
  readonly content: string;
  /** undefined if the content is not whole. */
  readonly identity: ProcessIdentity | undefined;
}

function lockBytes(content: string): Uint8Array {
  return Buffer.concat([beatBytes(0), Buffer.from(content)]);
}

function beatBytes(beat: number): Uint8Array {
  return Buffer.from(`${String(beat).padStart(BEAT_BYTES - 1, '0')}\n`);
}

function tryCreate(disk: Disk, file: string): DiskFile | undefined {
  try {
    return disk.create(file);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return undefined;
    throw error;
  }
}

function readLock(disk: Disk, file: string): FoundLock | undefined {
  let text: string;
  try {
    text = Buffer.from(readFile(disk, file)).toString('utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const content = text.slice(BEAT_BYTES);
  return { beat: text.slice(0, BEAT_BYTES), content, identity: parseIdentity(content) };
}

function parseIdentity(content: string): ProcessIdentity | undefined {
  try {
    const value: unknown = JSON.parse(content);
    if (typeof value !== 'object' || value === null) return undefined;
    const { pid, started, scope } = value as Partial<Record<keyof ProcessIdentity, unknown>>;
    return typeof pid === 'number' && typeof started === 'string' && typeof scope === 'string' ? { pid, started, scope } : undefined;
  } catch {
    return undefined; // its writer died, or is still writing
  }
}

async function assertDead(disk: Disk, directory: string, file: string, found: FoundLock, clock: Clock, probe: ProcessProbe): Promise<void> {
  const alive = found.identity && probe.isAlive(found.identity);
  if (alive === false) return;
  if (alive) throw new DirLockError(directory, file, found.identity!.pid, '');
  for (let waited = 0; waited < SILENCE_MS; waited += BEAT_MS / 2) {
    await sleep(clock, BEAT_MS / 2);
    const now = readLock(disk, file);
    if (!now) return;
    if (now.beat !== found.beat || now.content !== found.content) {
      const where = now.identity ? ` on ${now.identity.scope}` : '';
      throw new DirLockError(directory, file, now.identity?.pid ?? 0, where);
    }
  }
}

/**
 * Removes a dead lock. By way of a rename: two servers may come to the same conclusion, and the slower one must not
 * remove what the faster one has just created.
 */
function takeAway(disk: Disk, file: string, dead: FoundLock, pid: number): void {
  const aside = `${file}.dead-${pid}`;
  try {
    disk.rename(file, aside);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return;
    throw error;
  }
  if (readLock(disk, aside)?.content === dead.content) disk.remove(aside);
  else disk.rename(aside, file);
}

/** Field 22 of /proc/<pid>/stat, ticks since boot. Counted behind the name, which may hold anything. */
function startTime(pid: number): string {
  const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
}

/** What the system knows of processes: on Linux from /proc, elsewhere by signal 0 alone. */
export const systemProbe: ProcessProbe = {
  self() {
    let scope = os.hostname();
    let started = '';
    try {
      const boot = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
      scope = `${scope}, boot ${boot}, ${fs.readlinkSync('/proc/self/ns/pid')}`;
      started = startTime(process.pid);
    } catch {
      // No /proc: host name and number must do.
    }
    return { pid: process.pid, started, scope };
  },
  isAlive(identity) {
    const self = systemProbe.self();
    if (identity.scope !== self.scope) return undefined;
    if (identity.pid === process.pid) return identity.started === self.started && self.started !== '';
    try {
      process.kill(identity.pid, 0);
    } catch (error) {
      if (errnoOf(error) === 'ESRCH') return false;
    }
    if (identity.started === '') return true;
    try {
      return startTime(identity.pid) === identity.started;
    } catch {
      return false; // gone between the two looks
    }
  },
};
