import { afterEach, describe, expect, test } from 'vitest';
import type { ApiEndpoint, ApiReply } from '../../src/api/contract.js';
import { collectGarbage } from '../../src/threads/collect-garbage.js';
import { isShort, QueryPool, queryWorkerCount } from '../../src/threads/query-pool.js';
import type { QueryPoolOptions } from '../../src/threads/query-pool.js';
import { AdmissionError } from '../../src/threads/query-service.js';
import type { HeadDescriptor } from '../../src/tsdb/head/descriptor.js';
import { eventually } from '../support/eventually.js';
import { Random } from '../support/random.js';
import { built } from './fixtures/built.js';
import { QUERY_SETTINGS } from './fixtures/settings.js';

let pool: QueryPool | undefined;
let lost: string[] = [];
afterEach(async () => {
  await pool?.close(0);
  pool = undefined;
});

async function start(options: Partial<QueryPoolOptions> = {}): Promise<QueryPool> {
  lost = [];
  pool = await QueryPool.start({
    workers: 1, shortWorkers: 0, maxConcurrent: 8, maxQueued: 8, settings: QUERY_SETTINGS, heapMib: 64, stopGraceMs: 5_000,
    onWorkerLost: (error) => lost.push(error.message),
    modules: { entry: built('threads/query-worker.js'), runtimeUrl: new URL('./fixtures/command-runtime.mjs', import.meta.url).href },
    ...options,
  });
  return pool;
}

function run(params: string, options: { timeoutMs?: number; signal?: AbortSignal } = {}): Promise<ApiReply> {
  const nowMs = Date.now();
  const request = { endpoint: 'query', params, pathArgument: '', nowMs, deadlineMs: nowMs + (options.timeoutMs ?? 30_000) } as const;
  return pool!.run(request, options.signal ?? new AbortController().signal);
}

const text = (reply: ApiReply): string => new TextDecoder().decode(reply.body);
const show = (reply: ApiReply): string => `${reply.status} ${text(reply)}`;
const refusal = (code: AdmissionError['code']) => expect.objectContaining({ name: 'AdmissionError', code });

test('a request is answered in a worker that has its settings', async () => {
  await start();
  expect(await run('echo=hello')).toMatchObject({ status: 200, contentType: 'text/plain' });
  expect(text(await run('echo=hello'))).toBe('hello');
  expect(text(await run('settings'))).toBe('{"site":"x"}');
});

test('threads rehearse between jobs, for as long as they are told', async () => {
  await start({ shortWorkers: 1 });
  expect(text(await run('rehearsed'))).toBe('0');
  pool!.warmUp(20);
  // A job is answered whether they have begun or not. A busy machine may leave time for one only.
  await eventually('a rehearsal', async () => Number(text(await run('rehearsed'))) > 0);
  expect(lost).toEqual([]);
});

test('threads that need not start at once do when a request finds no idle one', async () => {
  await start({ workers: 2, shortWorkers: 1, startAtOnce: 1 });
  expect(text(await run('echo=1'))).toBe('1');
  expect(pool!.stats().workers).toBe(1);
  const spinning = new AbortController();
  const first = run('spin', { signal: spinning.signal });
  expect(text(await run('echo=2'))).toBe('2');
  await eventually('workers', () => pool!.stats().workers === 3);
  spinning.abort();
  expect(show(await first)).toBe('499 canceled');
  expect(lost).toEqual([]);
});

test('threads that need not start at once do when they shall rehearse', async () => {
  await start({ workers: 1, shortWorkers: 1, startAtOnce: 1 });
  pool!.warmUp(1);
  await eventually('workers', () => pool!.stats().workers === 2);
  expect(text(await run('echo=1'))).toBe('1');
});

test('as many run at a time as there are workers and slots', async () => {
  await start({ workers: 3, maxConcurrent: 2 });
  const abort = new AbortController();
  const spinning = [run('spin', abort), run('spin', abort), run('spin', abort)];
  expect(pool!.stats()).toMatchObject({ workers: 3, running: 2, queued: 1 });
  abort.abort();
  await expect(spinning[2]).rejects.toEqual(refusal('canceled'));
  expect((await Promise.all(spinning.slice(0, 2))).map(show)).toEqual(['499 canceled', '499 canceled']);
});

