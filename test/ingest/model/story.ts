/** What senders do in a story: requests of both protocols, good and bad, and what happens to the server between them. */
import fc from 'fast-check';

export type SeriesFault = 'none' | 'no_name' | 'repeated_name' | 'empty_name' | 'broken_utf8';

export interface WriteSample {
  /** Seconds from the clock. */
  readonly at: number;
  readonly value: number;
}

export interface WrittenSeries {
  readonly name: string;
  readonly i: number;
  readonly fault: SeriesFault;
  readonly samples: readonly WriteSample[];
}

export interface Sender {
  readonly cluster: string;
  readonly replica: string;
}

export type PointKind = 'gauge' | 'counter' | 'delta' | 'histogram' | 'delta_histogram' | 'nameless' | 'unspecified';

export interface Point {
  readonly kind: PointKind;
  readonly i: number;
  readonly at: number;
  readonly value: number;
  /** How many seconds its interval is long; 0: the start is not given. */
  readonly length: number;
  /** The flag "no recorded value". */
  readonly isEmpty: boolean;
}

export type Step =
  | { readonly kind: 'write'; readonly version: 1 | 2; readonly sender: Sender | null; readonly series: readonly WrittenSeries[] }
  | { readonly kind: 'otlp'; readonly encoding: 'protobuf' | 'json'; readonly points: readonly Point[] }
  /** The request before, once more. */
  | { readonly kind: 'again' }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'stop' | 'kill' };

export interface Story {
  readonly windowMs: number;
  /** Series of a metric; 0: no limit. */
  readonly limit: number;
  readonly steps: readonly Step[];
}

/** Around now, late within the window and beyond it, too late for anything, far ahead. */
const at = fc.oneof(
  { weight: 12, arbitrary: fc.integer({ min: -20, max: 20 }) },
  { weight: 3, arbitrary: fc.constantFrom(-600, -1500, -1801, -2400, -3500, -3605, 590) },
  { weight: 1, arbitrary: fc.constantFrom(-4100, 605, 900) },
);
const value = fc.integer({ min: 0, max: 3 });
const i = fc.integer({ min: 0, max: 3 });

const writtenSeries: fc.Arbitrary<WrittenSeries> = fc.record({
  name: fc.constantFrom('up', 'cpu', 'cpu', 'debug_x'),
  i,
  fault: fc.oneof(
    { weight: 12, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('no_name' as const, 'repeated_name' as const, 'empty_name' as const, 'broken_utf8' as const) },
  ),
  samples: fc.array(fc.record({ at, value }), { minLength: 1, maxLength: 4 }),
});

const sender = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: fc.record({ cluster: fc.constantFrom('c', 'd'), replica: fc.constantFrom('a', 'b') }) },
);

const point: fc.Arbitrary<Point> = fc.record({
  kind: fc.constantFrom<PointKind>('gauge', 'counter', 'delta', 'delta', 'delta', 'histogram', 'delta_histogram', 'delta_histogram', 'nameless', 'unspecified'),
  i: fc.integer({ min: 0, max: 2 }),
  at,
  value: fc.oneof({ weight: 9, arbitrary: value }, { weight: 1, arbitrary: fc.constant(-1) }),
  length: fc.constantFrom(0, 5, 10, 60, 900),
  isEmpty: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({
    kind: fc.constant('write' as const), version: fc.constantFrom(1 as const, 2 as const), sender,
    series: fc.array(writtenSeries, { minLength: 1, maxLength: 5 }),
  }) },
  { weight: 6, arbitrary: fc.record({
    kind: fc.constant('otlp' as const), encoding: fc.constantFrom('protobuf' as const, 'json' as const),
    points: fc.array(point, { minLength: 1, maxLength: 6 }),
  }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('again' as const) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('wait' as const), seconds: fc.constantFrom(1, 10, 20, 35) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('stop' as const, 'kill' as const) }) },
);

export const story: fc.Arbitrary<Story> = fc.record({
  windowMs: fc.constantFrom(0, 1_800_000),
  limit: fc.constantFrom(0, 0, 2),
  steps: fc.array(step, { minLength: 1, maxLength: 20 }),
});
