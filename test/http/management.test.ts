import { describe, expect, it, test } from 'vitest';
import type { Matcher } from '../../src/model/matcher.js';
import { json, makeHarness } from './harness.js';

const TEXT = 'text/plain; charset=utf-8';

describe('health', () => {
  it('healthy and ready, GET and HEAD', async () => {
    const { inject } = await makeHarness();
    for (const [url, text] of [['/-/healthy', 'Prometheus Server is Healthy.\n'], ['/-/ready', 'Prometheus Server is Ready.\n']] as const) {
      const get = await inject({ method: 'GET', url });
      expect([get.statusCode, get.body, get.headers['content-type']]).toEqual([200, text, TEXT]);
      const head = await inject({ method: 'HEAD', url });
      expect([head.statusCode, head.body]).toEqual([200, '']);
      const post = await inject({ method: 'POST', url });
      expect([post.statusCode, post.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
    }
  });

  it('while the store is not there: healthy, replay status, landing page and own metrics answer, nothing else', async () => {
    const fresh = await makeHarness();
    fresh.readiness.stop();
    fresh.readiness.replay = { min: 1, max: 9, current: 4 };
    const status = async (url: string): Promise<number> => (await fresh.inject({ method: 'GET', url })).statusCode;
    expect(await Promise.all(['/-/healthy', '/api/v1/status/walreplay', '/', '/metrics', '/version'].map(status))).toEqual([200, 200, 200, 200, 200]);
    expect(await Promise.all(['/-/ready', '/api/v1/query', '/api/v1/rules', '/federate'].map(status))).toEqual([503, 503, 503, 503]);
    const refused = await fresh.inject({ method: 'GET', url: '/api/v1/query?query=1' });
    expect([refused.body, refused.headers['x-prometheus-stopping']]).toEqual(['Service Unavailable', 'true']);
    expect((await fresh.inject({ method: 'GET', url: '/api/v1/status/walreplay' })).body).toBe('{"status":"success","data":{"min":1,"max":9,"current":4}}');
  });
});

describe('lifecycle', () => {
  test.each(['/-/reload', '/-/quit'])('%s is off by default', async (url) => {
    const { inject, observed } = await makeHarness();
    const post = await inject({ method: 'POST', url });
    expect([post.statusCode, post.body]).toEqual([403, 'Lifecycle API is not enabled.']);
    const get = await inject({ method: 'GET', url });
    expect([get.statusCode, get.body]).toEqual([405, 'Only POST or PUT requests allowed']);
    const del = await inject({ method: 'DELETE', url });
    expect([del.statusCode, del.headers.allow]).toEqual([405, 'GET, OPTIONS, POST, PUT']);
    expect(observed).not.toContain('quit');
  });
  it('quit', async () => {
    const { inject, observed } = await makeHarness({ http: { enableLifecycle: true } });
    const reply = await inject({ method: 'PUT', url: '/-/quit' });
    expect([reply.statusCode, reply.body]).toEqual([200, 'Requesting termination... Goodbye!']);
    expect(observed).toContain('quit');
  });
  it('reload: 200, or 500 with the reason', async () => {
    const fine = await makeHarness({ http: { enableLifecycle: true } });
    expect((await fine.inject({ method: 'POST', url: '/-/reload' })).statusCode).toBe(200);
    const broken = await makeHarness({ http: { enableLifecycle: true }, reload: () => Promise.reject(new Error('line 3: unknown key')) });
    const reply = await broken.inject({ method: 'POST', url: '/-/reload' });
    expect([reply.statusCode, reply.body]).toEqual([500, 'failed to reload config: line 3: unknown key\n']);
  });
});

describe('status', () => {
  test.each<[string, string]>([
    ['status/buildinfo', '{"version":"3.14.0","revision":"narthex 0.1.0","branch":"narthex","buildUser":"","buildDate":"","goVersion":"node v20"}'],
    ['status/runtimeinfo', '{"startTime":"2026-01-01T00:00:00Z","GOMAXPROCS":2,"storageRetention":"15d"}'],
    ['status/config', '{"yaml":"global:\\n  scrape_interval: 1m\\n"}'],
    ['status/flags', '{"web.listen-address":"0.0.0.0:9090","config.file":""}'],
    ['status/walreplay', '{"min":0,"max":0,"current":0}'],
    ['rules', '{"groups":[]}'],
    ['rules?type=alert', '{"groups":[]}'],
    ['alerts', '{"alerts":[]}'],
    ['alertmanagers', '{"activeAlertmanagers":[],"droppedAlertmanagers":[]}'],
    ['targets', '{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":{}}'],
    ['targets?state=active', '{"activeTargets":[],"droppedTargets":[],"droppedTargetCounts":null}'],
    ['targets/metadata', '[]'],
    ['scrape_pools', '{"scrapePools":[]}'],
    ['notifications', '[]'],
    ['features', '{"api":{"search":false}}'],
    ['status/tsdb/blocks', '{"blocks":[]}'],
    ['status/self_metrics?metric_name_pattern=.%2B', '[{"name":"x.+","help":"","type":"GAUGE","metric":[]}]'],
    ['rules?type=record&exclude_alerts=T&group_limit=5&match[]=up', '{"groups":[]}'],
  ])('%s', async (path, data) => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: `/api/v1/${path}` });
    expect([reply.statusCode, reply.headers['content-type'], reply.body]).toEqual([200, 'application/json', `{"status":"success","data":${data}}`]);
  });
  it('Grafana takes the server for a Prometheus: a version of at least 2.24, no features', async () => {
    const { data } = (await (await makeHarness()).inject({ method: 'GET', url: '/api/v1/status/buildinfo' })).json<{ data: Record<string, string> }>();
    expect(data['version']).toMatch(/^3\.\d+\.\d+$/);
    expect(data).not.toHaveProperty('features');
  });
  // Texts observed on Prometheus 3.5.3, where it has the endpoint.
  test.each([
    ['rules?type=foo', 400, 'bad_data', 'invalid parameter "type": not supported value "foo"'],
    ['rules?exclude_alerts=x', 400, 'bad_data',
      'invalid parameter "exclude_alerts": error converting exclude_alerts: strconv.ParseBool: parsing "x": invalid syntax'],
    ['rules?group_limit=5&group_next_token=x', 400, 'bad_data', 'invalid parameter "group_next_token": invalid group_next_token \'x\'. were rule groups changed?'],
    ['rules?group_limit=x', 400, 'bad_data', 'invalid parameter "group_limit": group_limit needs to be a valid number: strconv.ParseInt: parsing "x": invalid syntax'],
    ['targets/metadata?match_target={', 400, 'bad_data', 'invalid parameter "match_target": 1:2: parse error: unexpected end of input inside braces'],
    ['rules?group_limit=0', 400, 'bad_data', 'invalid parameter "group_limit": group_limit needs to be greater than 0'],
    ['rules?group_next_token=x', 400, 'bad_data',
      'invalid parameter "group_next_token": group_limit needs to be present in order to paginate over the groups'],
    ['rules?match[]=x{', 400, 'bad_data', '1:3: parse error: unexpected end of input inside braces'],
    // Patterns are compiled by the thread that takes samples.
    [`rules?${Array.from({ length: 4 }, (_, i) => `match[]={a=~"\\\\w{990}${i}"}`).join('&')}`, 400, 'bad_data',
      '1:2: parse error: regular expressions are too large together, limit 3000 instructions'],
    [`targets/metadata?match_target={a=~"${'\\\\w{990}'.repeat(5)}"}`, 400, 'bad_data', 'invalid parameter "match_target": '
      + '1:2: parse error: regular expressions are too large together, limit 3000 instructions'],
    ['targets/metadata?limit=x', 400, 'bad_data', 'limit must be a number'],
    ['targets/relabel_steps', 400, 'bad_data', 'no scrapePool parameter provided'],
    ['targets/relabel_steps?scrapePool=a', 400, 'bad_data', 'no labels parameter provided'],
    ['targets/relabel_steps?scrapePool=a&labels={}', 404, 'not_found', 'scrape pool "a" not found'],
    ['scrape_pools/config?scrapePool=a', 404, 'not_found', 'scrape pool "a" not found'],
    ['status/self_metrics?metric_name_pattern=(', 400, 'bad_data', 'missing closing )'],
  ])('%s', async (path, status, errorType, error) => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: `/api/v1/${path}` });
    expect([reply.statusCode, reply.json()]).toEqual([status, { status: 'error', errorType, error }]);
  });
  it('/version without an envelope', async () => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: '/version' });
    expect([reply.headers['content-type'], reply.json<{ version: string }>().version]).toEqual([TEXT, '3.14.0']);
  });
  it('/metrics by Accept', async () => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: '/metrics', headers: { accept: 'text/plain' } });
    expect([reply.headers['content-type'], reply.body]).toEqual(['text/plain; version=0.0.4; charset=utf-8', '# accept text/plain\nup 1\n']);
  });
});

