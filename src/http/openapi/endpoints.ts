/** Every endpoint of the API, as a table: what `/api/v1/openapi.yaml` is made of. A test compares it with the routes and the handlers. */

type Methods = 'get' | 'get post' | 'post' | 'post put';

export interface Endpoint {
  /** Below /api/v1. */
  readonly path: string;
  readonly methods: Methods;
  readonly tag: string;
  readonly summary: string;
  /** Shape of `data` in the envelope, a name of `SHAPES`; '' for answers of another form (`content.ts`). */
  readonly data: string;
  /** Names of `PARAMETERS`, with `!` if required. */
  readonly params: readonly string[];
}

const row = (path: string, methods: Methods, tag: string, summary: string, data: string, params = ''): Endpoint =>
  ({ path, methods, tag, summary, data, params: params === '' ? [] : params.split(' ') });

/** Times of a range, and what every request to a query thread may have. */
const RANGE = 'start end timeout';
const SEARCH = `search[] match[] ${RANGE} limit batch_size fuzz_threshold fuzz_alg case_sensitive include_score sort_by sort_dir`;
const EVALUATION = 'timeout limit lookback_delta stats nocache';

export const ENDPOINTS: readonly Endpoint[] = [
  row('/query', 'get post', 'query', 'Evaluate an instant query', 'QueryData', `query! time ${EVALUATION}`),
  row('/query_range', 'get post', 'query', 'Evaluate a range query', 'QueryData', `query! start! end! step! ${EVALUATION}`),
  row('/query_exemplars', 'get post', 'query', 'Exemplars of the series of an expression', 'ExemplarSeriesList', `query! ${RANGE}`),
  row('/format_query', 'get post', 'query', 'Pretty-print an expression', 'Text', 'query! timeout'),
  row('/parse_query', 'get post', 'query', 'Syntax tree of an expression', 'SyntaxTree', 'query! timeout'),
  row('/series', 'get post', 'metadata', 'Label sets of the series that selectors match', 'LabelSets', `match[]! ${RANGE} limit`),
  row('/labels', 'get post', 'metadata', 'Names of labels', 'Names', `match[] ${RANGE} limit`),
  row('/label/{name}/values', 'get', 'metadata', 'Values of a label', 'Names', `match[] ${RANGE} limit`),
  row('/metadata', 'get', 'metadata', 'Type, help and unit of metrics', 'Metadata', 'metric limit limit_per_metric timeout'),
  row('/search/metric_names', 'get post', 'search', 'Metric names that fit a text', '', `${SEARCH} include_metadata`),
  row('/search/label_names', 'get post', 'search', 'Label names that fit a text', '', SEARCH),
  row('/search/label_values', 'get post', 'search', 'Label values that fit a text', '', `label! ${SEARCH}`),
  row('/targets', 'get', 'targets', 'Scrape targets: none', 'Targets', 'state'),
  row('/targets/metadata', 'get', 'targets', 'Metadata of scrape targets: none', 'Nothing', 'match_target limit'),
  row('/targets/relabel_steps', 'get', 'targets', 'Relabelling of a scrape target, step by step', '', 'scrapePool! labels!'),
  row('/scrape_pools', 'get', 'targets', 'Names of scrape pools: none', 'ScrapePools'),
  row('/scrape_pools/config', 'get', 'targets', 'Configuration of a scrape pool', '', 'scrapePool!'),
  row('/rules', 'get', 'rules', 'Rule groups: none', 'RuleGroups', 'type match[] exclude_alerts group_limit group_next_token'),
  row('/alerts', 'get', 'rules', 'Active alerts: none', 'Alerts'),
  row('/alertmanagers', 'get', 'rules', 'Alertmanagers: none', 'Alertmanagers'),
  row('/status/buildinfo', 'get', 'status', 'Versions', 'BuildInfo'),
  row('/status/runtimeinfo', 'get', 'status', 'The running process', 'RuntimeInfo'),
  row('/status/config', 'get', 'status', 'The configuration in force, as YAML', 'Config'),
  row('/status/flags', 'get', 'status', 'The flags in force', 'Flags'),
  row('/status/tsdb', 'get', 'status', 'Cardinality of the heads', 'Cardinality', 'limit timeout'),
  row('/status/tsdb/blocks', 'get', 'status', 'Blocks on disk', 'Blocks'),
  row('/status/walreplay', 'get', 'status', 'Progress of the start', 'WalReplay'),
  row('/status/self_metrics', 'get', 'status', 'The server\'s own metrics, as JSON', 'SelfMetrics', 'metric_name_pattern'),
  row('/features', 'get', 'status', 'What this server can do', 'Features'),
  row('/notifications', 'get', 'status', 'What is the matter now', 'Notices'),
  row('/notifications/live', 'get', 'status', 'The same as server-sent events', ''),
  row('/openapi.yaml', 'get', 'status', 'This description', ''),
  row('/write', 'post', 'ingest', 'Prometheus remote write 1.0 and 2.0', '', 'dry_run'),
  row('/otlp/v1/metrics', 'post', 'ingest', 'OTLP metrics, protobuf or JSON', '', 'dry_run'),
  row('/read', 'post', 'read', 'Prometheus remote read: samples of selectors, whole or as a stream of XOR chunks', ''),
  row('/admin/tsdb/delete_series', 'post put', 'admin', 'Delete samples', '', 'match[]! start end'),
  row('/admin/tsdb/clean_tombstones', 'post put', 'admin', 'Remove deleted samples from the disk', ''),
  row('/admin/tsdb/flush', 'post put', 'admin', 'Make blocks of all heads now, and compact; not an endpoint of Prometheus', ''),
  row('/admin/tsdb/snapshot', 'post put', 'admin', 'Copy the data into a directory', 'Snapshot', 'skip_head'),
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
  'read': '200 400 413 499 500 503',
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

export function statusesOf({ path, tag }: Endpoint): readonly string[] {
  return (STATUSES[path] ?? STATUSES[tag] ?? '').split(' ');
}
