/**
 * Profiles of the running process, as bytes of pprof's message. What an engine of JavaScript can tell is told as Go's profiles tell it;
 * of what there is only in Go there is an empty profile.
 */
import type { Frame, Profile, ProfileSample, ValueType } from './pprof-message.js';
import { encodeProfile } from './pprof-message.js';
import { SourcePlaces } from './source-places.js';
import { type ThreadSession, ThreadSessions } from './thread-sessions.js';

/** Go's rate of 100 a second: V8 stops the thread for each sample. */
const CPU_INTERVAL_US = 10_000;
/** Bytes allocated between two samples, on average: V8's own. */
const HEAP_INTERVAL_BYTES = 32 * 1024;

/** Frames of V8 that say that a thread does nothing. */
const IDLE = new Set(['(idle)', '(root)']);

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface CpuNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly hitCount?: number;
  readonly children?: readonly number[];
}

interface HeapNode {
  readonly callFrame: CallFrame;
  readonly selfSize: number;
  readonly children: readonly HeapNode[];
}

export type HeapKind = 'heap' | 'allocs';

/** Names of the profiles that are always empty here, with what each sample of them would count. */
export const EMPTY_PROFILES: Readonly<Record<string, readonly ValueType[]>> = {
  block: [{ type: 'contentions', unit: 'count' }, { type: 'delay', unit: 'nanoseconds' }],
  mutex: [{ type: 'contentions', unit: 'count' }, { type: 'delay', unit: 'nanoseconds' }],
};

/**
 * What the threads did for `seconds`, or until `signal`: samples of all that were not idle. A thread that waits for a core counts as
 * busy, since the engine samples by the clock.
 */
export async function cpuProfile(seconds: number, signal: AbortSignal): Promise<Uint8Array> {
  const places = new SourcePlaces();
  const start = async (thread: ThreadSession): Promise<void> => {
    await thread.post('Profiler.enable');
    await thread.post('Profiler.setSamplingInterval', { interval: CPU_INTERVAL_US });
    await thread.post('Profiler.start');
  };
  const stop = async (thread: ThreadSession): Promise<ProfileSample[]> => {
    const { profile } = await thread.post('Profiler.stop') as { readonly profile: { readonly nodes: readonly CpuNode[] } };
    await thread.post('Profiler.disable');
    await places.read(profile.nodes.map((node) => node.callFrame.url));
    return cpuSamples(profile.nodes, thread.name, places);
  };
  const { samples, ...times } = await sampleThreads(seconds, signal, start, stop);
  return encodeProfile({
    ...times, samples,
    sampleTypes: [{ type: 'samples', unit: 'count' }, { type: 'cpu', unit: 'nanoseconds' }],
    periodType: { type: 'cpu', unit: 'nanoseconds' },
    period: CPU_INTERVAL_US * 1000,
    comments: ['Threads that were not idle, sampled by the clock: waiting for a core counts.'],
  });
}

/**
 * What was allocated on the heaps of JavaScript in `seconds`: `heap` has what was still reachable at the end, `allocs` everything.
 * The engine knows no allocations from before it was asked; heads, caches of pages and other memory outside are in the comments.
 * Ends with a full collection in each thread.
 */
export async function heapProfile(kind: HeapKind, seconds: number, signal: AbortSignal): Promise<Uint8Array> {
  const all = kind === 'allocs';
  const places = new SourcePlaces();
  const start = (thread: ThreadSession): Promise<unknown> => thread.post('HeapProfiler.startSampling', {
    samplingInterval: HEAP_INTERVAL_BYTES, includeObjectsCollectedByMajorGC: all, includeObjectsCollectedByMinorGC: all,
  });
  const stop = async (thread: ThreadSession): Promise<ProfileSample[]> => {
    const { profile } = await thread.post('HeapProfiler.stopSampling') as { readonly profile: { readonly head: HeapNode } };
    await places.read(urlsOf(profile.head));
    return heapSamples(profile.head, thread.name, places);
  };
  const { samples, ...times } = await sampleThreads(seconds, signal, start, stop);
  const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
  return encodeProfile({
    ...times, samples,
    sampleTypes: [{ type: all ? 'alloc_space' : 'inuse_space', unit: 'bytes' }],
    periodType: { type: 'space', unit: 'bytes' },
    period: HEAP_INTERVAL_BYTES,
    comments: [
      `Objects allocated within ${seconds} s${all ? '' : ' and reachable at their end'}; older ones are unknown to the engine.`,
      `Process: resident ${rss} bytes. Main thread: heap ${heapUsed}, external ${external}, of that array buffers ${arrayBuffers}.`,
    ],
  });
}

