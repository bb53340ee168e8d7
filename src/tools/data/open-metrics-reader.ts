/** Reads OpenMetrics text, as far as it has times: what programs of Prometheus write to be imported elsewhere. */
import { METRIC_NAME, Labels } from '../../model/labels.js';
import { METRIC_TYPES, type MetricMetadata, type MetricType } from '../../model/metadata.js';
import type { LineReader, LineTarget } from './line-target.js';
import { SampleLineError } from './sample-lines.js';

/** name{labels} value time, and perhaps an exemplar. `promtool tsdb dump-openmetrics` puts names of any characters there, unquoted. */
const SAMPLE = new RegExp(
  String.raw`^(?<name>[^\s{}"#]+)?(?:\{(?<labels>(?:"(?:[^"\\]|\\.)*"|[^"}])*)\})?`
  + String.raw`[ \t]+(?<value>\S+)[ \t]+(?<time>\S+)(?<rest>[ \t]+#.*)?$`,
);
const PAIR = /\s*(?:(?<name>[^\s="{},]+|"(?:[^"\\]|\\.)*")\s*=\s*)?"(?<value>(?:[^"\\]|\\.)*)"\s*(?:,|$)/y;
const EXEMPLAR = /^[ \t]+#[ \t]+\{(?<labels>(?:"(?:[^"\\]|\\.)*"|[^"}])*)\}[ \t]+(?<value>\S+)(?:[ \t]+(?<time>\S+))?[ \t]*$/;
const COMMENT = /^#[ \t]+(?<what>TYPE|HELP|UNIT)[ \t]+(?<name>"(?:[^"\\]|\\.)*"|\S+)(?:[ \t](?<text>.*))?$/;

/** A family whose lines are being read. */
interface OpenFamily {
  readonly name: string;
  type: MetricType;
  help: string;
  unit: string;
  /** Its samples are called so, with the end that OpenMetrics leaves out of the family's name. */
  hasSuffix: boolean;
}

export class OpenMetricsReader implements LineReader {
  private family: OpenFamily | undefined;

  constructor(private readonly target: LineTarget) {}

  line(text: string): void {
    if (text.trim() === '') return;
    if (text.startsWith('#')) this.comment(text);
    else this.sample(text);
  }

  end(): void {
    if (this.family) this.target.metadata(metadataOf(this.family));
    this.family = undefined;
  }

  private comment(text: string): void {
    const groups = COMMENT.exec(text)?.groups;
    if (!groups) return;
    const { what, name: written = '', text: rest = '' } = groups;
    const type = what === 'TYPE' ? metricType(rest.trim()) : undefined;
    const name = written.startsWith('"') ? unescaped(written.slice(1, -1)) : written;
    if (this.family?.name !== name) {
      this.end();
      this.family = { name, type: 'unknown', help: '', unit: '', hasSuffix: false };
    }
    if (type !== undefined) this.family.type = type;
    else if (what === 'UNIT') this.family.unit = rest.trim();
    else this.family.help = unescaped(rest);
  }

  private sample(text: string): void {
    if (text.startsWith('{__name__=')) throw new SampleLineError('this is what `promtool tsdb dump` prints: --format promtool');
    const match = SAMPLE.exec(text);
    if (!match?.groups) throw new SampleLineError('this is no sample with a value and a time');
    const { name, labels: inBraces = '', value = '', time = '', rest } = match.groups;
    const pairs = readPairs(inBraces, unescaped);
    if (name !== undefined) pairs.push([METRIC_NAME, name]);
    const labels = Labels.fromPairs(pairs);
    const { columns } = this.target;
    columns.pushFloat(timeOf(time), floatOf(value));
    columns.setStarts(0);
    const exemplar = rest === undefined ? undefined : EXEMPLAR.exec(rest)?.groups;
    if (rest !== undefined && !exemplar) throw new SampleLineError('the exemplar cannot be read');
    const exemplars = exemplar && {
      series: labels, timestamps: Float64Array.of(exemplar['time'] === undefined ? columns.timestamps[0]! : timeOf(exemplar['time'])),
      values: Float64Array.of(floatOf(exemplar['value']!)), labels: [Labels.fromPairs(readPairs(exemplar['labels']!, unescaped))],
    };
    this.noteName(labels.metricName);
    this.target.samples(labels);
    if (exemplars) this.target.exemplars(exemplars);
  }

  private noteName(metric: string): void {
    const { family } = this;
    if (!family || family.hasSuffix) return;
    const suffix = SUFFIXES[family.type];
    if (suffix !== undefined && metric === family.name + suffix) family.hasSuffix = true;
  }
}

/** Here a family has the name that its samples have, `model/metadata.ts`. */
const SUFFIXES: Readonly<Partial<Record<MetricType, string>>> = { counter: '_total', info: '_info' };

function metadataOf({ name, type, help, unit, hasSuffix }: OpenFamily): MetricMetadata {
  return { family: hasSuffix ? name + SUFFIXES[type]! : name, type, help, unit };
}

/**
 * What stands between braces; a value without a name is that of the metric.
 * @param plain what a text between quotes stands for
 * @throws SampleLineError
 */
export function readPairs(text: string, plain: (quoted: string) => string): [string, string][] {
  const pairs: [string, string][] = [];
  for (PAIR.lastIndex = 0; PAIR.lastIndex < text.trimEnd().length;) {
    const pair = PAIR.exec(text)?.groups;
    if (!pair) throw new SampleLineError('the labels cannot be read');
    const key = pair['name'];
    pairs.push([key === undefined ? METRIC_NAME : key.startsWith('"') ? plain(key.slice(1, -1)) : key, plain(pair['value']!)]);
  }
  return pairs;
}

function metricType(text: string): MetricType {
  const type = text === 'untyped' ? 'unknown' : METRIC_TYPES.find((one) => one === text);
  if (type === undefined) throw new SampleLineError(`${text} is no type of a metric`);
  return type;
}

/** Any other character behind a backslash stands for itself and the backslash. */
function unescaped(text: string): string {
  return text.replace(/\\(["\\n])/g, (_, one: string) => (one === 'n' ? '\n' : one));
}

/** Seconds to ms. */
function timeOf(text: string): number {
  const ms = /^[-+]?[0-9]*\.?[0-9]*(?:[eE][-+]?[0-9]+)?$/.test(text) ? Math.round(Number(text) * 1000) : NaN;
  if (!Number.isSafeInteger(ms)) throw new SampleLineError(`${text} is no time in seconds`);
  return ms;
}

/** @throws SampleLineError */
export function floatOf(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return NaN;
  const value = Number(text);
  if (value !== value) throw new SampleLineError(`${text} is no number`);
  return value;
}
