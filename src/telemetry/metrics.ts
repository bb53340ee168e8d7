/**
 * Our own metrics: counters, gauges and histograms with a fixed set of label names each. Made once at start and passed to
 * whoever counts; nothing here is global. Reading for /metrics is in exposition.ts.
 *
 * A metric without label names is its own single child: `counter.inc()`. With label names, callers fetch a child once
 * (`counter.with('otlp', '200')`) and keep it where it is hot.
 */
import { invariant } from '../invariant.js';

export type MetricType = 'counter' | 'gauge' | 'histogram';

/** Label sets of one metric above which new ones are counted together as `other`: a path or a sender must not fill memory. */
const CHILDREN_MAX = 500;
const OVERFLOW = 'other';

const METRIC_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL_NAME = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

export class Family<Child> {
  readonly children = new Map<string, { readonly labelValues: readonly string[]; readonly child: Child }>();

  constructor(
    readonly type: MetricType,
    readonly name: string,
    readonly help: string,
    readonly labelNames: readonly string[],
    private readonly create: () => Child,
  ) {
    invariant(METRIC_NAME.test(name), `metric name "${name}"`);
    invariant(type !== 'counter' || name.endsWith('_total'), `counter "${name}" must end in _total (OpenMetrics)`);
    invariant(labelNames.every((label) => LABEL_NAME.test(label) && label !== 'le'), `label names of "${name}"`);
    // A metric without labels is there from the start, as 0: `rate()` needs the zero before the first event.
    if (labelNames.length === 0) this.with();
  }

  /** The child with these label values, in the order of the label names. */
  with(...labelValues: string[]): Child {
    invariant(labelValues.length === this.labelNames.length, `"${this.name}" needs values for ${this.labelNames.join(', ')}`);
    const key = labelValues.join('\u0000');
    const known = this.children.get(key);
    if (known) return known.child;
    if (this.children.size >= CHILDREN_MAX && labelValues.some((value) => value !== OVERFLOW)) {
      return this.with(...labelValues.map(() => OVERFLOW));
    }
    const child = this.create();
    this.children.set(key, { labelValues, child });
    return child;
  }
}

export class CounterChild {
  value = 0;

  /** `by` must not be negative. */
  inc(by = 1): void {
    this.value += by;
  }
}

export class GaugeChild {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  add(by: number): void {
    this.value += by;
  }
}

export class HistogramChild {
  /** Observations per bucket, not cumulative; the last one is above the highest bound. */
  readonly counts: Float64Array;
  sum = 0;

  constructor(readonly bounds: readonly number[]) {
    this.counts = new Float64Array(bounds.length + 1);
  }

  observe(value: number): void {
    let i = 0;
    while (i < this.bounds.length && value > this.bounds[i]!) i++;
    this.counts[i]!++;
    this.sum += value;
  }
}

export type Counter = Family<CounterChild>;
export type Gauge = Family<GaugeChild>;
export type Histogram = Family<HistogramChild>;
export type AnyFamily = Counter | Gauge | Histogram;

/** Bounds in seconds for what answers between a millisecond and ten seconds. */
export const LATENCY_BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export class MetricsRegistry {
  private readonly families = new Map<string, AnyFamily>();
  private readonly collectors: (() => void)[] = [];

  /** @param name ends in `_total` */
  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    return this.register(new Family('counter', name, help, labelNames, () => new CounterChild()));
  }

  gauge(name: string, help: string, labelNames: readonly string[] = []): Gauge {
    return this.register(new Family('gauge', name, help, labelNames, () => new GaugeChild()));
  }

  /** @param bounds rising upper bounds, inclusive, without +Inf */
  histogram(name: string, help: string, bounds: readonly number[] = LATENCY_BOUNDS, labelNames: readonly string[] = []): Histogram {
    invariant(bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!), `bounds of "${name}" must rise`);
    return this.register(new Family('histogram', name, help, labelNames, () => new HistogramChild(bounds)));
  }

  /** `update` runs before each reading: for values that are looked up rather than counted, such as memory in use. */
  onCollect(update: () => void): void {
    this.collectors.push(update);
  }

  /** All families, sorted by name, up to date. */
  collect(): AnyFamily[] {
    for (const update of this.collectors) update();
    return [...this.families.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  private register<F extends AnyFamily>(family: F): F {
    invariant(!this.families.has(family.name), `metric "${family.name}" is registered twice`);
    this.families.set(family.name, family);
    return family;
  }
}
