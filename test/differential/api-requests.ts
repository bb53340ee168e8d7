/** What the API of a Prometheus and ours are asked, line by line: every endpoint with good, bad, odd and repeated parameters. */

export interface ApiRequestLine {
  readonly method: string;
  /** Path and query, as it goes over the wire. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Seconds between the samples of the data that both servers have. */
export const STEP_SECONDS = 15;
export const SPAN_SECONDS = 600;
export const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

type Fields = readonly (readonly [name: string, value: string])[];

function encoded(fields: Fields): string {
  return fields.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}

/** `a=b&c[]=d` with unencoded values; `&` inside of a value cannot be written so. */
function fieldsOf(text: string): Fields {
  return text === '' ? [] : text.split('&').map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
}

function get(path: string, parameters = ''): ApiRequestLine {
  return { method: 'GET', target: parameters === '' ? path : `${path}?${encoded(fieldsOf(parameters))}` };
}

function post(path: string, form: string, query = ''): ApiRequestLine {
  return { method: 'POST', target: query === '' ? path : `${path}?${encoded(fieldsOf(query))}`, headers: FORM, body: encoded(fieldsOf(form)) };
}

const INSTANT = [
  '1', '-1', '1e-7', '1e21', 'NaN', 'Inf', '-Inf', '-0', '0.1+0.2', '"text"', '"<a&b>"', '\'\\u00e4\\n\'', 'time()', 'vector(1)', 'up', 'up[1m]', '{"http.req"}',
  '{"http.req", "k8s.pod"="pod-1"}', 'rate(work_total[1m])', 'sum by (job) (rate(work_total[5m]))', 'topk(1, work_total)', 'sort_desc(work_total)',
  'extremes', 'extremes * 2', 'latency', 'histogram_quantile(0.9, latency)', 'histogram_count(latency)', 'rate(latency[1m])', 'custom', 'sum(custom)',
  'histogram_quantile(0.5, lat_bucket)', 'absent(nothing)', 'nothing', 'nothing[5m]', 'gone', 'gone[10m]', 'up @ start()', 'up @ end()', 'up offset 1m',
  'max_over_time(sum(work_total)[2m:15s])', 'count({__name__=~".+"})', 'label_replace(up, "a", "$1", "job", "(.*)")', 'up == bool 1', 'rate(up[1m])',
  'increase(up[5m])', 'quantile(2, up)', 'histogram_quantile(2, lat_bucket)', 'up + on (job) group_left work_total', 'work_total + up', 'up and up', 'up{job!~"a.*"}',
  'up{,}', 'up{job="api",}', '{__name__="up",}', 'sum(up{job="api"}) by (job)', 'predict_linear(work_total[5m], 60)', 'stddev(work_total)', 'count_values("v", up)',
  'a:recorded', 'histogram_avg(custom)', 'latency > 1', 'latency + up', 'sum(latency) + on () sum(custom)', 'avg(extremes)', 'max(extremes)', 'min(extremes)',
  // Wrong ones.
  '', ' ', 'up{', 'sum(', '1 +', 'up[5m', 'foo bar', '{}', '{job=~".*"}', 'rate(up)', 'sum(up[5m])', 'up[5m] + 1', 'label_replace(up, "1 a", "", "", "(")', 'up{job=~"("}',
  'nofunction(up)', 'histogram_quantile(up)', 'sum by (job', 'up offset', '1 and 1', '"a" + 1', 'up{job="a" job="b"}', 'sum without up', 'up @ abc', '5m', 'up[0s]', 'up[-5m]',
  'count_values("", up)', 'topk("a", up)', 'vector("a")', 'up + ignoring', '#comment', '(((1', 'up{job=="a"}', '\u{1F600}', 'work_total * on (instance) up', 'up unless on () up',
];

const RANGE = [
  '1', 'up', 'rate(work_total[1m])', 'sum by (job) (rate(work_total[2m]))', '{"http.req"}', 'latency', 'custom', 'gone', 'nothing', 'extremes', 'time()', 'up @ start()', 'up @ end()',
  'work_total > 20', 'absent(up > 20)', 'histogram_quantile(0.9, sum by (le) (rate(lat_bucket[1m])))', 'rate(latency[1m])', 'up[1m]', '"text"', 'up[1m:15s]', 'avg_over_time(up[1m:15s])',
  'topk(1, work_total)', 'sort(work_total)', 'up or work_total', 'work_total + up', '', 'sum(', 'latency and up', 'rate(up[1m])',
];

const TIMES = [
  '', 'abc', '0', '-1', '1e3', '1e400', 'NaN', 'Inf', '1.5', '1.0005', '2026-01-01T00:00:00Z', '2026-01-01T00:00:00.123456789+02:00', '2026-01-01', '2026-01-01 00:00:00Z',
  '292277025-08-18T07:12:54.999999999Z', '-292273086-05-16T16:47:06Z', '1795230729540', '99999999999999', '0x10', '1_000', ' 1', '+5', '5.', '.5', 'now',
];

const DURATIONS = ['', 'abc', '0', '-1', '1', '0.5', '15s', '1m30s', '500ms', '1h', '30s1m', '1.5m', '15 s', '1e1', 'Inf', 'NaN', '1e400', '9999999999999', '1y', '5', '-5s', '+5s'];
const LIMITS = ['', '0', '1', '2', '1000000', '-1', 'abc', '1.5', '+1', ' 1', '99999999999999999999', '0x1'];
const MATCHES = [
  'match[]=up', 'match[]={job="api"}', 'match[]=up&match[]=work_total', 'match[]=up&match[]=up', 'match[]={__name__=~".+",}', 'match[]={__name__!=""}', 'match[]={"http.req"}',
  'match[]={__name__=~"up|work.*"}', 'match[]={}', 'match[]={job=~".*"}', 'match[]={job=""}', 'match[]=', 'match[]=up{', 'match[]=(', 'match[]=rate(up[5m])', 'match[]=up[5m]',
  'match[]=up offset 5m', 'match[]=up&match[]=up{', 'match[]=nothing', 'match[]={job=~"("}', 'match=up', 'match[]=up and up', 'match[]={"k8s.pod"="pod-1"}', 'match[]=1',
];

/** @param end last time of the data, seconds */
export function apiRequests(end: number): ApiRequestLine[] {
  const start = end - SPAN_SECONDS;
  const range = `start=${start}&end=${end}`;
  const lines: ApiRequestLine[] = [];
  const add = (...more: readonly ApiRequestLine[]): void => void lines.push(...more);

  for (const query of INSTANT) add(get('/api/v1/query', `query=${query}&time=${end}`));
  for (const query of RANGE) add(get('/api/v1/query_range', `query=${query}&${range}&step=30`));
  for (const query of [...INSTANT.slice(0, 60), '', 'up{', 'sum(']) {
    add(get('/api/v1/format_query', `query=${query}`), get('/api/v1/parse_query', `query=${query}`));
  }
  for (const time of TIMES) {
    if (time !== '') add(get('/api/v1/query', `query=time()&time=${time}`));
    add(get('/api/v1/query_range', `query=1&start=${time}&end=${end}&step=1000000000`));
    add(get('/api/v1/series', `match[]=up&start=${time}`), get('/api/v1/labels', `end=${time}`), get('/api/v1/label/job/values', `start=${time}`));
    add(get('/api/v1/query_exemplars', `query=work_total&start=${time}&end=${end}`));
  }
  for (const duration of DURATIONS) {
    add(get('/api/v1/query_range', `query=vector(1)&${range}&step=${duration}`));
    add(get('/api/v1/query', `query=up&time=${end + 120}&lookback_delta=${duration}`));
    add(get('/api/v1/query', `query=1&time=${end}&timeout=${duration}`));
  }
  for (const limit of LIMITS) {
    add(get('/api/v1/query', `query=work_total&time=${end}&limit=${limit}`), get('/api/v1/query', `query=1&time=${end}&limit=${limit}`));
    add(get('/api/v1/query_range', `query=work_total&${range}&step=60&limit=${limit}`));
    add(get('/api/v1/labels', `limit=${limit}`), get('/api/v1/label/job/values', `limit=${limit}`));
    add(get('/api/v1/status/tsdb', `limit=${limit}`));
    if (!['1', '2'].includes(limit)) add(get('/api/v1/series', `match[]=work_total&limit=${limit}`));
    add(get('/api/v1/metadata', `metric=nothing&limit=${limit}`), get('/api/v1/metadata', `metric=nothing&limit_per_metric=${limit}`));
    add(get('/api/v1/targets/metadata', `limit=${limit}`), get('/api/v1/rules', `group_limit=${limit}`));
  }
  for (const match of MATCHES) {
    add(get('/api/v1/series', match), post('/api/v1/series', match), get('/api/v1/series', `${match}&${range}`));
    add(get('/api/v1/labels', match), post('/api/v1/labels', match), get('/api/v1/label/job/values', match), get('/api/v1/label/__name__/values', `${match}&${range}`));
    add(get('/federate', match), get('/api/v1/rules', match));
  }
  for (const name of [
    'job', '__name__', 'nothing', 'k8s.pod', 'U__k8s_2e_pod', 'k8s%2Epod', 'U__', 'U__k8s_2e', 'U__a__b', 'le', '1a', 'a%20b', '%C3%A4', 'a-b', 'U__zz_', '__name__%00', 'job%2F', 'a:b',
  ]) add(get(`/api/v1/label/${name}/values`), get(`/api/v1/label/${name}/values`, 'match[]=up'));

  // Ends before starts, resolutions, missing parameters.
  add(
    get('/api/v1/query_range', `query=up&start=${end}&end=${start}&step=15`), get('/api/v1/query_range', `query=up&${range}`), get('/api/v1/query_range', `${range}&step=15`),
    get('/api/v1/query_range', `query=up&start=${start}&step=15`), get('/api/v1/query_range', `query=up&end=${end}&step=15`), get('/api/v1/query_range', ''),
    get('/api/v1/query_range', `query=vector(1)&start=${end - 11_000}&end=${end}&step=1`), get('/api/v1/query_range', `query=vector(1)&start=${end - 11_001}&end=${end}&step=1`),
    get('/api/v1/query_range', `query=vector(1)&${range}&step=0.05`), get('/api/v1/query_range', `query=vector(1)&start=${end - 1.5}&end=${end}&step=0.25`),
    get('/api/v1/query_range', `query=up&start=${end}&end=${end}&step=15`), get('/api/v1/query_range', `query=up&${range}&step=7m`),
    get('/api/v1/series', `match[]=up&start=${end}&end=${start}`), get('/api/v1/labels', `start=${end}&end=${start}`), get('/api/v1/label/job/values', `start=${end}&end=${start}`),
    get('/api/v1/query_exemplars', `query=work_total&start=${end}&end=${start}`), get('/api/v1/series'), get('/api/v1/labels'), get('/api/v1/labels', 'match[]=up&match[]=nothing'),
    get('/api/v1/query'), get('/api/v1/query_exemplars'), get('/api/v1/format_query'), get('/api/v1/parse_query'),
    get('/api/v1/series', `match[]=up&start=${end + 3600 * 24 * 30}`),
    // Longer than what many servers take.
    get('/api/v1/label/job/values', `match[]=up{job=~"${'api|'.repeat(20_000)}"}`),
  );
  // Exemplars, and Grafana's probe in milliseconds.
  for (const query of ['work_total', 'rate(work_total[5m])', 'sum(rate(work_total[5m])) / sum(up)', 'test', '1', 'up{', '', 'nothing', '{job="api"}', 'work_total{kind="a"} + work_total{kind="b"}']) {
    add(get('/api/v1/query_exemplars', `query=${query}&${range}`), post('/api/v1/query_exemplars', `query=${query}&${range}`));
  }
  add(get('/api/v1/query_exemplars', `query=test&start=${start}000&end=${end}000`), get('/api/v1/query_exemplars', 'query=work_total'));
  for (const stats of ['', 'true', 'all', 'none', 'false', '1']) {
    add(get('/api/v1/query', `query=up&time=${end}&stats=${stats}`), get('/api/v1/query_range', `query=up&${range}&step=60&stats=${stats}`));
  }
  // Forms, and both form and query.
  add(
    post('/api/v1/query', `query=up&time=${end}`), post('/api/v1/query', `query=up`, `query=work_total&time=${end}`), post('/api/v1/query', '', `query=up&time=${end}`),
    post('/api/v1/query_range', `query=up&${range}&step=60`), post('/api/v1/labels', 'match[]=up', 'match[]=work_total'), post('/api/v1/series', '', 'match[]=up'),
    post('/api/v1/format_query', 'query=sum(up)by(job)'), post('/api/v1/parse_query', 'query=sum(up)by(job)'), post('/api/v1/query', 'query=%zz'),
    { method: 'POST', target: '/api/v1/query', body: `{"query":"up"}`, headers: { 'content-type': 'application/json' } },
    { method: 'POST', target: `/api/v1/query?query=up&time=${end}`, body: '{"query":"up"}', headers: { 'content-type': 'application/json' } },
    { method: 'POST', target: `/api/v1/query?query=up&time=${end}` },
    { method: 'POST', target: '/api/v1/query', body: 'query=1%2B1&time=4', headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' } },
    { method: 'POST', target: '/api/v1/query', body: 'query=1%2B1&time=4', headers: { 'content-type': 'Application/X-WWW-Form-URLencoded' } },
    { method: 'POST', target: '/api/v1/query', body: 'query=1%2B1&time=4', headers: { 'content-type': 'multipart/form-data; boundary=x' } },
    { method: 'POST', target: '/api/v1/series', body: 'match%5B%5D=up;a=b', headers: FORM }, { method: 'POST', target: '/api/v1/series', body: 'match%5B%5D=%zz', headers: FORM },
    { method: 'GET', target: '/api/v1/query?query=%zz&time=1' }, { method: 'GET', target: '/api/v1/query?query=1;time=1' }, { method: 'GET', target: '/api/v1/query?query=1+%2B+1&time=4&unknown=x' },
    { method: 'GET', target: '/api/v1/series?match[]=up' }, { method: 'GET', target: '/api/v1/series?match%5b%5d=up' }, { method: 'GET', target: '/api/v1/query?query=1&query=2&time=1' },
    { method: 'GET', target: '/api/v1/query?query=%ff&time=1' }, { method: 'GET', target: '/api/v1/label/%ff/values' }, { method: 'GET', target: '/api/v1/label/%zz/values' },
  );
  // What is not there, and status.
  for (const path of [
    'rules', 'rules?type=alert', 'rules?type=RECORD', 'rules?type=x', 'rules?exclude_alerts=true', 'rules?exclude_alerts=x', 'rules?group_next_token=a', 'rules?group_limit=5&group_next_token=abc',
    'rules?rule_name[]=a&rule_group[]=b&file[]=c', 'alerts', 'alertmanagers', 'targets', 'targets?state=active', 'targets?state=dropped', 'targets?state=ANY', 'targets?state=x', 'targets?scrapePool=a',
    'targets/metadata', 'targets/metadata?match_target={', 'scrape_pools', 'metadata', 'metadata?limit=x', 'status/walreplay', 'status/nothing', 'status', 'rules/test/test', 'nothing', '', 'label/job',
    'label//values', 'query/', 'Query', 'status/buildinfo', 'status/runtimeinfo', 'status/flags', 'status/config', 'status/tsdb', 'notifications', 'status/tsdb?limit=10001', 'status/tsdb?limit=10000',
  ]) add({ method: 'GET', target: `/api/v1/${path}` });
  for (const path of ['/-/healthy', '/-/ready', '/-/reload', '/-/quit', '/-/nothing', '/nothing', '/federate', '/federate?match%5B%5D=(', '/version', '/api', '/api/v1', '/api/v2/query', '//api/v1/query']) {
    for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'OPTIONS', 'DELETE']) add({ method, target: path });
  }
  for (const path of [
    'query', 'query_range', 'query_exemplars', 'format_query', 'parse_query', 'series', 'labels', 'label/job/values', 'metadata', 'rules', 'alerts', 'targets', 'status/buildinfo', 'status/tsdb',
    'admin/tsdb/delete_series', 'admin/tsdb/clean_tombstones', 'admin/tsdb/snapshot', 'notifications', 'nothing', 'read', 'write', 'otlp/v1/metrics', 'status/walreplay', 'scrape_pools',
  ]) for (const method of ['HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE']) add({ method, target: `/api/v1/${path}` });
  for (const path of ['delete_series', 'clean_tombstones', 'snapshot']) add(post(`/api/v1/admin/tsdb/${path}`, 'match[]=up'), get(`/api/v1/admin/tsdb/${path}`));
  for (const path of ['query', 'metadata', 'rules', 'status/buildinfo', 'targets/metadata', 'alerts']) if (path !== 'query') add(post(`/api/v1/${path}`, ''));