describe('paths', () => {
  test.each(['/nope', '/api/v1/nope', '/api/v1/rules/test/test', '/api/v1/label/a/b/values'])('%s: 404 page not found', async (url) => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url });
    expect([reply.statusCode, reply.body, reply.headers['content-type']]).toEqual([404, '404 page not found\n', TEXT]);
  });
  it('an unknown path with a body is 404 too, not an error about its type', async () => {
    const reply = await (await makeHarness()).inject({ method: 'POST', url: '/nope', headers: { 'content-type': 'image/png' }, payload: 'x' });
    expect([reply.statusCode, reply.body]).toEqual([404, '404 page not found\n']);
  });
  it('the landing page says where to send and query', async () => {
    const reply = await (await makeHarness()).inject({ method: 'GET', url: '/' });
    expect(reply.headers['content-type']).toBe('text/html; charset=utf-8');
    for (const path of ['/api/v1/write', '/api/v1/otlp/v1/metrics', '/api/v1/query']) expect(reply.body).toContain(path);
  });
  it('everything lies below the prefix', async () => {
    const { inject, asked } = await makeHarness({ http: { routePrefix: '/prom/x/' } });
    const get = (url: string) => inject({ method: 'GET', url });
    expect((await get('/prom/x/api/v1/query?query=1')).statusCode).toBe(200);
    expect(asked).toHaveLength(1);
    expect((await get('/prom/x/-/ready')).statusCode).toBe(200);
    expect((await get('/prom/x/')).body).toContain('/prom/x/api/v1/write');
    expect((await get('/api/v1/query')).statusCode).toBe(404);
    const root = await get('/');
    expect([root.statusCode, root.headers.location]).toEqual([302, '/prom/x/']);
    expect((await inject({ method: 'POST', url: '/prom/x/v1/metrics', headers: { 'content-type': 'application/json' }, payload: '{}' })).statusCode).toBe(200);
  });
});

