/**
 * Labels of the series of a data point, without metric name and `le`: attributes, promoted resource attributes, job
 * and instance, scope, type and unit, in that order of precedence (otlp in Prometheus 3.14, `createAttributes`).
 */
import { Labels, METRIC_NAME } from '../model/labels.js';
import type { MetricType } from '../model/metadata.js';
import type { KeyValue, OtlpScope } from '../wire/otlp-types.js';
import { attributeText, findAttribute, sortedByKey } from './otlp-attributes.js';
import { NameFault, type LabelNamer } from './otlp-names.js';
import type { OtlpSettings } from './otlp-settings.js';

export const IDENTIFYING_ATTRIBUTES: ReadonlySet<string> = new Set(['service.namespace', 'service.name', 'service.instance.id']);

/** Separators of a cache key; no valid text has lone surrogates. */
const AFTER_NAME = '\udffe';
const AFTER_VALUE = '\udffd';
/** Attribute sets remembered per scope. More would be a request of distinct sets, where remembering does not pay. */
const SETS_MAX = 10_000;

/** What a resource gives to each of its series. A value '' takes a label away. */
export class ResourceLabels {
  readonly promoted = new Map<string, string>();
  readonly identity = new Map<string, string>();
  /** A promoted attribute without a usable name: no series of the resource can be built. */
  readonly fault: NameFault | undefined;

  constructor(attributes: readonly KeyValue[], settings: OtlpSettings, namer: LabelNamer) {
    const name = findAttribute(attributes, 'service.name');
    const namespace = findAttribute(attributes, 'service.namespace');
    const instance = findAttribute(attributes, 'service.instance.id');
    if (name !== undefined) this.identity.set('job', namespace === undefined ? name : `${namespace}/${name}`);
    if (instance !== undefined) this.identity.set('instance', instance);
    this.fault = this.promote(attributes, settings, namer);
  }

  /** Two that collide do not join, the later one stays (3.5 kept the first). */
  private promote(attributes: readonly KeyValue[], settings: OtlpSettings, namer: LabelNamer): NameFault | undefined {
    const all = settings.promote_all_resource_attributes;
    const listed = all ? settings.ignore_resource_attributes : settings.promote_resource_attributes;
    if (!all && listed.length === 0) return undefined;
    for (const { key, value } of attributes) {
      if (listed.includes(key) === all) continue;
      const label = namer.build(key);
      if (label instanceof NameFault) return label;
      this.promoted.set(label, attributeText(value));
    }
    return undefined;
  }
}

/** Labels of a promoted scope: none unless it has a name. */
export function scopeLabels(scope: OtlpScope, settings: OtlpSettings, namer: LabelNamer): ReadonlyMap<string, string> | NameFault {
  const labels = new Map<string, string>();
  if (!settings.promote_scope_metadata || scope.name === '') return labels;
  for (const { key, value } of scope.attributes) {
    const label = namer.build(`otel_scope_${key}`);
    if (label instanceof NameFault) return label;
    labels.set(label, attributeText(value));
  }
  labels.set('otel_scope_name', scope.name);
  labels.set('otel_scope_version', scope.version);
  labels.set('otel_scope_schema_url', scope.schemaUrl);
  return labels;
}

/** Computes labels for the points of one scope, or of one metric if type and unit are labels. Equal attribute sets are computed once. */
export class PointLabels {
  private readonly overrides: readonly (readonly [string, string])[];
  private readonly bySet = new Map<string, Labels | NameFault>();

  constructor(
    private readonly namer: LabelNamer,
    private readonly resource: ResourceLabels,
    scope: ReadonlyMap<string, string>,
    typeAndUnit: ReadonlyMap<string, string>,
  ) {
    this.overrides = [...resource.identity, ...scope, ...typeAndUnit];
  }

  of(attributes: readonly KeyValue[]): Labels | NameFault {
    let key = '';
    for (const attribute of attributes) key += attribute.key + AFTER_NAME + attributeText(attribute.value) + AFTER_VALUE;
    let labels = this.bySet.get(key);
    if (labels === undefined) {
      labels = this.compute(attributes);
      if (this.bySet.size < SETS_MAX) this.bySet.set(key, labels);
    }
    return labels;
  }

  private compute(attributes: readonly KeyValue[]): Labels | NameFault {
    const labels = attributeLabels(attributes, this.namer, NONE);
    if (labels instanceof NameFault) return labels;
    for (const [name, value] of this.resource.promoted) if (!labels.get(name)) labels.set(name, value);
    for (const [name, value] of this.overrides) labels.set(name, value);
    // An attribute whose name became `__name__` would only be overwritten.
    labels.delete(METRIC_NAME);
    return Labels.fromPairs(labels);
  }
}

const NONE: ReadonlySet<string> = new Set();

/** Type and unit as labels, to take away what the user set where there is nothing to put. */
export function typeAndUnitLabels(type: MetricType, unit: string): ReadonlyMap<string, string> {
  return new Map([['__type__', type === 'unknown' ? '' : type], ['__unit__', unit]]);
}

/** Labels of `target_info` without its name, undefined if there is nothing worth telling or nothing to join on. */
export function targetInfoLabels(
  attributes: readonly KeyValue[], resource: ResourceLabels, settings: OtlpSettings, namer: LabelNamer,
): Labels | NameFault | undefined {
  if (attributes.every(({ key }) => IDENTIFYING_ATTRIBUTES.has(key))) return undefined;
  const labels = attributeLabels(attributes, namer, settings.keep_identifying_resource_attributes ? NONE : IDENTIFYING_ATTRIBUTES);
  if (labels instanceof NameFault) return labels;
  for (const [name, value] of resource.identity) labels.set(name, value);
  if (!labels.get('job') && !labels.get('instance')) return undefined;
  labels.delete(METRIC_NAME);
  return Labels.fromPairs(labels);
}

/** Attributes in the order of their keys; values of colliding names are joined. */
function attributeLabels(
  attributes: readonly KeyValue[], namer: LabelNamer, without: ReadonlySet<string>,
): Map<string, string> | NameFault {
  const labels = new Map<string, string>();
  for (const { key, value } of sortedByKey(attributes)) {
    if (key === METRIC_NAME || without.has(key)) continue;
    const name = namer.build(key);
    if (name instanceof NameFault) return name;
    const text = attributeText(value);
    const earlier = labels.get(name);
    labels.set(name, earlier ? `${earlier};${text}` : text);
  }
  return labels;
}