  // Headers.
  const all = `/api/v1/series?match%5B%5D=${encodeURIComponent('{__name__=~".+"}')}`;
  const query = `/api/v1/query?query=1&time=${end}`;
  for (const accept of ['gzip', 'deflate', 'identity', '*', 'gzip, deflate', 'deflate, gzip', 'gzip;q=0', 'gzip;q=0.5, deflate', 'zstd, gzip', 'GZIP', 'x-gzip', '']) {
    add({ method: 'GET', target: all, headers: { 'accept-encoding': accept } });
  }
  for (const origin of ['http://example.com', 'null', '']) {
    for (const method of ['GET', 'OPTIONS', 'POST']) add({ method, target: query, headers: { origin } });
    add({ method: 'GET', target: '/api/v1/query?query=(', headers: { origin } }, { method: 'GET', target: '/api/v1/status/buildinfo', headers: { origin } });
    add({ method: 'GET', target: '/-/healthy', headers: { origin } }, { method: 'GET', target: '/federate', headers: { origin } }, { method: 'PUT', target: query, headers: { origin } });
  }
  for (const accept of ['application/json', 'text/html', '*/*', 'application/*', 'image/png;q=1', 'application/json;q=0', 'text/plain, */*;q=0.1']) add({ method: 'GET', target: query, headers: { accept } });
  for (const accept of [
    'application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,text/plain;version=0.0.4;q=0.3', 'text/plain;version=1.0.0;escaping=allow-utf-8', 'text/plain;escaping=dots',
    'text/plain;version=0.0.4;escaping=values', '*/*', 'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text', 'application/openmetrics-text',
  ]) add({ method: 'GET', target: `/federate?match%5B%5D=${encodeURIComponent('{__name__=~"up|http.req|work_total|extremes"}')}`, headers: { accept } });
  return lines;
}

