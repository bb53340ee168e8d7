/** Which format a federating client gets, and the text one. Source: prometheus/common `expfmt/encode.go`, `Negotiate`. */
import { ByteWriter } from '../encoding/byte-writer.js';
import { compareUtf8, METRIC_NAME, type Labels } from '../model/labels.js';
import { GrowingMemory } from '../storage/memory-account.js';
import { METRIC_FAMILY_TYPE, MetricFamilyWriter, type FamilySample } from '../wire/metric-family.js';
import type { ApiContext } from './contract.js';
import type { AnswerRoom } from './envelope.js';
import { answerTooLarge } from './error-types.js';
import {
  escapeLabelName, escapeMetricName, expositionFloat, isNameEscaping, quoteLabelValue, type NameEscaping,
} from './exposition-text.js';

/** UTF-16 units of text that become bytes at a time. */
const LINES_LENGTH = 64 * 1024;

const ENCODER = new TextEncoder();

export interface FederateFormat {
  readonly kind: 'text' | 'protobuf';
  readonly escaping: NameEscaping;
}

/**
 * The first acceptable type in the order of the client's weights; text if there is none. `escaping` may come with any type that is
 * looked at on the way.
 */
export function negotiateFederation(accept: string): FederateFormat {
  let escaping: NameEscaping = 'underscores';
  for (const { type, params } of rangesOf(accept)) {
    const wanted = params.get('escaping');
    if (isNameEscaping(wanted)) escaping = wanted;
    const isFamily = type === 'application/vnd.google.protobuf' && params.get('proto') === 'io.prometheus.client.MetricFamily';
    if (isFamily && params.get('encoding') === 'delimited') return { kind: 'protobuf', escaping };
    if (type === 'text/plain' && ['', '0.0.4'].includes(params.get('version') ?? '')) break;
  }
  return { kind: 'text', escaping };
}

function rangesOf(accept: string): { type: string; params: Map<string, string>; weight: number }[] {
  const ranges = accept.split(',').map((range) => {
    const [type = '', ...rest] = range.split(';').map((part) => part.trim());
    const params = new Map(rest.map((part) => {
      const [name = '', value = ''] = part.split('=', 2);
      return [name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1')];
    }));
    return { type: type.toLowerCase(), params, weight: Number(params.get('q') ?? 1) };
  });
  return ranges.sort((a, b) => b.weight - a.weight);
}

export interface FederatedSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  readonly value: FamilySample['value'];
}

/** Writes samples that come sorted by name. Native histograms have no text form and are left out of it, as in Prometheus. */
export class FederationWriter {
  readonly contentType: string;
  private readonly families: MetricFamilyWriter | undefined;
  private readonly out = new ByteWriter(64 * 1024);
  private readonly grown: GrowingMemory;
  /** Text that is not in `out` yet. */
  private lines = '';
  private lastName: string | undefined;

  constructor(
    private readonly format: FederateFormat,
    private readonly context: AnswerRoom & Pick<ApiContext, 'externalLabels'>,
  ) {
    const { kind, escaping } = format;
    this.families = kind === 'protobuf' ? new MetricFamilyWriter() : undefined;
    this.grown = new GrowingMemory(context.memory);
    // Quoted names are of version 1.0.0, but it is 0.0.4 that Prometheus sends, and reads.
    const type = kind === 'protobuf' ? METRIC_FAMILY_TYPE : 'text/plain; version=0.0.4; charset=utf-8';
    this.contentType = `${type}; escaping=${escaping}`;
  }

  /** Bytes so far. */
  get length(): number {
    return this.families?.length ?? this.out.length + this.lines.length;
  }

  /** @throws ApiError the answer is larger than an answer may be @throws MemoryLimitError */
  add({ labels, timestampMs, value }: FederatedSample): void {
    if (labels.metricName === '') return;
    const { escaping } = this.format;
    const { externalLabels } = this.context;
    if (this.families !== undefined) this.families.add({ ...family(labels, escaping, externalLabels), timestampMs, value });
    else if (typeof value === 'number') this.addLine(labels, timestampMs, value);
    if (this.length > this.context.limits.maxResponseBytes) throw answerTooLarge(this.context.limits.maxResponseBytes);
    // Buffers grow by doubling.
    this.grown.growTo(this.length * 2);
  }

  /** What was added. Ends the use of this writer. */
  finish(): Uint8Array {
    if (this.families !== undefined) return this.families.finish();
    this.flush();
    return this.out.view();
  }

  private addLine(labels: Labels, timestampMs: number, value: number): void {
    const { escaping } = this.format;
    const name = labels.metricName;
    if (name !== this.lastName) {
      this.lines += `# TYPE ${escapeMetricName(name, escaping)} untyped\n`;
      this.lastName = name;
    }
    this.lines += `${sampleName(labels, escaping, this.context.externalLabels)} ${expositionFloat(value)} ${timestampMs}\n`;
    if (this.lines.length >= LINES_LENGTH) this.flush();
  }

  private flush(): void {
    this.out.bytes(ENCODER.encode(this.lines));
    this.lines = '';
  }
}

function sampleName(labels: Labels, escaping: NameEscaping, externalLabels: Readonly<Record<string, string>>): string {
  const pairs = allPairs(labels, externalLabels).map(([name, value]) => `${escapeLabelName(name, escaping)}=${quoteLabelValue(value)}`);
  const name = escapeMetricName(labels.metricName, escaping);
  return name.startsWith('"') ? `{${[name, ...pairs].join(',')}}` : `${name}{${pairs.join(',')}}`;
}

function family(
  labels: Labels, escaping: NameEscaping, externalLabels: Readonly<Record<string, string>>,
): Pick<FamilySample, 'name' | 'labels'> {
  const pairs = allPairs(labels, externalLabels);
  if (escaping === 'allow-utf-8') return { name: labels.metricName, labels: pairs };
  return {
    name: escapeMetricName(labels.metricName, escaping),
    labels: pairs.map(([name, value]) => [escapeLabelName(name, escaping), value] as const),
  };
}

/** Labels without the name, then what the series does not have: external labels and `instance`. */
function allPairs(labels: Labels, externalLabels: Readonly<Record<string, string>>): (readonly [name: string, value: string])[] {
  const own = labels.names.map((name, i) => [name, labels.values[i]!] as const).filter(([name]) => name !== METRIC_NAME);
  // A series without an instance gets an empty one, so that the scraping side does not add its own target's.
  const added = Object.entries({ instance: '', ...externalLabels }).filter(([name]) => !labels.names.includes(name));
  return [...own, ...added.sort(([a], [b]) => compareUtf8(a, b))];
}
