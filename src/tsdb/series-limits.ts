/**
 * Limits of series per metric and per sender. They refuse new series only: what is known goes on. Counted per head, like
 * `storage.head.max_series`, so that a new head begins with a clean slate when the senders are mended.
 */
import { METRIC_NAME, type Labels } from '../model/labels.js';
import { Matcher } from '../model/matcher.js';
import type { Head, NewSeriesGuard } from './head/head.js';
import type { WireWalk } from './wire-walk.js';

export interface SeriesLimitOptions {
  /** 0 = no limit. */
  readonly perMetric: number;
  readonly perSender: number;
  /** Label whose value is the sender. */
  readonly senderLabel: string;
}

export type SeriesLimit = 'metric' | 'sender';

interface Census {
  readonly metric: Map<string, number>;
  readonly sender: Map<string, number>;
}

interface Refusal {
  readonly head: Head;
  readonly limit: SeriesLimit;
  readonly value: string;
  readonly labels: Labels;
}

/** Series that are looked at to find the label that exploded. */
const SAMPLE_MAX = 10_000;
/** Which label exploded is found out once in so many refusals of the same metric or sender. */
const EXPLAIN_EVERY = 1000;
const EXPLAINED_MAX = 1000;

export class SeriesLimits implements NewSeriesGuard {
  private readonly censuses = new WeakMap<Head, Census>();
  private readonly explained = new Map<string, { text: string; uses: number }>();
  private first: Refusal | undefined;

  /** @param onRefused counts; called for each new series each time it is refused */
  constructor(
    private options: SeriesLimitOptions,
    private readonly onRefused: (limit: SeriesLimit) => void,
  ) {}

  /** Takes other limits. What `heads` have is counted anew where it was not counted, or under another label. */
  change(options: SeriesLimitOptions, heads: readonly Head[]): void {
    const isCounted = !this.isOff && options.senderLabel === this.options.senderLabel;
    this.options = options;
    this.explained.clear();
    if (!isCounted && !this.isOff) for (const head of heads) this.countAll(head);
  }

  get isOff(): boolean {
    return this.options.perMetric === 0 && this.options.perSender === 0;
  }

  /** Counts what a head has from its log. */
  countAll(head: Head): void {
    const census: Census = { metric: new Map(), sender: new Map() };
    this.censuses.set(head, census);
    for (let ref = 0; ref < head.arena.seriesCount; ref++) this.created(head, head.reader.labelsOf(ref));
  }

  /** False if a limit forbids the new series. Called inside a batch of the arena: nothing may be read there. */
  admits(head: Head, labels: Labels): boolean {
    const limit = this.reached(this.censusOf(head), labels);
    if (limit === undefined) return true;
    this.onRefused(limit);
    this.first ??= { head, limit, labels, value: limit === 'metric' ? labels.metricName : this.senderOf(labels) };
    return false;
  }

  created(head: Head, labels: Labels): void {
    this.count(this.censusOf(head), labels);
  }

  /**
   * Asked for one new series of a head after another, says the limit that would refuse it, or counts it. For a dry run: nothing is
   * remembered behind the function.
   */
  foresight(head: Head | undefined): (labels: Labels) => SeriesLimit | undefined {
    const known = head && this.censuses.get(head);
    const census: Census = { metric: new Map(known?.metric), sender: new Map(known?.sender) };
    return (labels) => {
      const limit = this.reached(census, labels);
      if (limit === undefined) this.count(census, labels);
      return limit;
    };
  }

  /** Which limit, as a sentence without the label that exploded. */
  describe(limit: SeriesLimit, labels: Labels): string {
    const { perMetric, perSender, senderLabel } = this.options;
    return limit === 'metric' ? `limits.max_series_per_metric is ${perMetric}: metric ${JSON.stringify(labels.metricName)}`
      : `limits.max_series_per_sender is ${perSender}: ${senderLabel} ${JSON.stringify(this.senderOf(labels))}`;
  }

  private reached(census: Census, labels: Labels): SeriesLimit | undefined {
    if (isFull(census.metric, labels.metricName, this.options.perMetric)) return 'metric';
    return isFull(census.sender, this.senderOf(labels), this.options.perSender) ? 'sender' : undefined;
  }

  private count(census: Census, labels: Labels): void {
    increment(census.metric, labels.metricName);
    increment(census.sender, this.senderOf(labels));
  }

  /** A sentence about the first series that was refused since the last call: which limit, and which label exploded. */
  takeExplanation(): string | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    this.first = undefined;
    const { limit, labels } = first;
    return `series limit reached: ${this.describe(limit, labels)}${this.explosion(first)}: new series ${labels.toString()}`;
  }

  /** The label with the most values among the series that use up the limit: since the head began, those are its growth. */
  private explosion({ head, limit, value }: Refusal): string {
    const key = `${limit}\u0000${value}`;
    const known = this.explained.get(key);
    if (known !== undefined && ++known.uses < EXPLAIN_EVERY) return known.text;
    const matcher = new Matcher('=', limit === 'metric' ? METRIC_NAME : this.options.senderLabel, value);
    const values = new Map<string, Set<string>>();
    for (const { labels } of head.reader.select([matcher], head.mint, head.maxt).slice(-SAMPLE_MAX)) {
      labels.names.forEach((name, i) => {
        const seen = values.get(name);
        if (seen) seen.add(labels.values[i]!);
        else values.set(name, new Set([labels.values[i]!]));
      });
    }
    let most = '';
    for (const [name, seen] of values) if (seen.size > (values.get(most)?.size ?? 1)) most = name;
    const text = most === '' ? '' : `; label ${JSON.stringify(most)} has ${values.get(most)!.size} values`;
    if (this.explained.size >= EXPLAINED_MAX) this.explained.clear();
    this.explained.set(key, { text, uses: 0 });
    return text;
  }

  private senderOf(labels: Labels): string {
    return labels.get(this.options.senderLabel);
  }

  private censusOf(head: Head): Census {
    let census = this.censuses.get(head);
    if (census === undefined) this.censuses.set(head, (census = { metric: new Map(), sender: new Map() }));
    return census;
  }
}

/**
 * The same walk, but series that the kernel does not know by their bytes are left to TypeScript, where the limits are, if `always` or
 * if one of them may have a label longer than `maxLabel` or too many. Known ones are as fast as without.
 */
export function withDecidedMisses(walk: WireWalk, always: boolean, maxLabel: number): WireWalk {
  return {
    ...walk,
    resolveMisses: (arena, count) => {
      if (!always && walk.longestLabel(arena, count) <= maxLabel) return walk.resolveMisses(arena, count);
      return arena.misses.leave(count);
    },
  };
}

/** Series without the label are nobody's. */
function isFull(counts: ReadonlyMap<string, number>, value: string, limit: number): boolean {
  return limit > 0 && value !== '' && (counts.get(value) ?? 0) >= limit;
}

function increment(counts: Map<string, number>, value: string): void {
  counts.set(value, (counts.get(value) ?? 0) + 1);
}
