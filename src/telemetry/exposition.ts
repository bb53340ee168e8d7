/**
 * The text formats of /metrics: Prometheus text 0.0.4 and OpenMetrics 1.0, by what the client accepts.
 * Sources: prometheus/docs `exposition_formats.md`, OpenMetrics 1.0 specification.
 */
import { CounterChild, GaugeChild, type AnyFamily, type HistogramChild, type MetricsRegistry } from './metrics.js';

export type ExpositionFormat = 'text' | 'openmetrics';

export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores',
};

/**
 * The format that an `Accept` header prefers; of equal weights the first. Without a match the older text, as all
 * Prometheus clients do (never 406: a browser must see something).
 */
export function negotiateFormat(accept: string | undefined): ExpositionFormat {
  let best: ExpositionFormat = 'text';
  let bestWeight = 0;
  for (const range of (accept ?? '').split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    const parameter = (name: string) => parameters.find((part) => part.startsWith(`${name}=`))?.slice(name.length + 1);
    const version = parameter('version');
    const format = formatOf(type, version);
    const weight = Number(parameter('q') ?? 1);
    if (format !== undefined && weight > bestWeight) {
      best = format;
      bestWeight = weight;
    }
  }
  return best;
}

function formatOf(type: string, version: string | undefined): ExpositionFormat | undefined {
  if (type === 'application/openmetrics-text') return version === undefined || version === '1.0.0' ? 'openmetrics' : undefined;
  if (type === 'text/plain') return version === undefined || version === '0.0.4' ? 'text' : undefined;
  return type === '*/*' || type === 'text/*' ? 'text' : undefined;
}

export function renderMetrics(registry: MetricsRegistry, format: ExpositionFormat): string {
  const lines: string[] = [];
  for (const family of registry.collect()) renderFamily(family, format, lines);
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function renderFamily(family: AnyFamily, format: ExpositionFormat, lines: string[]): void {
  // In OpenMetrics the family of a counter has no suffix, its samples do.
  const title = format === 'openmetrics' && family.type === 'counter' ? family.name.slice(0, -'_total'.length) : family.name;
  lines.push(`# HELP ${title} ${escapeHelp(family.help, format)}`, `# TYPE ${title} ${family.type}`);
  for (const { labelValues, child } of family.children.values()) {
    const labels = family.labelNames.map((name, i) => `${name}="${escapeValue(labelValues[i]!)}"`);
    if (child instanceof CounterChild || child instanceof GaugeChild) {
      lines.push(`${family.name}${braces(labels)} ${numberText(child.value)}`);
    } else {
      renderHistogram(family.name, labels, child, format, lines);
    }
  }
}

function renderHistogram(name: string, labels: readonly string[], child: HistogramChild, format: ExpositionFormat, lines: string[]): void {
  let count = 0;
  child.counts.forEach((inBucket, i) => {
    count += inBucket;
    const bound = i < child.bounds.length ? boundText(child.bounds[i]!, format) : '+Inf';
    lines.push(`${name}_bucket${braces([...labels, `le="${bound}"`])} ${count}`);
  });
  lines.push(`${name}_sum${braces(labels)} ${numberText(child.sum)}`, `${name}_count${braces(labels)} ${count}`);
}

function braces(labels: readonly string[]): string {
  return labels.length === 0 ? '' : `{${labels.join(',')}}`;
}

function numberText(value: number): string {
  if (value === Infinity) return '+Inf';
  return value === -Infinity ? '-Inf' : String(value);
}

/** OpenMetrics wants bounds that look like floats: `1.0`. */
function boundText(bound: number, format: ExpositionFormat): string {
  return format === 'openmetrics' && Number.isInteger(bound) ? `${bound}.0` : String(bound);
}

function escapeValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"');
}

function escapeHelp(help: string, format: ExpositionFormat): string {
  const escaped = help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  return format === 'openmetrics' ? escaped.replaceAll('"', '\\"') : escaped;
}
