import { expect, it } from 'vitest';
import { ReadGate } from '../../src/http/read-gate.js';

const never = (): AbortSignal => new AbortController().signal;

it('lets so many in, keeps so many waiting in their order, refuses the next', async () => {
  const gate = new ReadGate(1, 2);
  const order: string[] = [];
  const leaveFirst = await gate.enter(never());
  const second = gate.enter(never()).then((leave) => (order.push('second'), leave));
  const third = gate.enter(never()).then((leave) => (order.push('third'), leave));
  await expect(gate.enter(never())).rejects.toMatchObject({ code: 'query_queue_full' });
  leaveFirst();
  leaveFirst();
  const leaveSecond = await second;
  expect(order).toEqual(['second']);
  leaveSecond();
  (await third)();
  (await gate.enter(never()))();
  expect(order).toEqual(['second', 'third']);
});

it('one whose client goes while it waits gives its place in the queue back', async () => {
  const gate = new ReadGate(1, 1);
  const leave = await gate.enter(never());
  const abort = new AbortController();
  const waiting = gate.enter(abort.signal);
  abort.abort();
  await expect(waiting).rejects.toMatchObject({ code: 'query_canceled' });
  const next = gate.enter(never());
  leave();
  (await next)();
});
