import { METRIC_NAME, type Labels } from '../model/labels.js';
import type { SampleBatch } from '../model/sample-batch.js';

/** Before the added label in a key; no valid text has lone surrogates. */
const SEPARATOR = '\udffe';

/** The labels of data points without their metric name, and the series made of them: mostly one. */
class Base {
  private firstKey: string | undefined;
  private firstIndex = 0;
  private others: Map<string, number> | undefined;

  constructor(readonly labels: Labels) {}

  get(key: string): number | undefined {
    return key === this.firstKey ? this.firstIndex : this.others?.get(key);
  }

  set(key: string, index: number): void {
    if (this.firstKey === undefined) {
      this.firstKey = key;
      this.firstIndex = index;
    } else (this.others ??= new Map<string, number>()).set(key, index);
  }
}

/**
 * The series of one request by their parts, so that a series that comes again (from another scope, at another time) is
 * found without building its labels. `equal` label sets get one index, or only those that are the `same` object, which costs a third.
 */
export class SeriesIndex {
  /** By identity: points with equal attributes share one object. */
  private readonly byObject = new Map<Labels, Base>();
  private readonly byKey = new Map<string, Base>();
  // Labels with a name, of the last new series: the next one is mostly another bucket of it.
  private namedBase: Base | undefined;
  private namedName = '';
  private namedLabels: Labels | undefined;

  constructor(private readonly batch: SampleBatch, private readonly oneIndexFor: 'equal' | 'same') {}

  /** Series `name` with the labels `base`. */
  plain(base: Labels, name: string): number {
    const entry = this.base(base);
    let index = entry.get(name);
    if (index === undefined) {
      index = this.batch.addSeries(entry.labels.with(METRIC_NAME, name));
      entry.set(name, index);
    }
    return index;
  }

  /** The same with one more label, which replaces one of that name. `value` must not be ''. */
  labelled(base: Labels, name: string, label: string, value: string): number {
    const entry = this.base(base.get(label) === '' ? base : base.with(label, ''));
    const key = `${name}${SEPARATOR}${label}=${value}`;
    let index = entry.get(key);
    if (index === undefined) {
      index = this.batch.addSeries(this.named(entry, name).with(label, value));
      entry.set(key, index);
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
      base = this.oneIndexFor === 'same' ? new Base(labels) : this.equalBase(labels);
      this.byObject.set(labels, base);
    }
    return base;
  }

  private equalBase(labels: Labels): Base {
    const key = labels.key();
    let base = this.byKey.get(key);
    if (base === undefined) {
      base = new Base(labels);
      this.byKey.set(key, base);
    }
    return base;
  }
}
