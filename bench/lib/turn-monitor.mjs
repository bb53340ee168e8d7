// Preloaded into a server (`node --import`): on SIGUSR2 it prints the longest turns of the main thread since the last time, as
// one line of JSON on stderr. Unlike `loop-monitor`, in time that it ran and not that passed, so that a busy machine does not
// change it; Linux counts it in steps of up to 4 ms.
import fs from 'node:fs';
import { isMainThread } from 'node:worker_threads';

const KEPT = 5;

if (isMainThread) {
  const ranMs = () => Number(fs.readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
  let [last, begun] = [ranMs(), ranMs()];
  let longest = [];
  setInterval(() => {
    const now = ranMs();
    longest = [...longest, now - last].sort((a, b) => b - a).slice(0, KEPT);
    last = now;
  }, 1).unref();
  process.on('SIGUSR2', () => {
    console.error(JSON.stringify({ turnsMs: longest.map((ms) => Math.round(ms)), ranMs: Math.round(ranMs() - begun) }));
    [longest, begun] = [[], ranMs()];
  });
}