test('short requests have a worker of their own, and pass long ones in the queue', async () => {
  await start({ workers: 1, shortWorkers: 1 });
  const abort = new AbortController();
  const long = [run('spin&%5B5m%5D', abort), run('spin&[5m]', abort)];
  expect(pool!.stats()).toMatchObject({ running: 1, queued: 1 });
  const short = [run('echo=1'), run('echo=2')];
  expect(pool!.stats()).toMatchObject({ running: 2, queued: 2 });
  expect((await Promise.all(short)).map(text)).toEqual(['1', '2']);
  expect(pool!.stats()).toMatchObject({ running: 1, queued: 1 });
  abort.abort();
  await Promise.allSettled(long);
});

test('short requests run on an idle worker of the others too', async () => {
  await start({ workers: 1, shortWorkers: 1 });
  const abort = new AbortController();
  const both = [run('spin', abort), run('spin', abort)];
  expect(pool!.stats()).toMatchObject({ running: 2, queued: 0 });
  abort.abort();
  await Promise.allSettled(both);
});

test.each<[ApiEndpoint, string, boolean]>([
  ['query', 'query=1%2B1', true], ['query', 'query=rate(x%5B5m%5D)', false], ['query', 'query=x[5m]', false], ['labels', 'match[]=x', true],
  ['query_range', 'query=1', false], ['series', '', false], ['federate', '', false], ['status_tsdb', '', false],
])('%s?%s short: %s', (endpoint, params, expected) => {
  expect(isShort({ endpoint, params, pathArgument: '', nowMs: 0, deadlineMs: 0 })).toBe(expected);
});

test('waiting requests run in order of arrival', async () => {
  await start();
  const order: string[] = [];
  const note = (name: string, params: string) => run(params).then(() => order.push(name));
  await Promise.all([note('a', 'busy=20'), note('b', 'echo'), note('c', 'echo'), note('d', 'echo')]);
  expect(order).toEqual(['a', 'b', 'c', 'd']);
});

describe('a full queue', () => {
  test('refuses', async () => {
    await start({ maxQueued: 2 });
    const abort = new AbortController();
    const waiting = [run('spin', abort), run('echo=1'), run('echo=2')];
    await expect(run('echo=3')).rejects.toEqual(refusal('queue_full'));
    expect(pool!.stats()).toMatchObject({ running: 1, queued: 2, refused: 1 });
    abort.abort();
    expect((await Promise.all(waiting)).map(text)).toEqual(['canceled', '1', '2']);
    expect(text(await run('echo=4'))).toBe('4');
  });

  test('of size 0 still lets run what need not wait', async () => {
    await start({ maxQueued: 0 });
    const busy = run('busy=5');
    await expect(run('echo')).rejects.toEqual(refusal('queue_full'));
    expect(text(await busy)).toBe('done');
  });
});

describe('cancellation', () => {
  test('stops a running request', async () => {
    await start();
    const abort = new AbortController();
    const reply = run('spin', abort);
    // Past the start of the job.
    await new Promise((resolve) => setTimeout(resolve, 30));
    abort.abort();
    expect(show(await reply)).toBe('499 canceled');
    expect(text(await run('echo=next'))).toBe('next');
    expect(lost).toEqual([]);
  });

  test('takes a waiting request out at once', async () => {
    await start();
    const [running, waiting] = [new AbortController(), new AbortController()];
    const first = run('spin', running);
    const second = run('echo', waiting);
    waiting.abort();
    await expect(second).rejects.toEqual(refusal('canceled'));
    expect(pool!.stats()).toMatchObject({ running: 1, queued: 0, canceled: 1 });
    running.abort();
    await first;
  });

  test('before the call refuses', async () => {
    await start();
    await expect(run('echo', { signal: AbortSignal.abort() })).rejects.toEqual(refusal('canceled'));
  });

  test('after the answer does nothing', async () => {
    await start();
    const abort = new AbortController();
    await run('echo', abort);
    abort.abort();
    expect(text(await run('busy=5'))).toBe('done');
    expect(pool!.stats().canceled).toBe(0);
  });

  test('that is not heeded costs the worker its thread', async () => {
    await start({ stopGraceMs: 50 });
    const abort = new AbortController();
    const hanging = run('hang', abort);
    setTimeout(() => abort.abort(), 20);
    await expect(hanging).rejects.toEqual(refusal('canceled'));
    expect(text(await run('echo=again'))).toBe('again');
    expect(lost).toEqual(['query did not stop within 50 ms (canceled), its thread was ended']);
  });
});

