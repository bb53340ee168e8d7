/**
 * `/api/v1/openapi.yaml`: every endpoint of the API with its methods and parameters. The table is the source; a test compares
 * it with the routes that are really there.
 */
import { API_VERSION } from './server-status.js';

type Methods = 'get' | 'get post' | 'post' | 'post put';

interface Endpoint {
  /** Below /api/v1. */
  readonly path: string;
  readonly methods: Methods;
  readonly tag: string;
  readonly summary: string;
  /** `name`, `name!` if required, `name[]` if it may be repeated. */
  readonly params: string;
}

const row = (path: string, methods: Methods, tag: string, summary: string, params = ''): Endpoint =>
  ({ path, methods, tag, summary, params });
const SEARCH = 'search[] match[] start end limit batch_size fuzz_threshold fuzz_alg case_sensitive include_score sort_by sort_dir';

export const ENDPOINTS: readonly Endpoint[] = [
  row('/query', 'get post', 'query', 'Evaluate an instant query', 'query! time timeout limit lookback_delta stats'),
  row('/query_range', 'get post', 'query', 'Evaluate a range query', 'query! start! end! step! timeout limit lookback_delta stats'),
  row('/query_exemplars', 'get post', 'query', 'Exemplars of the series that an expression selects', 'query! start end'),
  row('/format_query', 'get post', 'query', 'Pretty-print an expression', 'query!'),
  row('/parse_query', 'get post', 'query', 'Syntax tree of an expression', 'query!'),
  row('/series', 'get post', 'metadata', 'Label sets of the series that selectors match', 'match[]! start end limit'),
  row('/labels', 'get post', 'metadata', 'Names of labels', 'match[] start end limit'),
  row('/label/{name}/values', 'get', 'metadata', 'Values of a label', 'match[] start end limit'),
  row('/metadata', 'get', 'metadata', 'Type, help and unit of metrics', 'metric limit limit_per_metric'),
  row('/search/metric_names', 'get post', 'search', 'Metric names that fit a text', `${SEARCH} include_metadata`),
  row('/search/label_names', 'get post', 'search', 'Label names that fit a text', SEARCH),
  row('/search/label_values', 'get post', 'search', 'Label values that fit a text', `label! ${SEARCH}`),
  row('/targets', 'get', 'targets', 'Scrape targets: none', 'state scrapePool'),
  row('/targets/metadata', 'get', 'targets', 'Metadata of scrape targets: none', 'match_target metric limit'),
  row('/targets/relabel_steps', 'get', 'targets', 'Relabelling of a scrape target, step by step', 'scrapePool! labels!'),
  row('/scrape_pools', 'get', 'targets', 'Names of scrape pools: none'),
  row('/scrape_pools/config', 'get', 'targets', 'Configuration of a scrape pool', 'scrapePool!'),
  row('/rules', 'get', 'rules', 'Rule groups: none',
    'type rule_name[] rule_group[] file[] match[] exclude_alerts group_limit group_next_token'),
  row('/alerts', 'get', 'rules', 'Active alerts: none'),
  row('/alertmanagers', 'get', 'rules', 'Alertmanagers: none'),
  row('/status/buildinfo', 'get', 'status', 'Versions'),
  row('/status/runtimeinfo', 'get', 'status', 'The running process'),
  row('/status/config', 'get', 'status', 'The configuration in force, as YAML'),
  row('/status/flags', 'get', 'status', 'The flags in force'),
  row('/status/tsdb', 'get', 'status', 'Cardinality of the heads', 'limit'),
  row('/status/tsdb/blocks', 'get', 'status', 'Blocks on disk'),
  row('/status/walreplay', 'get', 'status', 'Progress of the start'),
  row('/status/self_metrics', 'get', 'status', 'The server\'s own metrics, as JSON', 'metric_name_pattern'),
  row('/features', 'get', 'status', 'What this server can do'),
  row('/notifications', 'get', 'status', 'What is the matter now'),
  row('/notifications/live', 'get', 'status', 'The same as server-sent events'),
  row('/openapi.yaml', 'get', 'status', 'This description', 'openapi_version'),
  row('/write', 'post', 'ingest', 'Prometheus remote write 1.0 and 2.0'),
  row('/otlp/v1/metrics', 'post', 'ingest', 'OTLP metrics, protobuf or JSON'),
  row('/admin/tsdb/delete_series', 'post put', 'admin', 'Delete samples', 'match[]! start end'),
  row('/admin/tsdb/clean_tombstones', 'post put', 'admin', 'Remove deleted samples from the disk'),
  row('/admin/tsdb/flush', 'post put', 'admin', 'Make blocks of all heads now, and compact; not an endpoint of Prometheus'),
  row('/admin/tsdb/snapshot', 'post put', 'admin', 'Copy the data into a directory', 'skip_head'),
];

/** Status codes by tag, and of the endpoints that have others. 405 belongs to methods that are not described. */
const STATUSES: Readonly<Record<string, string>> = {
  'query': '200 400 413 422 499 500 503',
  'metadata': '200 400 413 422 499 500 503',
  'search': '200 400 413 499 500 503',
  'targets': '200 400 500 503',
  'rules': '200 400 500 503',
  'status': '200 500 503',
  'admin': '204 400 413 500 503',
  '/query_exemplars': '200 204 400 413 422 499 500 503',
  '/targets/relabel_steps': '400 404 500 503',
  '/scrape_pools/config': '400 404 500 503',
  '/status/tsdb': '200 400 499 500 503',
  '/status/self_metrics': '200 400 500 503',
  '/status/walreplay': '200 500',
  '/notifications': '200 500',
  '/notifications/live': '200 204 500',
  '/openapi.yaml': '200 500',
  '/write': '200 204 400 413 415 500 503',
  '/otlp/v1/metrics': '200 400 413 415 500 503',
  '/admin/tsdb/snapshot': '200 400 413 500 503',
};

