/** What the rows of a story stand for when their turn comes: times and values that depend on what the model has by then. */
import { HOUR } from '../../support/store-fixture.js';
import { histogramOf } from './requests.js';
import type { Row, StoreModel } from './store-model.js';
import type { RowSpec, RunSpec, TimeSpec } from './story.js';
import { MAX_FUTURE_MS, RANGE_MS } from './told-store.js';

/** What times are measured from. */
export interface Present {
  readonly model: StoreModel;
  readonly nowMs: number;
}

export function rowOf(spec: RowSpec, present: Present): Row {
  const row = valueOf(spec, present);
  return { ...row, start: spec.startBefore === 0 ? 0 : row.t - spec.startBefore };
}

/** Samples of one series up to now, three fifths of them without a start timestamp. */
export function rowsOfRun({ series, count, stepMs }: RunSpec, nowMs: number): Row[] {
  return Array.from({ length: count }, (_, i) => ({
    series, t: nowMs - (count - 1 - i) * stepMs, value: floatOf(i * 0.5), start: i % 50 < 30 ? 0 : nowMs - HOUR,
  }));
}

function valueOf({ series, time, value }: RowSpec, present: Present): Omit<Row, 'start'> {
  const { model } = present;
  const known = time.from === 'stored' ? model.pick(time.offset) : undefined;
  const t = known?.t ?? timeOf(time, present);
  const index = known?.series ?? series;
  if (typeof value === 'number') return { series: index, t, value: { histogram: histogramOf(value) } };
  if (value !== 'same') return { series: index, t, value: { high: value[0], low: value[1] } };
  const there = model.visible.get(index)?.get(t);
  if (there === undefined || !there.startsWith('f:')) return { series: index, t, value: floatOf(1) };
  return { series: index, t, value: { high: parseInt(there.slice(2, 10), 16), low: parseInt(there.slice(10), 16) } };
}

function timeOf({ from, offset }: TimeSpec, { model, nowMs }: Present): number {
  const base = model.newest === -Infinity ? nowMs : model.newest;
  switch (from) {
    case 'clock': return nowMs + offset;
    case 'newest': return base + offset;
    case 'border': return Math.ceil(base / RANGE_MS) * RANGE_MS + offset;
    case 'window': return base - model.rules.windowMs + offset;
    case 'hour': return base - HOUR + offset;
    case 'future': return nowMs + MAX_FUTURE_MS + offset;
    case 'stored': return base;
  }
}

function floatOf(value: number): { high: number; low: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return { high: view.getUint32(0), low: view.getUint32(4) };
}
