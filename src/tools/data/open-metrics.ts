/** Samples as OpenMetrics text: for promtool and other programs. Native histograms and stale markers have no form in it. */
import { floatText } from '../../api/number-text.js';
import { METRIC_NAME, Labels } from '../../model/labels.js';
import type { SampleColumns } from '../../model/sample-columns.js';
import { isStaleAt } from '../../model/stale-nan.js';
import { SampleLineError } from './sample-lines.js';

const PLAIN_NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;

/** The lines of samples [from, to); `skipped` counts what has no form. */
export function openMetricsLines(labels: Labels, columns: SampleColumns, from: number, to: number, skipped: { count: number }): string {
  const metric = labels.metricName;
  const pairs = labels.names.flatMap((name, i) => (name === METRIC_NAME ? [] : [`${quotedName(name)}="${escaped(labels.values[i]!)}"`]));
  const plain = PLAIN_NAME.test(metric);
  if (!plain) pairs.unshift(`"${escaped(metric)}"`);
  const series = `${plain ? metric : ''}${pairs.length > 0 ? `{${pairs.join(',')}}` : ''}`;
  let text = '';
  for (let i = from; i < to; i++) {
    if (columns.histograms?.[i] || isStaleAt(columns.values, i)) skipped.count++;
    else text += `${series} ${floatText(columns.values[i]!)} ${secondsText(columns.timestamps[i]!)}\n`;
  }
  return text;
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

/** name{labels} value time, and perhaps an exemplar, which is left out. */
const SAMPLE = new RegExp(
  '^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)?' + String.raw`(?:\{(?<labels>(?:"(?:[^"\\]|\\.)*"|[^"}])*)\})?`
  + String.raw`[ \t]+(?<value>\S+)[ \t]+(?<time>-?[0-9.eE+]+)(?:[ \t]+#.*)?$`,
);
const PAIR = /\s*(?:(?<name>[a-zA-Z_][a-zA-Z0-9_]*|"(?:[^"\\]|\\.)*")\s*=\s*)?"(?<value>(?:[^"\\]|\\.)*)"\s*(?:,|$)/y;

/** Reads one line; comments and empty lines give 0. Times are seconds. @throws SampleLineError */
export function readOpenMetricsLine(line: string, columnsOf: (labels: Labels) => SampleColumns): number {
  if (line.trim() === '' || line.startsWith('#')) return 0;
  const match = SAMPLE.exec(line);
  if (!match?.groups) throw new SampleLineError('this is no sample with a value and a time');
  const { name, labels = '', value = '', time = '' } = match.groups;
  const pairs: [string, string][] = name === undefined ? [] : [[METRIC_NAME, name]];
  for (PAIR.lastIndex = 0; PAIR.lastIndex < labels.length;) {
    const pair = PAIR.exec(labels)?.groups;
    if (!pair) throw new SampleLineError('the labels cannot be read');
    const key = pair['name'];
    pairs.push([key === undefined ? METRIC_NAME : key.startsWith('"') ? unescaped(key.slice(1, -1)) : key, unescaped(pair['value']!)]);
  }
  const columns = columnsOf(Labels.fromPairs(pairs));
  columns.pushFloat(Math.round(Number(time) * 1000), floatOf(value));
  columns.setStarts(columns.length - 1);
  return 1;
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, one: string) => (one === 'n' ? '\n' : one));
}

function floatOf(text: string): number {
  if (/^[+-]?inf(inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity;
  if (/^nan$/i.test(text)) return NaN;
  const value = Number(text);
  if (value !== value) throw new SampleLineError(`${text} is no number`);
  return value;
}
