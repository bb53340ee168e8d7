/** Profiles for the HTTP room. What makes them is loaded when one is asked for: a start has no time for it. */
import type { ProfileSource } from '../http/deps.js';

const profiler = (): Promise<typeof import('../telemetry/profile/profiler.js')> => import('../telemetry/profile/profiler.js');

export const profileSource: ProfileSource = {
  cpu: async (seconds, signal) => (await profiler()).cpuProfile(seconds, signal),
  heap: async (kind, seconds, signal) => (await profiler()).heapProfile(kind, seconds, signal),
  instant: async (name) => {
    const { EMPTY_PROFILES, emptyProfile, threadProfile } = await profiler();
    if (name === 'goroutine' || name === 'threadcreate') return threadProfile(name);
    const types = Object.hasOwn(EMPTY_PROFILES, name) ? EMPTY_PROFILES[name] : undefined;
    return types && emptyProfile(types);
  },
};
