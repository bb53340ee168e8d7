/**
 * Samples as OpenMetrics text, for promtool and other programs. Native histograms, stale markers, start timestamps and exemplars have no
 * form in it that such programs read. Of each family the newest metadata is given.
 */
import { floatText } from '../../api/number-text.js';
import { METRIC_NAME, compareLabels, type Labels } from '../../model/labels.js';
import type { MetricMetadata } from '../../model/metadata.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { isStaleAt } from '../../model/stale-nan.js';

const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const SUFFIX = /_(?:bucket|sum|count|gsum|gcount|total|created|info)$/;

export class OpenMetricsWriter {
  /** Samples without a form. */
  skipped = 0;
  private current: MetricMetadata | undefined;

  constructor(private readonly families: ReadonlyMap<string, MetricMetadata>) {}

  /** Samples of a family have to lie together. */
  compare(a: Labels, b: Labels): number {
    const [x, y] = [this.sortKey(a.metricName), this.sortKey(b.metricName)];
    return x < y ? -1 : x > y ? 1 : compareLabels(a, b);
  }

  /** What precedes the samples of a series: the metadata of its family, if it is the first one. */
  header(labels: Labels): string {
    const family = this.familyOf(labels.metricName);
    if (family === this.current) return '';
    this.current = family;
    return family ? metadataLines(family) : '';
  }

  /** The lines of samples [from, to). */
  samples(labels: Labels, columns: SampleColumns, from: number, to: number): string {
    const metric = labels.metricName;
    const pairs = labels.names.flatMap((name, i) => (name === METRIC_NAME ? [] : [`${quotedName(name)}="${escaped(labels.values[i]!)}"`]));
    const plain = PLAIN_NAME.test(metric);
    if (!plain && metric !== '') pairs.unshift(`"${escaped(metric)}"`);
    const series = `${plain ? metric : ''}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
    let text = '';
    for (let i = from; i < to; i++) {
      if (columns.histograms?.[i] || isStaleAt(columns.values, i)) this.skipped++;
      else text += `${series} ${floatText(columns.values[i]!)} ${secondsText(columns.timestamps[i]!)}\n`;
    }
    return text;
  }

  private familyOf(metric: string): MetricMetadata | undefined {
    const known = this.families.get(metric);
    if (known) return known;
    const suffix = SUFFIX.exec(metric);
    return suffix ? this.families.get(metric.slice(0, suffix.index)) : undefined;
  }

  private sortKey(metric: string): string {
    return this.familyOf(metric)?.family ?? metric;
  }
}

/** OpenMetrics calls a family of counters by the name without `_total`, and one of infos by that without `_info`. */
function metadataLines({ family, type, help, unit }: MetricMetadata): string {
  const suffix = type === 'counter' ? '_total' : type === 'info' ? '_info' : '';
  const bare = suffix !== '' && family.endsWith(suffix) ? family.slice(0, -suffix.length) : family;
  const name = PLAIN_NAME.test(bare) ? bare : `"${escaped(bare)}"`;
  const helpLine = help === '' ? '' : `# HELP ${name} ${escaped(help)}\n`;
  // Programs refuse a unit that is not the end of the name.
  const unitLine = unit !== '' && bare.endsWith(`_${unit}`) ? `# UNIT ${name} ${unit}\n` : '';
  return `# TYPE ${name} ${type}\n${unitLine}${helpLine}`;
}

function secondsText(ms: number): string {
  const sign = ms < 0 ? '-' : '';
  const all = String(Math.abs(ms)).padStart(4, '0');
  const fraction = all.slice(-3).replace(/0+$/, '');
  return `${sign}${all.slice(0, -3)}${fraction === '' ? '' : `.${fraction}`}`;
}

function quotedName(name: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name) ? name : `"${escaped(name)}"`;
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, (one) => (one === '\n' ? '\\n' : `\\${one}`));
}
