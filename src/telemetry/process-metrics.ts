/** Metrics of the process, under the names that all Prometheus client libraries use. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { MetricsRegistry } from './metrics.js';

const NANOSECONDS = 1e9;

/** @returns a function that stops the measuring of the event loop */
export function registerProcessMetrics(registry: MetricsRegistry): () => void {
  const cpu = registry.counter('process_cpu_seconds_total', 'User and system CPU time, all threads.').with();
  const resident = registry.gauge('process_resident_memory_bytes', 'Resident memory.').with();
  const heap = registry.gauge('nodejs_heap_used_bytes', 'JavaScript heap in use, main thread.').with();
  const external = registry.gauge('nodejs_external_memory_bytes', 'Memory of buffers outside the JavaScript heap.').with();
  registry.gauge('process_start_time_seconds', 'Start of the process, seconds since the epoch.').with()
    .set(Math.round(Date.now() - process.uptime() * 1000) / 1000);
  const lagMean = registry.gauge('nodejs_eventloop_lag_mean_seconds', 'Mean delay of the main event loop since the last reading.').with();
  const lagMax = registry.gauge('nodejs_eventloop_lag_max_seconds', 'Longest delay of the main event loop since the last reading.').with();

  // 20 ms: finer steps wake an idle process too often.
  const resolutionMs = 20;
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  registry.onCollect(() => {
    const { user, system } = process.cpuUsage();
    cpu.value = (user + system) / 1e6;
    const memory = process.memoryUsage();
    resident.set(memory.rss);
    heap.set(memory.heapUsed);
    external.set(memory.external);
    // The histogram holds the whole interval between two ticks of its timer; what lies above the resolution is delay.
    const lag = (ns: number) => (Number.isFinite(ns) ? Math.max(0, ns / NANOSECONDS - resolutionMs / 1000) : 0);
    lagMean.set(lag(delay.mean));
    lagMax.set(delay.count === 0 ? 0 : lag(delay.max));
    delay.reset();
  });
  return () => {
    delay.disable();
  };
}
