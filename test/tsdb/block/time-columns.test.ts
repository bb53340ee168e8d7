/** Columns of times: equal ones and parts are stored once. */
import { describe, expect, it } from 'vitest';
import { ColumnCodec } from '../../../src/tsdb/block/column-codec.js';
import { partOf, TimeColumns } from '../../../src/tsdb/block/time-columns.js';
import { loadCodecModule } from '../../../src/tsdb/kernel-loader.js';
import { Random } from '../../support/random.js';
import { T0 } from '../../support/store-fixture.js';

const codec = new ColumnCodec(loadCodecModule());

function jittered(count: number, seed: number): Float64Array {
  const random = new Random(seed);
  return Float64Array.from({ length: count }, (_, i) => T0 + i * 5000 + random.below(40));
}

describe('columns of times', () => {
  const stored: { count: number; data: Uint8Array }[] = [];
  const columns = new TimeColumns(codec, (id, count, _min, _max, data) => {
    stored[id] = { count, data };
  });
  const all = jittered(400, 1);
  const add = (times: Float64Array, from = 0, to = times.length): number => columns.add(times, from, to);

  it('are stored once where they are equal', () => {
    expect([add(all), add(all.slice()), add(jittered(400, 2)), columns.count]).toEqual([0, 0, 1, 2]);
  });

  it('are parts where a series began later, ended earlier or both', () => {
    const ids = [add(all, 100), add(all, 0, 300), add(all, 100, 300)];
    expect(ids.map((id) => [partOf(stored[id]!.data), stored[id]!.count])).toEqual([
      [{ id: 0, from: 100 }, 300], [{ id: 0, from: 0 }, 300], [{ id: 0, from: 100 }, 200],
    ]);
  });

  it('are whole where one time differs, where one is missing, and where they are regular', () => {
    const moved = all.slice(100);
    moved[50]! += 1;
    const missing = Float64Array.from([...all.slice(0, 50), ...all.slice(51)]);
    const regular = Float64Array.from({ length: 400 }, (_, i) => T0 + i * 5000);
    for (const id of [add(moved), add(missing), add(regular), add(regular, 7)]) expect(partOf(stored[id]!.data)).toBeUndefined();
  });
});
