/** What happens in a story: operations as data, so that a failing list can be shrunk and typed in again. */
import fc from 'fast-check';
import type { Held } from './gate.js';

/** A time by what it is measured from when its turn comes. */
export interface TimeSpec {
  readonly from: 'clock' | 'newest' | 'border' | 'window' | 'hour' | 'future' | 'stored';
  /** ms; for `stored` the number of the sample that has the time. */
  readonly offset: number;
}

export interface RowSpec {
  /** Number of the series; for `stored` times the series is the sample's own. */
  readonly series: number;
  readonly time: TimeSpec;
  /** `[high, low]` of a float; one number: a histogram; `same`: what the model has there. */
  readonly value: readonly [number, number] | number | 'same';
  /** How long before its time the sample began to count, ms; 0: without a start timestamp. */
  readonly startBefore: number;
}

export type Door = 'batch' | 'v1' | 'v2';

/** Many samples of one series at steps, the last of them now. */
export interface RunSpec {
  readonly series: number;
  readonly count: number;
  readonly stepMs: number;
}

/** The next disk operations of a kind fail. */
export interface Fault {
  readonly what: 'write' | 'create' | 'rename' | 'syncDirectory' | 'remove';
  readonly code: 'ENOSPC' | 'EIO';
  readonly times: number;
}

export type Operation =
  | { readonly kind: 'write'; readonly door: Door; readonly rows: readonly RowSpec[] }
  /** The last request again, by another door. */
  | { readonly kind: 'repeat'; readonly door: Door }
  | ({ readonly kind: 'run'; readonly door: Door } & RunSpec)
  /** Moves the clock, forwards with its timers; backwards only what it says. */
  | { readonly kind: 'clock'; readonly byMs: number }
  | { readonly kind: 'sync' }
  | { readonly kind: 'maintain' }
  | { readonly kind: 'check'; readonly job: string; readonly fromMs: number; readonly lengthMs: number }
  | { readonly kind: 'restart' }
  /** Deletes a range of the series of a job. */
  | { readonly kind: 'delete'; readonly job: string; readonly fromMs: number; readonly lengthMs: number }
  | { readonly kind: 'clean' }
  | { readonly kind: 'flush' }
  /** A copy by the admin API, which must open and have the same samples. */
  | { readonly kind: 'copy' }
  /** From here on jobs of other threads do not begin, or do not end, or readers give nothing back. */
  | { readonly kind: 'hold'; readonly what: Held }
  | { readonly kind: 'letGo' }
  /** The end without warning, in the middle of the n-th disk operation from here (0: at once), and a start. */
  | { readonly kind: 'crash'; readonly how: 'power' | 'process'; readonly after: number }
  /** Bytes behind the end of a log, as a torn write leaves them, then a crash of the process. */
  | { readonly kind: 'tail'; readonly bytes: number }
  | ({ readonly kind: 'fault' } & Fault)
  /** The next sync of a file fails, and what it should have made durable is lost to the disk. */
  | { readonly kind: 'fsync' }
  /** The disk works again, and the store has a minute to find out. */
  | { readonly kind: 'heal' };

export interface Story {
  readonly seed: number;
  readonly windowMs: number;
  readonly retentionMs: number;
  readonly sync: 'always' | 'interval';
  /** Heads are closed before their range is over. */
  readonly closesEarly: boolean;
  readonly keepStarts: boolean;
  /** Behind each start after the death of the process the power fails: what that start found must be durable by then. */
  readonly powerFailsAfterStart?: boolean;
  readonly operations: readonly Operation[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const bits = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 6 }).map((n) => doubleBits(n)) },
  { weight: 2, arbitrary: fc.constantFrom(doubleBits(0.1), doubleBits(-0), doubleBits(Infinity), doubleBits(-Infinity), doubleBits(5e-324), doubleBits(2 ** 53 + 2)) },
  // The stale marker, the usual NaN, and others whose payload must survive.
  { weight: 2, arbitrary: fc.constantFrom<[number, number][]>([0x7ff00000, 2], [0x7ff80000, 1], [0xfff80000, 0], [0x7ff40000, 0xdeadbeef]) },
  { weight: 1, arbitrary: fc.tuple(fc.nat({ max: 0xffffffff }), fc.nat({ max: 0xffffffff })) },
);