const MEANINGS: Readonly<Record<string, string>> = {
  200: 'Success.',
  204: 'Done, and nothing to say.',
  400: 'A parameter is missing or wrong, or the data cannot be stored.',
  404: 'There is none of that name.',
  413: 'The body is too large.',
  415: 'Not a media type or an encoding that is understood here.',
  422: 'The query failed while it was evaluated.',
  499: 'The client closed the connection.',
  500: 'Switched off, or a fault of the server.',
  503: 'Starting, stopping, overloaded, or out of time. What Retry-After comes with may be repeated.',
};

/** Bodies of a success that are not JSON in the envelope; `` = none or one of a protocol of its own. */
const OTHER_CONTENT: Readonly<Record<string, string>> = {
  '/notifications/live': 'text/event-stream',
  '/openapi.yaml': 'application/yaml',
  '/search/metric_names': 'application/x-ndjson',
  '/search/label_names': 'application/x-ndjson',
  '/search/label_values': 'application/x-ndjson',
  '/write': '',
  '/otlp/v1/metrics': '',
};

export function statusesOf({ path, tag }: Endpoint): readonly string[] {
  return (STATUSES[path] ?? STATUSES[tag] ?? '').split(' ');
}

export const OPENAPI_YAML = `openapi: 3.1.0
info:
  title: narthex
  description: The HTTP API of Prometheus, as narthex answers it.
  version: ${JSON.stringify(API_VERSION)}
servers:
  - url: /api/v1
paths:
${ENDPOINTS.map(pathYaml).join('')}components:
  schemas:
    Success:
      type: object
      required: [status, data]
      properties:
        status: { type: string, const: success }
        data: {}
        warnings: { type: array, items: { type: string } }
        infos: { type: array, items: { type: string } }
    Error:
      type: object
      required: [status, errorType, error]
      properties:
        status: { type: string, const: error }
        errorType:
          type: string
          enum: [bad_data, execution, timeout, canceled, internal, unavailable, not_found, not_acceptable]
        error: { type: string }
`;

function pathYaml(endpoint: Endpoint): string {
  return `  ${endpoint.path}:\n${endpoint.methods.split(' ').map((method) => operationYaml(endpoint, method)).join('')}`;
}

function operationYaml(endpoint: Endpoint, method: string): string {
  const { path, tag, summary, params } = endpoint;
  const id = `${method}${path.replaceAll(/[/{}._]+/g, '-').replace(/-$/, '')}`;
  const asForm = method === 'post' && tag !== 'ingest';
  return `    ${method}:
      tags: [${tag}]
      summary: ${JSON.stringify(summary)}
      operationId: ${id}
${parametersYaml(path, asForm ? '' : params)}${asForm ? formYaml(params) : ''}      responses:
${statusesOf(endpoint).map((status) => responseYaml(endpoint, status)).join('')}`;
}

function responseYaml({ path, tag }: Endpoint, status: string): string {
  const head = `        "${status}":\n          description: ${JSON.stringify(MEANINGS[status])}\n`;
  const isSuccess = status.startsWith('2');
  const other = isSuccess ? OTHER_CONTENT[path] : undefined;
  if (status === '204' || tag === 'ingest' || other === '') return head;
  const schema = other === undefined ? `{ $ref: "#/components/schemas/${isSuccess ? 'Success' : 'Error'}" }` : '{ type: string }';
  return `${head}          content: { ${other ?? 'application/json'}: { schema: ${schema} } }\n`;
}

function parametersYaml(path: string, params: string): string {
  const rows = words(params).map((word) => parameterYaml(word, 'query'));
  if (path.includes('{name}')) rows.unshift(parameterYaml('name!', 'path'));
  return rows.length === 0 ? '' : `      parameters:\n${rows.join('')}`;
}

function parameterYaml(word: string, where: 'query' | 'path'): string {
  const { name, required, schema } = parameter(word);
  return `        - { name: ${JSON.stringify(name)}, in: ${where}, required: ${String(required)}, schema: ${schema} }\n`;
}

function formYaml(params: string): string {
  const all = words(params).map(parameter);
  if (all.length === 0) return '';
  const required = all.filter((one) => one.required).map((one) => JSON.stringify(one.name));
  return `      requestBody:
        content:
          application/x-www-form-urlencoded:
            schema:
              type: object
${required.length === 0 ? '' : `              required: [${required.join(', ')}]\n`}              properties:
${all.map(({ name, schema }) => `                ${JSON.stringify(name)}: ${schema}\n`).join('')}`;
}

function parameter(word: string): { name: string; required: boolean; schema: string } {
  const required = word.endsWith('!');
  const name = required ? word.slice(0, -1) : word;
  return { name, required, schema: name.endsWith('[]') ? '{ type: array, items: { type: string } }' : '{ type: string }' };
}

function words(params: string): string[] {
  return params === '' ? [] : params.split(' ');
}
