// What every bench prints: where it ran, then median and spread of its rounds in CPU time.
import os from 'node:os';

export function header(title) {
  console.log(`${title}\nNode ${process.versions.node}, ${os.availableParallelism()} cores, ${os.cpus()[0]?.model ?? 'unknown CPU'}`);
}

/** CPU seconds of this process while `run` runs, all threads. */
export async function cpuSeconds(run) {
  const before = process.cpuUsage();
  await run();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

/** @param {readonly number[]} sorted rising; NaN of none */
export function quantile(sorted, q) {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? NaN;
}

/** `label: median unit (min–max)` of what `rounds` calls of `measure` return. */
export async function rounds(label, count, unit, measure) {
  const values = [];
  for (let i = 0; i < count; i++) values.push(await measure(i));
  values.sort((a, b) => a - b);
  const show = (value) => value.toPrecision(3);
  console.log(`${label}: ${show(values[values.length >> 1])} ${unit} (${show(values[0])}–${show(values.at(-1))})`);
  return values[values.length >> 1];
}