describe('deadline', () => {
  test('stops a running request', async () => {
    await start();
    expect(show(await run('spin', { timeoutMs: 40 }))).toBe('503 timeout');
  });

  test('in the queue is answered in Prometheus\' envelope', async () => {
    await start();
    const abort = new AbortController();
    const first = run('spin', abort);
    const reply = await run('echo', { timeoutMs: 20 });
    expect(reply).toMatchObject({ status: 503, contentType: 'application/json' });
    expect(text(reply)).toBe('{"status":"error","errorType":"timeout","error":"query timed out in query queue"}');
    expect(show(await run('echo', { timeoutMs: 0 }))).toMatch(/^503 .*query queue/);
    expect(pool!.stats()).toMatchObject({ timedOut: 2, queued: 0 });
    abort.abort();
    await first;
  });

  test('that is not heeded is answered, too', async () => {
    await start({ stopGraceMs: 30 });
    expect(show(await run('hang', { timeoutMs: 20 })))
      .toBe('503 {"status":"error","errorType":"timeout","error":"query timed out in expression evaluation"}');
    expect(text(await run('echo=again'))).toBe('again');
  });

  test('further away than a timer reaches', async () => {
    await start();
    expect(text(await run('busy=20', { timeoutMs: Infinity }))).toBe('done');
    expect(text(await run('busy=20', { timeoutMs: 2 ** 40 }))).toBe('done');
  });
});

describe('a worker that breaks', () => {
  test.each([
    ['throws', 'throw=a bug', 'query worker stopped: a bug'],
    ['ends its thread', 'exit=3', 'query worker stopped: thread ended with code 3'],
    ['uses up its heap', 'heap', expect.stringMatching(/^query worker stopped: Worker terminated due to reaching memory limit/)],
  ])('and %s: the request fails with internal, the next one is answered by another', async (_, params, error) => {
    await start({ heapMib: 16 });
    const broken = run(params);
    const next = run('echo=next');
    const reply = await broken;
    expect(reply.status).toBe(500);
    expect(JSON.parse(text(reply))).toEqual({ status: 'error', errorType: 'internal', error });
    expect(text(await next)).toBe('next');
    expect(pool!.stats()).toMatchObject({ workers: 1, workersLost: 1 });
    expect(lost.length).toBe(1);
  });

  test('at the start: the pool does not start', async () => {
    await expect(start({ workers: 2, settings: { ...QUERY_SETTINGS, catalogueFile: 'refuse' } })).rejects.toThrow('no catalogue');
  });
});

test('every worker has a reader slot of its own, one that replaces another has the same', async () => {
  await start({ workers: 3 });
  const slots = async () => (await Promise.all([run('slot'), run('slot'), run('slot')])).map(text).sort();
  expect(await slots()).toEqual(['1', '2', '3']);
  await run('exit=1');
  await eventually('workers', () => pool!.stats().workers === 3);
  expect(await slots()).toEqual(['1', '2', '3']);
});

test.each([[0, 1, 1], [0, 2, 1], [0, 8, 7], [0, 64, 14], [4, 2, 4], [200, 8, 14]])(
  'query.workers %d on %d cores: %d threads', (setting, cores, expected) => {
    expect(queryWorkerCount(setting, cores, 0)).toBe(expected);
  });

test('under random requests, aborts, deadlines and crashes every request settles once and the pool ends idle', async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
  const random = new Random(seed);
  await start({ workers: 2, maxConcurrent: 2, maxQueued: 20, stopGraceMs: 30 });
  const outcomes = await Promise.all(Array.from({ length: 300 }, async (_, i) => {
    await new Promise((resolve) => setTimeout(resolve, random.next() * 600));
    const abort = new AbortController();
    if (random.next() < 0.3) setTimeout(() => abort.abort(), random.next() * 40);
    const kind = random.next();
    const params = kind < 0.6 ? `echo=${i}` : kind < 0.85 ? 'busy=4' : kind < 0.95 ? 'spin' : kind < 0.98 ? 'hang' : 'throw=x';
    return run(params, { timeoutMs: 5 + random.next() * 100, signal: abort.signal }).then(
      (reply) => {
        if (reply.status === 200 && params.startsWith('echo')) expect(text(reply)).toBe(String(i));
        return reply.status;
      },
      (error: AdmissionError) => error.code,
    );
  }));
  const known = new Set<number | string>([200, 499, 500, 503, 'canceled', 'queue_full']);
  expect(outcomes.filter((outcome) => !known.has(outcome)), `SEED=${seed}`).toEqual([]);
  await eventually('workers', () => pool!.stats().workers === 2);
  expect(pool!.stats(), `SEED=${seed}`).toMatchObject({ running: 0, queued: 0 });
  expect(text(await run('echo=end'))).toBe('end');
});

