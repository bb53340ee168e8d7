import { describe, expect, it } from 'vitest';
import { readEnvironment } from '../../src/config/environment.js';

const values = (env: Record<string, string>) => Object.fromEntries([...readEnvironment(env).values].map(([path, { value }]) => [path, value]));

describe('environment', () => {
  it.each([
    ['text', { NARTHEX_STORAGE_TSDB_PATH: '/x' }, { 'storage.tsdb.path': '/x' }],
    ['duration', { NARTHEX_STORAGE_TSDB_OUT_OF_ORDER_TIME_WINDOW: '1h' }, { 'storage.tsdb.out_of_order_time_window': 3_600_000 }],
    ['size', { NARTHEX_LIMITS_MAX_BODY_SIZE: '1MiB' }, { 'limits.max_body_size': 1024 ** 2 }],
    ['boolean', { NARTHEX_WEB_ENABLE_LIFECYCLE: 'true' }, { 'web.enable_lifecycle': true }],
    ['list', { NARTHEX_OTLP_PROMOTE_RESOURCE_ATTRIBUTES: 'service.name, k8s.pod.name' },
      { 'otlp.promote_resource_attributes': ['service.name', 'k8s.pod.name'] }],
    ['map', { NARTHEX_GLOBAL_EXTERNAL_LABELS: 'cluster=eu,replica=0' }, { 'global.external_labels': { cluster: 'eu', replica: '0' } }],
    ['foreign variables', { PATH: '/bin', OTEL_SERVICE_NAME: 'x' }, {}],
    ['service links of containers', { NARTHEX_PORT: 'tcp://10.0.0.1:9090', NARTHEX_SERVICE_HOST: '10.0.0.1', NARTHEX_PORT_9090_TCP_ADDR: 'x' }, {}],
  ])('%s', (_, env, expected) => {
    expect(values(env as Record<string, string>)).toEqual(expected);
    expect(readEnvironment(env as Record<string, string>)).toMatchObject({ problems: [], warnings: [] });
  });

  it('an unknown variable warns, a bad value is an error', () => {
    expect(readEnvironment({ NARTHEX_STORAGE_TSDB_PAHT: '/x' }).warnings).toEqual([
      'environment variable NARTHEX_STORAGE_TSDB_PAHT is not known (did you mean "NARTHEX_STORAGE_TSDB_PATH"?)',
    ]);
    expect(readEnvironment({ NARTHEX_LOG_LEVEL: 'loud', NARTHEX_GLOBAL_EXTERNAL_LABELS: 'x' }).problems).toEqual([
      { code: 'invalid_value', keyPath: 'log.level', where: 'NARTHEX_LOG_LEVEL', message: 'must be one of debug, info, warn, error, is "loud"' },
      { code: 'invalid_value', keyPath: 'global.external_labels', where: 'NARTHEX_GLOBAL_EXTERNAL_LABELS',
        message: 'expected name=value pairs separated by commas, got "x"' },
    ]);
  });
});
