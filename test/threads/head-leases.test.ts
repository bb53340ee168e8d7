import { expect, test } from 'vitest';
import { HeadLeases } from '../../src/threads/head-leases.js';
import type { HeadDescriptor } from '../../src/tsdb/head/descriptor.js';

const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
const head = (id: number): HeadDescriptor => ({ id, mint: 0, maxt: 1, memory });

async function isReleased(leases: HeadLeases<string>, id: number): Promise<boolean> {
  return Promise.race([leases.whenReleased(id).then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))]);
}

test('a change names all heads, and describes those that are new', () => {
  const leases = new HeadLeases<string>();
  expect(leases.set([head(1)])).toEqual({ epoch: 1, ids: [1], added: [head(1)] });
  expect(leases.set([head(1), head(2)])).toEqual({ epoch: 2, ids: [1, 2], added: [head(2)] });
  expect(leases.join('late')).toEqual({ epoch: 2, ids: [1, 2], added: [head(1), head(2)] });
  expect(leases.set([head(2)])).toEqual({ epoch: 3, ids: [2], added: [] });
});

test('released once every reader acknowledged the epoch that dropped it', async () => {
  const leases = new HeadLeases<string>();
  leases.join('a');
  leases.join('b');
  leases.set([head(1), head(2)]);
  expect(await isReleased(leases, 1)).toBe(false);
  leases.set([head(2)]);
  leases.set([]);
  leases.acknowledge('a', 3);
  leases.acknowledge('b', 1);
  expect(await isReleased(leases, 1)).toBe(false);
  leases.acknowledge('b', 2);
  expect(await isReleased(leases, 1)).toBe(true);
  expect(await isReleased(leases, 2)).toBe(false);
  leases.leave('b');
  expect(await isReleased(leases, 2)).toBe(true);
});

test('a reader that joins after the drop never had the head', async () => {
  const leases = new HeadLeases<string>();
  leases.join('a');
  leases.set([head(1)]);
  leases.set([]);
  leases.join('b');
  leases.acknowledge('a', 2);
  expect(await isReleased(leases, 1)).toBe(true);
});

test('without readers a dropped head is released at once, a late acknowledgement of a gone reader does nothing', async () => {
  const leases = new HeadLeases<string>();
  leases.set([head(1)]);
  leases.set([]);
  expect(await isReleased(leases, 1)).toBe(true);
  leases.acknowledge('gone', 0);
  leases.set([head(2)]);
  leases.set([]);
  expect(await isReleased(leases, 2)).toBe(true);
});

test('ids are not used twice', () => {
  const leases = new HeadLeases<string>();
  expect(() => leases.set([head(1), head(1)])).toThrow('BUG: a head is named twice');
  leases.join('a');
  leases.set([head(1)]);
  leases.set([]);
  expect(() => leases.set([head(1)])).toThrow('BUG: head 1 comes back');
});
