import { METRIC_NAME, type Labels } from '../model/labels.js';
import type { SampleBatch } from '../model/sample-batch.js';

/** Before the added label in a key; no valid text has lone surrogates. */
const SEPARATOR = '\udffe';

/** The labels of data points without their metric name, and the series made of them. */
interface Base {
  readonly labels: Labels;
  readonly series: Map<string, number>;
}

/**
 * The series of one request by their parts, so that a series that comes again (from another scope, at another time) is
 * found without building its labels. Equal label sets get one index.
 */
export class SeriesIndex {
  /** By identity: points with equal attributes share one object. */
  private readonly byObject = new Map<Labels, Base>();
  private readonly byKey = new Map<string, Base>();
  // Labels with a name, of the last new series: the next one is mostly another bucket of it.
  private namedBase: Base | undefined;
  private namedName = '';
  private namedLabels: Labels | undefined;

  constructor(private readonly batch: SampleBatch) {}

  /** Series `name` with the labels `base`. */
  plain(base: Labels, name: string): number {
    const { labels, series } = this.base(base);
    let index = series.get(name);
    if (index === undefined) {
      index = this.batch.addSeries(labels.with(METRIC_NAME, name));
      series.set(name, index);
    }
    return index;
  }

  /** The same with one more label, which replaces one of that name. `value` must not be ''. */
  labelled(base: Labels, name: string, label: string, value: string): number {
    const entry = this.base(base.get(label) === '' ? base : base.with(label, ''));
    const key = `${name}${SEPARATOR}${label}=${value}`;
    let index = entry.series.get(key);
    if (index === undefined) {
      index = this.batch.addSeries(this.named(entry, name).with(label, value));
      entry.series.set(key, index);
    }
    return index;
  }

  private named(base: Base, name: string): Labels {
    if (this.namedLabels === undefined || this.namedBase !== base || this.namedName !== name) {
      this.namedLabels = base.labels.with(METRIC_NAME, name);
      this.namedBase = base;
      this.namedName = name;
    }
    return this.namedLabels;
  }

  private base(labels: Labels): Base {
    let base = this.byObject.get(labels);
    if (base === undefined) {
      const key = labels.key();
      base = this.byKey.get(key);
      if (base === undefined) {
        base = { labels, series: new Map() };
        this.byKey.set(key, base);
      }
      this.byObject.set(labels, base);
    }
    return base;
  }
}
