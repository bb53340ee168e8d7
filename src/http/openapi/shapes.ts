/** Shapes of what the API answers, as JSON Schema (2020-12, as OpenAPI 3.1 has it). A test holds them against real answers. */
import type { JsonValue } from '../../api/json-value.js';

export interface Schema {
  readonly [keyword: string]: JsonValue;
}

const string: Schema = { type: 'string' };
const number: Schema = { type: 'number' };
const integer: Schema = { type: 'integer' };
const boolean: Schema = { type: 'boolean' };

const of = (name: string): Schema => ({ $ref: `#/components/schemas/${name}` });
const list = (items: Schema): Schema => ({ type: 'array', items });
const tuple = (...items: Schema[]): Schema => ({ type: 'array', prefixItems: items, minItems: items.length, maxItems: items.length });
const map = (values: Schema): Schema => ({ type: 'object', additionalProperties: values });
const nullable = (schema: Schema): Schema => ({ anyOf: [schema, { type: 'null' }] });
const object = (required: Readonly<Record<string, Schema>>, optional: Readonly<Record<string, Schema>> = {}): Schema => ({
  type: 'object', required: Object.keys(required), properties: { ...required, ...optional }, additionalProperties: false,
});
/** A list of something that there is none of here. */
const none: Schema = { type: 'array', maxItems: 0 };

const ERROR_TYPES = ['bad_data', 'execution', 'timeout', 'canceled', 'internal', 'unavailable', 'not_found', 'not_acceptable'];

export const SHAPES: Readonly<Record<string, Schema>> = {
  Success: {
    type: 'object', required: ['status', 'data'],
    properties: { status: { type: 'string', const: 'success' }, data: {}, warnings: list(string), infos: list(string) },
  },
  Error: object({ status: { type: 'string', const: 'error' }, errorType: { type: 'string', enum: ERROR_TYPES }, error: string }),

  Nothing: none,
  Text: string,
  Names: list(string),
  Time: { type: 'number', description: 'Unix seconds' },
  Value: { type: 'string', description: 'A float as text: shortest form that reads back the same, NaN, +Inf, -Inf' },
  Labels: map(string),
  LabelSets: list(of('Labels')),

  Sample: tuple(of('Time'), of('Value')),
  HistogramSample: tuple(of('Time'), of('Histogram')),
  Histogram: object({ count: of('Value'), sum: of('Value') }, { buckets: list(of('Bucket')) }),
  Bucket: {
    ...tuple({ type: 'integer', minimum: 0, maximum: 3 }, of('Value'), of('Value'), of('Value')),
    description: 'Which ends belong to it (0 upper, 1 lower, 2 none, 3 both), lower end, upper end, count',
  },
  VectorEntry: { oneOf: [
    object({ metric: of('Labels'), value: of('Sample') }), object({ metric: of('Labels'), histogram: of('HistogramSample') }),
  ] },
  MatrixEntry: object({ metric: of('Labels') }, { values: list(of('Sample')), histograms: list(of('HistogramSample')) }),
  QueryData: { oneOf: [
    result('vector', list(of('VectorEntry'))), result('matrix', list(of('MatrixEntry'))),
    result('scalar', of('Sample')), result('string', tuple(of('Time'), string)),
  ] },
  QueryStats: object({
    timings: object(Object.fromEntries([
      'evalTotalTime', 'resultSortTime', 'queryPreparationTime', 'innerEvalTime', 'execQueueTime', 'execTotalTime',
    ].map((name) => [name, number]))),
    samples: object(
      { totalQueryableSamples: integer, samplesRead: integer, peakSamples: integer },
      { totalQueryableSamplesPerStep: list(tuple(of('Time'), integer)) },
    ),
  }),
  ExemplarSeriesList: list(object({
    seriesLabels: of('Labels'), exemplars: list(object({ labels: of('Labels'), value: of('Value'), timestamp: of('Time') })),
  })),
  SyntaxTree: { type: 'object', required: ['type'], properties: { type: { type: 'string', enum: [
    'aggregation', 'binaryExpr', 'call', 'matrixSelector', 'numberLiteral', 'parenExpr', 'stringLiteral', 'subquery', 'unaryExpr',
    'vectorSelector',
  ] } } },

  Metadata: map(list(object({ type: of('MetricType'), help: string, unit: string }))),
  MetricType: {
    type: 'string', enum: ['counter', 'gauge', 'histogram', 'gaugehistogram', 'summary', 'info', 'stateset', 'unknown'],
  },
  SearchResults: object({ results: list(object({ name: string }, {
    value: string, score: number, type: of('MetricType'), help: string, unit: string,
  })) }),
  SearchEnd: object({ status: { type: 'string', const: 'success' }, has_more: boolean }),

  Targets: object({ activeTargets: none, droppedTargets: none, droppedTargetCounts: nullable(map(integer)) }),
  ScrapePools: object({ scrapePools: none }),
  RuleGroups: object({ groups: none }),
  Alerts: object({ alerts: none }),
  Alertmanagers: object({ activeAlertmanagers: none, droppedAlertmanagers: none }),

  BuildInfo: object({ version: string, revision: string, branch: string, buildUser: string, buildDate: string, goVersion: string }),
  RuntimeInfo: object({
    startTime: string, CWD: string, hostname: string, serverTime: string, reloadConfigSuccess: boolean, lastConfigTime: string,
    corruptionCount: integer, goroutineCount: integer, GOMAXPROCS: integer, GOMEMLIMIT: integer, GOGC: string, GODEBUG: string,
    storageRetention: string,
  }),
  Config: object({ yaml: string }),
  Flags: map(string),
  Cardinality: object({
    headStats: object({ numSeries: integer, numLabelPairs: integer, chunkCount: integer, minTime: integer, maxTime: integer }),
    seriesCountByMetricName: of('Counts'), labelValueCountByLabelName: of('Counts'), memoryInBytesByLabelName: of('Counts'),
    seriesCountByLabelValuePair: of('Counts'),
  }),
  Counts: list(object({ name: string, value: integer })),
  Blocks: object({ blocks: list(object({
    ulid: string, minTime: integer, maxTime: integer, version: integer, sizeBytes: integer,
    stats: object({}, Object.fromEntries(['numSamples', 'numFloatSamples', 'numHistogramSamples', 'numSeries', 'numChunks']
      .map((name) => [name, integer]))),
    compaction: object({ level: integer, sources: list(string) }, { failed: boolean }),
  })) }),
  WalReplay: object({ min: integer, max: integer, current: integer }),
  SelfMetrics: list(object({ name: string, help: string, type: string, metric: list({ type: 'object' }) })),
  Features: map(map(boolean)),
  Notices: list(object({ text: string, date: string, active: boolean })),
  Snapshot: object({ name: string }),
  DryRun: {
    type: 'object', required: ['protocol', 'totals', 'metrics', 'collisions', 'rejects'],
    properties: {
      protocol: { type: 'string', enum: ['otlp', 'remote_write_v1', 'remote_write_v2'] },
      totals: map(integer), metrics: list({ type: 'object' }), collisions: list({ type: 'object' }), rejects: list({ type: 'object' }),
    },
  },
};

function result(type: string, schema: Schema): Schema {
  return object({ resultType: { type: 'string', const: type }, result: schema }, { stats: of('QueryStats') });
}

/** The envelope with a shape of `SHAPES` in it. */
export function successSchema(shape: string): Schema {
  return { allOf: [of('Success'), { type: 'object', properties: { data: of(shape) } }] };
}

/** A shape of `SHAPES` by its name. */
export function shapeSchema(shape: string): Schema {
  return of(shape);
}
