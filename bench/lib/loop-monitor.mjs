// Preloaded into a server (`node --import`): on SIGUSR2 it prints what delayed its main thread since the last time, as one line of JSON
// on stderr. Delays of the event loop are measured by a timer of 1 ms; collections are those of the main thread, as are the seconds that
// it ran, and that it could have run but had no core (Linux): the latter is the machine's doing.
import fs from 'node:fs';
import { monitorEventLoopDelay, PerformanceObserver, constants } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const KINDS = {
  [constants.NODE_PERFORMANCE_GC_MINOR]: 'minor', [constants.NODE_PERFORMANCE_GC_MAJOR]: 'major',
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: 'incremental', [constants.NODE_PERFORMANCE_GC_WEAKCB]: 'weak',
};

if (isMainThread) {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  let collections = {};
  new PerformanceObserver((list) => {
    for (const { detail, duration } of list.getEntries()) {
      const kind = (collections[KINDS[detail.kind]] ??= { count: 0, totalMs: 0, maxMs: 0 });
      kind.count++;
      kind.totalMs += duration;
      kind.maxMs = Math.max(kind.maxMs, duration);
    }
  }).observe({ entryTypes: ['gc'] });
  // Nanoseconds that a thread ran, and waited for a core.
  const schedule = () => fs.readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ').map(Number);
  let [ran, waited] = schedule();
  process.on('SIGUSR2', () => {
    const ms = (nanos) => Number((nanos / 1e6).toFixed(1));
    const [ranNow, waitedNow] = schedule();
    console.error(JSON.stringify({
      loopMs: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) }, collections,
      ranSeconds: (ranNow - ran) / 1e9, waitedSeconds: (waitedNow - waited) / 1e9,
    }));
    [ran, waited] = [ranNow, waitedNow];
    delay.reset();
    collections = {};
  });
}