/** One sample for each thread, in place of Go's goroutines and threads. */
export async function threadProfile(type: 'goroutine' | 'threadcreate'): Promise<Uint8Array> {
  const sessions = await ThreadSessions.open();
  sessions.close();
  const samples = sessions.threads.map(({ name, file }) => ({ stack: [{ name, file, line: 0 }], values: [1], thread: name }));
  return encodeProfile({ ...instant(), sampleTypes: [{ type, unit: 'count' }], samples, comments: ['Threads that run JavaScript.'] });
}

export function emptyProfile(sampleTypes: readonly ValueType[]): Uint8Array {
  return encodeProfile({ ...instant(), sampleTypes, samples: [], comments: ['There is nothing of the kind in this server.'] });
}

function instant(): Pick<Profile, 'timeMs' | 'durationMs'> {
  return { timeMs: Date.now(), durationMs: 0 };
}

/** Starts in all threads, waits, stops in those that were started. A thread that ends meanwhile, or does not answer, is left out. */
async function sampleThreads(
  seconds: number, signal: AbortSignal,
  start: (thread: ThreadSession) => Promise<unknown>, stop: (thread: ThreadSession) => Promise<ProfileSample[]>,
): Promise<Pick<Profile, 'timeMs' | 'durationMs' | 'samples'>> {
  const sessions = await ThreadSessions.open();
  try {
    // Threads may begin meanwhile; they are left out.
    const threads = [...sessions.threads];
    const begun = await Promise.allSettled(threads.map((thread) => start(thread)));
    const timeMs = Date.now();
    const from = performance.now();
    await elapse(seconds * 1000, signal);
    const durationMs = performance.now() - from;
    const running = threads.filter((_thread, i) => begun[i]!.status === 'fulfilled');
    const ended = await Promise.allSettled(running.map((thread) => stop(thread)));
    return { timeMs, durationMs, samples: ended.flatMap((one) => (one.status === 'fulfilled' ? one.value : [])) };
  } finally {
    sessions.close();
  }
}

function elapse(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener('abort', end);
    if (signal.aborted) end();
  });
}

function cpuSamples(nodes: readonly CpuNode[], thread: string, places: SourcePlaces): ProfileSample[] {
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const parents = new Map<number, number>();
  for (const { id, children = [] } of nodes) for (const child of children) parents.set(child, id);
  const samples: ProfileSample[] = [];
  for (const node of nodes) {
    const { hitCount = 0 } = node;
    if (hitCount === 0 || IDLE.has(node.callFrame.functionName)) continue;
    const stack: Frame[] = [];
    for (let at: CpuNode | undefined = node; at !== undefined; at = byId.get(parents.get(at.id) ?? -1)) {
      if (at.callFrame.functionName !== '(root)') stack.push(frameOf(at.callFrame, places));
    }
    samples.push({ stack, values: [hitCount, hitCount * CPU_INTERVAL_US * 1000], thread });
  }
  return samples;
}

function heapSamples(head: HeapNode, thread: string, places: SourcePlaces): ProfileSample[] {
  const samples: ProfileSample[] = [];
  const visit = (node: HeapNode, outer: readonly Frame[]): void => {
    const stack = node === head ? outer : [frameOf(node.callFrame, places), ...outer];
    if (node.selfSize > 0) samples.push({ stack, values: [Math.round(node.selfSize)], thread });
    for (const child of node.children) visit(child, stack);
  };
  visit(head, []);
  return samples;
}

function urlsOf(node: HeapNode): string[] {
  return [node.callFrame.url, ...node.children.flatMap(urlsOf)];
}

function frameOf({ functionName, url, lineNumber, columnNumber }: CallFrame, places: SourcePlaces): Frame {
  return { name: functionName === '' ? '(anonymous)' : functionName, ...places.of(url, lineNumber, columnNumber) };
}
