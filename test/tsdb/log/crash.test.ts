/**
 * Random appends, rolls, full disks and failures, a crash in the middle of any operation, a replay (which may crash,
 * too), and on with the next life. After each: what was acknowledged is there, in order, whole; nothing is there that
 * was not appended; nothing but unacknowledged bytes is called damaged.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { LogWriteError } from '../../../src/tsdb/log/log-error.js';
import { LogSyncer } from '../../../src/tsdb/log/log-syncer.js';
import type { SyncMode } from '../../../src/tsdb/log/log-syncer.js';
import { LogWriter } from '../../../src/tsdb/log/log-writer.js';
import { appendNumber, DIRECTORY, newLog, replayNumbers } from '../../support/log-fixture.js';
import type { Replayed } from '../../support/log-fixture.js';
import { SimClock } from '../../support/sim-clock.js';
import { SimCrash, SimDisk } from '../../support/sim-disk.js';

interface Story {
  readonly seed: number;
  readonly mode: SyncMode;
  readonly segmentBytes: number;
  readonly preallocateBytes: number;
  readonly lives: readonly {
    readonly crash: 'power' | 'process';
    /** Operations until the crash. */
    readonly operations: number;
    /** Of the records. */
    readonly sizes: readonly number[];
  }[];
}

const story = (mode: SyncMode): fc.Arbitrary<Story> =>
  fc.record({
    seed: fc.nat(),
    mode: fc.constant(mode),
    segmentBytes: fc.constantFrom(1100, 2000, 10_000),
    preallocateBytes: fc.constantFrom(0, 300, 5000),
    lives: fc.array(
      fc.record({
        crash: fc.constantFrom('power', 'process'),
        operations: fc.integer({ min: 1, max: 80 }),
        sizes: fc.array(fc.integer({ min: 4, max: 1500 }), { maxLength: 25 }),
      }),
      { minLength: 1, maxLength: 4 },
    ),
  });

class Life {
  next = 0;
  readonly appended: number[] = [];
  readonly acknowledged = new Set<number>();
  readonly synced = new Set<number>();
}

async function live(disk: SimDisk, log: LogWriter, plan: Story, sizes: readonly number[], life: Life): Promise<void> {
  const clock = new SimClock();
  const syncer = new LogSyncer(clock, { mode: plan.mode, intervalMs: 200 }, () => undefined);
  const waiting: Promise<void>[] = [];
  const before: number[] = [];
  for (const size of sizes) {
    const number = life.next++;
    life.appended.push(number);
    try {
      appendNumber(log, number, size);
    } catch (error) {
      if (disk.stopped) return;
      if (!(error instanceof LogWriteError)) throw error;
      if (error.kept) before.push(number); // not acknowledged, but in the log before any later record
      continue;
    }
    before.push(number);
    const safe = [...before];
    const settled = syncer.acknowledge(log).then(
      () => {
        // An acknowledgement that the machine could not send any more is none.
        if (!disk.stopped) for (const n of safe) life.acknowledged.add(n);
      },
      (error: unknown) => {
        if (!(error instanceof LogWriteError) && !(error instanceof SimCrash)) throw error;
      },
    );
    waiting.push(settled);
    if (disk.chance(0.3)) await settled;
    if (disk.chance(0.1)) clock.advance(200);
    if (disk.chance(0.05)) disk.fail(disk.chance(0.5) ? 'write' : 'create', disk.chance(0.5) ? 'ENOSPC' : 'EIO', 1 + disk.random(2));
    if (disk.chance(0.1)) {
      const upTo = [...life.acknowledged];
      await log.sync().catch(() => undefined);
      if (!disk.stopped && !log.failure) for (const n of upTo) life.synced.add(n);
    }
    if (disk.stopped) break;
  }
  await Promise.all(waiting);
}

/** Replays until a replay is not interrupted. */
async function recover(disk: SimDisk, crash: 'power' | 'process'): Promise<Replayed> {
  for (let interruptions = disk.random(3); interruptions > 0; interruptions--) {
    disk.crashAfter(1 + disk.random(6));
    await replayOrBegin(disk).catch((error: unknown) => {
      if (!(error instanceof SimCrash)) throw error;
    });
    disk.crash(crash);
  }
  return replayOrBegin(disk);
}

/** As the store does: a head whose directory was lost, before anything in it was synced, is none. */
async function replayOrBegin(disk: SimDisk): Promise<Replayed> {
  if (!disk.stat(DIRECTORY)) disk.makeDirectory(DIRECTORY);
  return replayNumbers(disk);
}

async function tell(plan: Story): Promise<void> {
  const disk = new SimDisk({ seed: plan.seed, shortWrites: 0.1 });
  disk.makeDirectory(DIRECTORY);
  disk.syncDirectorySync('/'); // `/data` stays; the log's own directory is its writer's business
  const life = new Life();
  const options = { segmentBytes: plan.segmentBytes, preallocateBytes: plan.preallocateBytes };
  let powerLost = false;
  let log = newLog(disk, options);
  for (const { crash, operations, sizes } of plan.lives) {
    disk.crashAfter(operations);
    await live(disk, log, plan, sizes, life);
    disk.crash(crash);
    powerLost ||= crash === 'power';
    const { numbers, report } = await recover(disk, crash);

    // In order, no repeats, nothing invented.
    expect(numbers).toEqual([...new Set(numbers)].sort((a, b) => a - b));
    expect(numbers.filter((n) => !life.appended.includes(n))).toEqual([]);
    const kept = new Set(numbers);
    const promised = crash === 'process' || plan.mode === 'always' ? life.acknowledged : life.synced;
    expect([...promised].filter((n) => !kept.has(n))).toEqual([]);
    if (!powerLost) expect(report.damage).toEqual([]);
    // What came back is now as good as acknowledged, and what did not never comes back.
    life.appended.splice(0, life.appended.length, ...numbers);
    for (const n of life.acknowledged) if (!kept.has(n)) life.acknowledged.delete(n);
    for (const n of numbers) {
      life.acknowledged.add(n);
      life.synced.add(n);
    }
    log = report.resume ? LogWriter.resume(disk, DIRECTORY, report.resume, options) : newLog(disk, options);
  }
}

it.each(['always', 'interval', 'never'] as const)('mode %s keeps its promise', async (mode) => {
  await fc.assert(fc.asyncProperty(story(mode), tell), { numRuns: 250 });
});
