import { describe, expect, it } from 'vitest';
import { rangeOfNewHead } from '../../src/tsdb/head-range.js';

const range = (t: number, open: [number, number][] = [], settled: [number, number][] = []) => {
  const { mint, maxt, isLate } = rangeOfNewHead(t, 100, open.map(([from, to]) => ({ mint: from, maxt: to })),
    settled.map(([minTime, maxTime]) => ({ minTime, maxTime })));
  return [mint, maxt, isLate ? 'late' : 'own'];
};

describe('the range of a new head', () => {
  it.each([
    ['is the aligned one where there is nothing', range(250), [200, 300, 'own']],
    ['ignores what lies in other ranges', range(250, [[100, 200], [300, 400]], [[110, 199], [300, 301]]), [200, 300, 'own']],
    ['begins behind what was closed', range(250, [], [[200, 240]]), [241, 300, 'own']],
    ['is late up to the end of what was closed', range(230, [], [[200, 240]]), [200, 241, 'late']],
    ['is late below the open head that follows', range(230, [[241, 300]], [[200, 240]]), [200, 241, 'late']],
    ['counts the newest of several closed ones', range(230, [[261, 300]], [[200, 240], [241, 260]]), [200, 261, 'late']],
    ['counts a block over many ranges', range(250, [], [[0, 1000]]), [200, 300, 'late']],
    ['lies between open heads', range(250, [[200, 241], [260, 300]], [[200, 240]]), [241, 260, 'own']],
    ['works before the epoch', range(-50, [], [[-100, -40]]), [-100, -39, 'late']],
  ] as const)('%s', (_name, got, wanted) => expect(got).toEqual(wanted));
});