/** For servers below a path with everything allowed. The order matters: samples are deleted at the end. */
export function belowPathRequests(prefix: string, end: number): ApiRequestLine[] {
  const api = `${prefix}/api/v1`;
  const lines: ApiRequestLine[] = [];
  for (const target of ['/api/v1/query?query=1', '/-/healthy', '/metrics', '/nothing', `${prefix}/nothing`, `${api}/nothing`, `${prefix}/-/healthy`, `${prefix}/-/ready`]) {
    lines.push({ method: 'GET', target }, { method: 'POST', target });
  }
  lines.push(get(`${api}/query`, `query=up&time=${end}`), post(`${api}/query`, `query=up&time=${end}`), get(`${api}/label/job/values`), get(`${prefix}/federate`, 'match[]=up'));
  for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'POST']) lines.push({ method, target: `${prefix}/-/reload` });
  const admin = `${api}/admin/tsdb`;
  for (const form of [
    '', 'match[]=', 'match[]=up{', 'match[]=up&start=abc', 'match[]=up&end=abc', 'match[]=nothing', `match[]=gone&start=${end}&end=${end - 10}`,
    `match[]=up&match[]=gone&end=${end - 300}`, 'match[]=work_total&match[]=(',
  ]) lines.push(post(`${admin}/delete_series`, form), { ...get(`${admin}/delete_series`, form), method: 'PUT' });
  for (const method of ['GET', 'DELETE', 'OPTIONS', 'HEAD', 'PATCH']) lines.push({ method, target: `${admin}/delete_series` }, { method, target: `${admin}/snapshot` });
  lines.push(
    post(`${admin}/snapshot`, 'skip_head=maybe'), post(`${admin}/clean_tombstones`, ''), { method: 'PUT', target: `${admin}/clean_tombstones` },
    get(`${api}/query`, `query=count_over_time(up[1h])&time=${end}`), get(`${api}/query`, `query=count_over_time(gone[1h])&time=${end}`), get(`${api}/series`, 'match[]=up'),
    post(`${admin}/delete_series`, 'match[]=work_total'), get(`${api}/query`, `query=work_total[1h]&time=${end}`),
  );
  return lines;
}