describe('admin', () => {
  const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
  const calls: string[] = [];
  const admin = {
    deleteSeries: (sets: readonly (readonly Matcher[])[], startMs: number, endMs: number) => {
      const texts = sets.map((set) => set.map(({ name, type, value }) => `${name}${type}${value}`).join(','));
      return Promise.resolve(void calls.push(`${texts.join(' ')} ${startMs} ${endMs}`));
    },
    cleanTombstones: () => Promise.resolve(void calls.push('clean')),
    flush: () => Promise.resolve(void calls.push('flush')),
    snapshot: (skipHead: boolean) => Promise.resolve(`20260101T000000Z-${skipHead}`),
  };
  test.each(['delete_series', 'clean_tombstones', 'flush', 'snapshot'])('%s is off by default: 500 unavailable', async (name) => {
    const { inject } = await makeHarness({ admin });
    const reply = await inject({ method: 'POST', url: `/api/v1/admin/tsdb/${name}` });
    expect([reply.statusCode, reply.body]).toEqual([500, '{"status":"error","errorType":"unavailable","error":"admin APIs disabled"}']);
    const get = await inject({ method: 'GET', url: `/api/v1/admin/tsdb/${name}` });
    expect([get.statusCode, get.headers.allow]).toEqual([405, 'OPTIONS, POST, PUT']);
  });
  it('does what it is asked', async () => {
    const { inject } = await makeHarness({ admin, http: { enableAdminApi: true } });
    const post = (name: string, payload = '') => inject({ method: 'POST', url: `/api/v1/admin/tsdb/${name}`, headers: FORM, payload });
    expect((await post('delete_series', 'match[]=up&match[]={a="b"}&start=1&end=2')).statusCode).toBe(204);
    expect((await post('clean_tombstones')).statusCode).toBe(204);
    expect((await post('flush')).statusCode).toBe(204);
    expect((await post('snapshot', 'skip_head=true')).body).toBe('{"status":"success","data":{"name":"20260101T000000Z-true"}}');
    expect(calls).toEqual(['__name__=up a=b 1000 2000', 'clean', 'flush']);
    expect((await post('delete_series')).json()).toMatchObject({ errorType: 'bad_data', error: 'no match[] parameter provided' });
    expect((await post('delete_series', 'match[]=(')).statusCode).toBe(400);
    expect((await post('snapshot', 'skip_head=tRUE')).statusCode).toBe(400);
    expect((await post('snapshot', 'skip_head=maybe')).json()).toMatchObject({
      errorType: 'bad_data', error: 'invalid parameter "skip_head": unable to parse boolean: strconv.ParseBool: parsing "maybe": invalid syntax',
    });
  });
  it('a store that cannot', async () => {
    const { inject } = await makeHarness({ http: { enableAdminApi: true } });
    expect((await inject({ method: 'POST', url: '/api/v1/admin/tsdb/snapshot' })).json()).toMatchObject({ errorType: 'internal', error: expect.stringContaining('not implemented') });
  });
});

it('requests are counted by route pattern', async () => {
  const { inject, observed } = await makeHarness({ query: () => Promise.resolve(json('{}')) });
  await inject({ method: 'GET', url: '/api/v1/label/job/values' });
  await inject({ method: 'GET', url: '/nope/123' });
  expect(observed).toEqual(['GET /api/v1/label/:name/values 200', 'GET  404']);
});