describe('bodies', () => {
  test('are transferred', async () => {
    await start();
    const reply = await run('large=5000000');
    expect(reply.body.length).toBe(5_000_000);
    expect(reply.body[4_999_999]).toBe(7);
    expect(text(await run('lastLength'))).toBe('0');
  });

  test('that share a buffer or leave much of it empty are copied', async () => {
    await start();
    expect(text(await run('pooled=abc'))).toBe('abc');
    expect(text(await run('pooled=def'))).toBe('def');
    expect(text(await run('shared=ghi'))).toBe('ghi');
    const reply = await run('roomy=jkl');
    expect([text(reply), reply.body.buffer.byteLength]).toEqual(['jkl', 3]);
    expect(text(await run('lastLength'))).toBe('65536');
    expect((await run('echo=')).body.length).toBe(0);
  });
});

describe('heads', () => {
  function head(id: number, mark: number): HeadDescriptor {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
    new Uint8Array(memory.buffer)[0] = mark;
    return { id, mint: 0, maxt: 1, memory };
  }

  test('are shared with every worker, also with one that starts later', async () => {
    await start();
    const first = head(1, 11);
    pool!.setHeads([first, head(2, 22)]);
    expect(text(await run('heads'))).toBe('1:11 2:22');
    new Uint8Array(first.memory.buffer)[0] = 33;
    expect(text(await run('heads'))).toBe('1:33 2:22');
    await run('exit=1');
    expect(text(await run('heads'))).toBe('1:33 2:22');
  });

  test('are released when no worker uses them any more', async () => {
    await start({ workers: 2 });
    const [one, two] = [head(1, 1), head(2, 2)];
    pool!.setHeads([one, two]);
    let released = false;
    const abort = new AbortController();
    const spinning = run('spin', abort);
    void pool!.whenReleased(1).then(() => (released = true));
    pool!.setHeads([two]);
    expect(text(await run('heads'))).toMatch(/^2:2$/);
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(released).toBe(false);
    abort.abort();
    await spinning;
    await pool!.whenReleased(1);
    await eventually('a release', () => released);
    await pool!.whenReleased(77);
  });

  test('give their memory back to the system', async () => {
    await start({ workers: 2 });
    const megabytes = 256;
    const openHead = (id: number): void => {
      const memory = new WebAssembly.Memory({ initial: megabytes * 16, maximum: megabytes * 16, shared: true });
      new Uint8Array(memory.buffer).fill(id);
      pool!.setHeads([{ id, mint: 0, maxt: 1, memory }]);
    };
    openHead(1);
    expect(text(await run('heads'))).toBe('1:1');
    const full = process.memoryUsage().rss;
    pool!.setHeads([]);
    await pool!.whenReleased(1);
    // The workers have collected theirs; this thread's share is the business of whoever opened the head.
    await eventually('memory that is given back', () => {
      collectGarbage();
      return full - process.memoryUsage().rss > megabytes * 0.8 * 2 ** 20;
    });
  });

  test('are released by a worker that breaks and by closing', async () => {
    await start({ stopGraceMs: 10 });
    const [one, two] = [head(1, 1), head(2, 2)];
    pool!.setHeads([one, two]);
    const hanging = run('hang', { timeoutMs: 10 });
    pool!.setHeads([two]);
    await pool!.whenReleased(1);
    await hanging;
    const last = pool!.whenReleased(2);
    await pool!.close(0);
    await last;
  });
});

describe('closing', () => {
  test('refuses what waits and what comes, and lets end what runs', async () => {
    await start();
    const running = run('busy=50');
    const waiting = run('echo');
    const closed = pool!.close(5_000);
    await expect(waiting).rejects.toEqual(refusal('stopping'));
    await expect(run('echo')).rejects.toEqual(refusal('stopping'));
    expect(text(await running)).toBe('done');
    await closed;
    expect(pool!.stats().workers).toBe(0);
    expect(lost).toEqual([]);
  });

  test.each([
    // Notices the cancellation by itself, however long that takes on a busy machine.
    ['spin', 30_000, '499 canceled'], ['hang', 40, 'canceled'],
  ])('cancels after the drain time what does %s', async (params, stopGraceMs, expected) => {
    await start({ stopGraceMs });
    const running = run(params).then(show, (error: AdmissionError) => error.code);
    await pool!.close(20);
    expect(await running).toBe(expected);
  });
});