function doubleBits(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return [view.getUint32(0), view.getUint32(4)];
}

const near = fc.constantFrom(-1, 0, 1);
const time: fc.Arbitrary<TimeSpec> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ from: fc.constant('clock' as const), offset: fc.integer({ min: -4, max: 1 }).map((n) => n * 15_000) }) },
  { weight: 4, arbitrary: fc.record({ from: fc.constant('newest' as const), offset: fc.constantFrom(-4 * HOUR, -2 * HOUR, -HOUR, -30 * MINUTE, -MINUTE, -1, 0, 1, 1000, MINUTE, 20 * MINUTE) }) },
  { weight: 2, arbitrary: fc.record({ from: fc.constant('border' as const), offset: near }) },
  { weight: 1, arbitrary: fc.record({ from: fc.constantFrom('window' as const, 'hour' as const, 'future' as const), offset: near }) },
  { weight: 3, arbitrary: fc.record({ from: fc.constant('stored' as const), offset: fc.nat({ max: 200 }) }) },
);
const row: fc.Arbitrary<RowSpec> = fc.record({
  series: fc.nat({ max: 10 }),
  time,
  value: fc.oneof({ weight: 6, arbitrary: bits }, { weight: 1, arbitrary: fc.nat({ max: 34 }) }, { weight: 2, arbitrary: fc.constant('same' as const) }),
  startBefore: fc.constantFrom(0, 0, 1000, 60_000, 3 * HOUR),
});
const door: fc.Arbitrary<Door> = fc.constantFrom('batch', 'v1', 'v2');

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 12, arbitrary: fc.record({ kind: fc.constant('write' as const), door, rows: fc.array(row, { minLength: 1, maxLength: 8 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('repeat' as const), door }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('run' as const), door, series: fc.nat({ max: 10 }), count: fc.integer({ min: 2, max: 300 }), stepMs: fc.constantFrom(1, 1000, 15_000) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('clock' as const), byMs: fc.constantFrom(-20 * MINUTE, MINUTE, 10 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('maintain' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('check' as const), job: fc.constantFrom('a', 'b', ''), fromMs: fc.integer({ min: -6 * HOUR, max: HOUR }), lengthMs: fc.integer({ min: 0, max: 5 * HOUR }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 2, arbitrary: fc.record({
    kind: fc.constant('delete' as const), job: fc.constantFrom('a', 'b', ''), fromMs: fc.integer({ min: -12, max: 0 }).map((n) => n * HOUR),
    lengthMs: fc.integer({ min: 0, max: 20 }).map((n) => n * 10 * MINUTE),
  }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('clean' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('flush' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('copy' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('hold' as const), what: fc.constantFrom('start' as const, 'result' as const, 'readers' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('letGo' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('crash' as const), how: fc.constantFrom('power' as const, 'process' as const), after: fc.nat({ max: 25 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('tail' as const), bytes: fc.integer({ min: 1, max: 3000 }) }) },
  { weight: 1, arbitrary: fc.record({
    kind: fc.constant('fault' as const), what: fc.constantFrom('write' as const, 'create' as const, 'rename' as const, 'syncDirectory' as const, 'remove' as const),
    code: fc.constantFrom('ENOSPC' as const, 'EIO' as const), times: fc.integer({ min: 1, max: 4 }),
  }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('fsync' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('heal' as const) }) },
);

export const story: fc.Arbitrary<Story> = fc.record({
  seed: fc.nat(),
  windowMs: fc.constantFrom(0, 10 * MINUTE, 30 * MINUTE, 3 * HOUR),
  retentionMs: fc.constantFrom(0, 0, 6 * HOUR),
  sync: fc.constantFrom('always' as const, 'interval' as const),
  closesEarly: fc.boolean(),
  keepStarts: fc.boolean(),
  powerFailsAfterStart: fc.boolean(),
  operations: fc.array(operation, { minLength: 1, maxLength: 60, size: 'max' }),
});
