/** Entry of a query worker: takes messages, calls the runtime, answers. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import type { ApiReply } from '../api/contract.js';
import { invariant } from '../invariant.js';
import type { SourceDescriptor } from '../tsdb/head/descriptor.js';
import { collectGarbage } from './collect-garbage.js';
import { StopFlag } from './messages.js';
import type { FromQueryWorker, QueryWorkerData, StopReason, ToQueryWorker } from './messages.js';
import type { QueryRuntime, QueryRuntimeModule } from './query-runtime.js';

const port = parentPort;
invariant(port, 'query-worker runs in a worker thread');
const data: QueryWorkerData = workerData;
const flag = new Int32Array(data.stopFlag);
const heads = new Map<number, SourceDescriptor>();

let createQueryRuntime: QueryRuntimeModule['createQueryRuntime'];
let runtime: QueryRuntime | undefined;
let stopping = false;
/** When the last job ended, of `performance.now()`. */
let lastJobMs = -Infinity;

/** The next job of a client that asks one after another comes sooner. */
const REHEARSAL_PAUSE_MS = 3;

void start();

async function start(): Promise<void> {
  ({ createQueryRuntime } = await loadRuntime(data.runtimeUrl));
  // An exception in here ends the thread: the pool then answers the job with `internal` and starts another worker.
  port!.on('message', receive);
}

function loadRuntime(url: string | undefined): Promise<QueryRuntimeModule> {
  return url === undefined ? import('./engine-runtime.js') : import(url);
}

function receive(message: ToQueryWorker): void {
  switch (message.kind) {
    case 'begin':
      runtime = createQueryRuntime(data.settings, data.readerSlot);
      runtime.setHeads([...heads.values()]);
      post({ kind: 'ready' });
      break;
    case 'run': {
      invariant(runtime, 'a job came before the thread was ready');
      const reply = withOwnBuffer(runtime.run(message.request, stopRequested));
      post({ kind: 'reply', job: message.job, reply }, [reply.body.buffer]);
      lastJobMs = performance.now();
      break;
    }
    case 'heads':
      takeHeads(message.epoch, message.ids, message.added);
      break;
    case 'warmUp':
      void warmUp(message.budgetMs, message.shortOnly);
      break;
    case 'stop':
      stopping = true;
      runtime?.close();
      port!.close();
      break;
  }
}

function post(message: FromQueryWorker, transfer: readonly ArrayBuffer[] = []): void {
  port!.postMessage(message, transfer);
}

/** One made-up request at a turn of the event loop and none right behind a job, so that a job hardly ever waits, and for one at most. */
async function warmUp(budgetMs: number, shortOnly: boolean): Promise<void> {
  // Without it the first queries are slower: no reason to lose the thread, whatever it was.
  let rehearse = await runtime?.rehearse?.(shortOnly).catch(() => undefined);
  let leftMs = budgetMs;
  while (rehearse && leftMs > 0 && !stopping) {
    const begun = performance.now();
    if (begun - lastJobMs < REHEARSAL_PAUSE_MS) {
      await sleep(REHEARSAL_PAUSE_MS);
      continue;
    }
    rehearse();
    leftMs -= performance.now() - begun;
    await nextTurn();
  }
  // It holds an arena.
  rehearse = undefined;
  if (!stopping) collectGarbage();
}

function stopRequested(): StopReason | undefined {
  const value = Atomics.load(flag, 0);
  if (value === StopFlag.none) return undefined;
  return value === StopFlag.timeout ? 'timeout' : 'canceled';
}

function takeHeads(epoch: number, ids: readonly number[], added: readonly SourceDescriptor[]): void {
  const kept = new Set(ids);
  let dropped = false;
  for (const id of heads.keys()) if (!kept.has(id)) dropped = heads.delete(id);
  for (const head of added) heads.set(head.id, head);
  runtime?.setHeads([...heads.values()]);
  if (!dropped) {
    post({ kind: 'heads', epoch });
    return;
  }
  // Once this call and what it holds on the stack are gone.
  setImmediate(() => {
    collectGarbage();
    post({ kind: 'heads', epoch });
  });
}

/**
 * A reply whose body has a buffer that may be transferred. Small Buffers are slices of a pool that many share, and a
 * writer that grew its buffer may leave half of it empty: those are copied.
 */
function withOwnBuffer(reply: ApiReply): ApiReply & { readonly body: Uint8Array<ArrayBuffer> } {
  const { buffer, byteOffset, byteLength } = reply.body;
  const own = buffer instanceof ArrayBuffer && byteLength * 2 > buffer.byteLength;
  const body = own ? new Uint8Array(buffer, byteOffset, byteLength) : Uint8Array.from(reply.body);
  return { ...reply, body };
}
