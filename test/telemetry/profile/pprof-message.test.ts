import zlib from 'node:zlib';
import { expect, it } from 'vitest';
import { encodeProfile, type Profile } from '../../../src/telemetry/profile/pprof-message.js';
import { readProfile } from '../../support/pprof.js';

const EMPTY: Profile = { sampleTypes: [{ type: 'delay', unit: 'nanoseconds' }], timeMs: 1_795_230_729_540, durationMs: 0, samples: [], comments: [] };
const read = (profile: Profile) => readProfile(zlib.gzipSync(encodeProfile(profile)));

it('writes what pprof reads: types, samples with their stacks and threads, comments', () => {
  const inner = { name: 'inner', file: '/a.js', line: 7 };
  const outer = { name: 'outer', file: '/a.js', line: 1 };
  const profile = read({
    ...EMPTY, durationMs: 1500.5, sampleTypes: [{ type: 'samples', unit: 'count' }, { type: 'cpu', unit: 'nanoseconds' }],
    periodType: { type: 'cpu', unit: 'nanoseconds' }, period: 10_000_000, comments: ['by the clock'],
    samples: [
      { stack: [inner, outer], values: [2, 20_000_000], thread: 'main' },
      // The same name in another file is another function; sums may be beyond 32 bits.
      { stack: [{ ...inner, file: '/b.js' }, outer], values: [500_000, 5_000_000_000_000], thread: 'query-worker 1' },
      { stack: [], values: [0, 0], thread: 'main' },
    ],
  });
  expect(profile).toEqual({
    types: ['samples/count', 'cpu/nanoseconds'], period: '10000000 cpu/nanoseconds', timeMs: 1_795_230_729_540, durationMs: 1500.5, comments: ['by the clock'],
    samples: [
      { stack: ['inner /a.js:7', 'outer /a.js:1'], values: [2, 20_000_000], labels: { thread: 'main' } },
      { stack: ['inner /b.js:7', 'outer /a.js:1'], values: [500_000, 5_000_000_000_000], labels: { thread: 'query-worker 1' } },
      { stack: [], values: [0, 0], labels: { thread: 'main' } },
    ],
  });
});

it('writes a valid profile of nothing', () => {
  expect(read(EMPTY)).toMatchObject({ types: ['delay/nanoseconds'], samples: [], period: '' });
});
