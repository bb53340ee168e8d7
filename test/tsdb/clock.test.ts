/** The clock of the machine jumps: what is stored, kept and made blocks is measured by samples, and only what is far ahead by the clock. */
import { afterEach, expect, it } from 'vitest';
import type { Clock, Timer } from '../../src/io/clock.js';
import { AppendStatus } from '../../src/storage/append-status.js';
import { filesOf, openSealing, type SealingSetup } from '../support/sealing-store.js';
import { append, HOUR, labels, readAll, T0, type OpenStore, type Point } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openSealing);
afterEach(() => stores.closeAll());

const MINUTE = 60_000;
const DAY = 24 * HOUR;

/** Its time of day is what a test says; durations go on as they do. */
class JumpingClock implements Clock {
  now = T0;

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return performance.now();
  }

  after(): Timer {
    return { cancel: () => undefined };
  }

  every(): Timer {
    return { cancel: () => undefined };
  }
}

async function start(options: SealingSetup['options'] = {}): Promise<{ store: OpenStore; clock: JumpingClock }> {
  const clock = new JumpingClock();
  return { store: await stores.open({ clock, options }), clock };
}

/** A sample every minute of [from, to), minutes after T0, with the clock of the sender. */
const minutes = (from: number, to: number): Point[] => Array.from({ length: to - from }, (_, i): Point => [T0 + (from + i) * MINUTE, from + i]);

async function send(store: OpenStore, clock: JumpingClock, points: Point[], errorMs: number): Promise<void> {
  for (const point of points) {
    clock.now = point[0] + errorMs;
    expect((await append(store, [[labels('up'), [point]]])).samples, `${point[1]} minutes`).toBe(1);
  }
}

it.each([['back', -9 * MINUTE], ['forward', 90 * DAY]])('%s by what is tolerated: samples come in, heads become blocks, nothing is dropped', async (_, jump) => {
  const { store, clock } = await start({ retentionMs: 2 * DAY });
  await send(store, clock, minutes(0, 60), 0);
  await send(store, clock, minutes(60, 300), jump);
  await store.db.maintain();
  await send(store, clock, minutes(300, 330), 0);
  await store.db.maintain();
  expect(readAll(store)).toEqual({ up: minutes(0, 330) });
  expect(filesOf(store, 'blocks').length).toBe(2);
  expect(store.notes.join()).not.toMatch(/retention/);
});

it('back by a day: samples are refused with the reason until it is right again, and what is stored stays', async () => {
  const { store, clock } = await start({ retentionMs: 2 * DAY });
  await send(store, clock, minutes(0, 60), 0);
  clock.now -= DAY;
  const refused = await append(store, [[labels('up'), minutes(60, 62)]]);
  expect([refused.samples, [...refused.rejects.keys()]]).toEqual([0, [AppendStatus.farFuture]]);
  await store.db.maintain();
  expect(readAll(store)).toEqual({ up: minutes(0, 60) });
  await send(store, clock, minutes(60, 90), 0);
  expect(readAll(store)).toEqual({ up: minutes(0, 90) });
});

it('a start with a clock that is a day behind keeps what is there', async () => {
  const { store, clock } = await start();
  await send(store, clock, minutes(0, 300), 0);
  await store.db.maintain();
  const behind = new JumpingClock();
  behind.now = T0 - DAY;
  const again = await stores.reopen(store, { clock: behind, options: { retentionMs: 2 * DAY } });
  expect([again.notes, readAll(again)]).toEqual([[], { up: minutes(0, 300) }]);
  await send(again, behind, minutes(300, 310), 0);
  expect(readAll(again)).toEqual({ up: minutes(0, 310) });
});
