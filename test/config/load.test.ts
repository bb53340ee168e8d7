import { describe, expect, it } from 'vitest';
import { ConfigError } from '../../src/config/config-error.js';
import { loadConfig, readConfigFile, type Machine } from '../../src/config/load.js';

const machine: Machine = { memoryBytes: 8 * 1024 ** 3, cores: 4 };
const absent = (path: string): string => {
  throw Object.assign(new Error(`ENOENT: no such file or directory, open '${path}'`), { code: 'ENOENT' });
};

/** Loads with the given file text (undefined: no file), arguments and environment. */
function load(file: string | undefined, argv: string[] = [], env: Record<string, string> = {}) {
  return loadConfig(argv, env, file === undefined ? absent : () => file, machine);
}

function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

describe('defaults', () => {
  const { config, warnings, sources } = load(undefined);

  it('need no file, give no warning and come from nowhere', () => {
    expect(warnings).toEqual([]);
    expect(sources.size).toBe(0);
  });

  it('are those of Prometheus where it has them, and the documented own ones', () => {
    expect(config.global).toEqual({ scrape_interval_ms: 60_000, evaluation_interval_ms: 60_000, external_labels: {}, metric_name_validation_scheme: 'utf8' });
    expect(config.otlp).toEqual({
      grpc_listen_address: 'auto',
      http_listen_address: 'auto',
      translation_strategy: 'UnderscoreEscapingWithSuffixes',
      promote_resource_attributes: [],
      promote_all_resource_attributes: false,
      ignore_resource_attributes: [],
      keep_identifying_resource_attributes: false,
      convert_histograms_to_nhcb: false,
      delta_temporality: 'cumulative',
      delta_max_idle_ms: 86_400_000,
      promote_scope_metadata: false,
      label_name_underscore_sanitization: true,
      label_name_preserve_multiple_underscores: true,
    });
    expect(config.storage.tsdb).toEqual({
      path: 'data/', out_of_order_time_window_ms: 1_800_000, max_block_duration_ms: 36 * 3_600_000, retention: { time_ms: 15 * 86_400_000, size_bytes: 0 },
    });
    expect(config.query).toMatchObject({ lookback_delta_ms: 300_000, timeout_ms: 120_000, max_samples: 50_000_000, max_concurrency: 20 });
    expect(config.web).toMatchObject({ listen_address: ['0.0.0.0:9090'], route_prefix: '/', cors_origin: '.*', enable_lifecycle: false });
    expect(config.wal).toEqual({ sync: 'interval', sync_interval_ms: 200, segment_size_bytes: 64 * 1024 ** 2 });
  });

  it('resolve "automatic" from the machine', () => {
    expect(config.storage.head.memory_bytes).toBe(4 * 1024 ** 3);
    expect(config.query.max_memory_bytes).toBe(2 * 1024 ** 3);
    expect(config.query.workers).toBe(3);
    expect(loadConfig([], {}, absent, { memoryBytes: 1, cores: 1 }).config.query.workers).toBe(1);
  });

  it('cannot be changed by accident', () => {
    expect(() => Object.assign(config.query, { max_samples: 1 })).toThrow(TypeError);
  });
});

describe('precedence', () => {
  it.each([
    ['default', undefined, [], {}, '5m'],
    ['file over default', 'query: {lookback_delta: 1m}', [], {}, '1m'],
    ['environment over file', 'query: {lookback_delta: 1m}', [], { NARTHEX_QUERY_LOOKBACK_DELTA: '2m' }, '2m'],
    ['flag over environment', 'query: {lookback_delta: 1m}', ['--query.lookback-delta=3m'], { NARTHEX_QUERY_LOOKBACK_DELTA: '2m' }, '3m'],
  ])('%s', (_, file, argv, env, expected) => {
    expect(load(file, argv, env as Record<string, string>).flags['query.lookback-delta']).toBe(expected);
  });

  it('says where each value comes from', () => {
    const { sources } = load('log:\n  level: warn\n', ['--log.format', 'json'], { NARTHEX_QUERY_WORKERS: '2' });
    expect(Object.fromEntries(sources)).toEqual({
      'log.level': 'prometheus.yml:2', 'log.format': '--log.format', 'query.workers': 'NARTHEX_QUERY_WORKERS',
    });
  });
});

describe('file', () => {
  it('is prometheus.yml unless named by flag or environment, and must exist if named', () => {
    const asked: string[] = [];
    const read = (path: string) => (asked.push(path), '');
    loadConfig([], {}, read, machine);
    loadConfig(['--config.file', 'a.yml'], { NARTHEX_CONFIG_FILE: 'b.yml' }, read, machine);
    loadConfig(['--config=c.yml'], {}, read, machine);
    loadConfig([], { NARTHEX_CONFIG_FILE: 'b.yml' }, read, machine);
    expect(asked).toEqual(['prometheus.yml', 'a.yml', 'c.yml', 'b.yml']);
    expect(problemsOf(() => loadConfig(['--config.file=x.yml'], {}, absent, machine))).toEqual([
      'x.yml: cannot read the configuration file: ENOENT: no such file or directory, open \'x.yml\'',
    ]);
    expect(() => loadConfig(['--config.file=/nowhere/x.yml'], {}, readConfigFile, machine)).toThrow(ConfigError);
  });

  it('a prometheus.yml works; what has no effect is reported once a key', () => {
    const { config, warnings } = load([
      'global:',
      '  scrape_interval: 15s',
      '  scrape_timeout: 10s',
      '  external_labels: {cluster: eu-1, replica: 0}',
      'rule_files:',
      '  # - first.rules',
      'alerting:',
      '  alertmanagers: [{static_configs: [{targets: ["am:9093"]}]}]',
      'scrape_configs:',
      '  - job_name: prometheus',
      '    static_configs: [{targets: ["localhost:9090"]}]',
      'remote_write: []',
      'otlp:',
      '  promote_resource_attributes:',
      '    - service.name',
      '    - k8s.pod.name',
      'storage:',
      '  tsdb:',
      '    out_of_order_time_window: 10m',
    ].join('\n'));
    expect(config.global.scrape_interval_ms).toBe(15_000);
    expect(config.global.external_labels).toEqual({ cluster: 'eu-1', replica: '0' });
    expect(config.otlp.promote_resource_attributes).toEqual(['service.name', 'k8s.pod.name']);
    expect(config.storage.tsdb.out_of_order_time_window_ms).toBe(600_000);
    expect(warnings.map((line) => line.split(':').slice(0, 3).join(':'))).toEqual([
      'prometheus.yml:7: alerting has no effect', 'prometheus.yml:9: scrape_configs has no effect',
    ]);
  });

  it.each([
    ['empty', ''], ['comments only', '# nothing\n'], ['open sections', 'global:\nstorage:\n  tsdb:\n'], ['null value', 'query: {timeout: }'],
  ])('%s means defaults', (_, text) => {
    expect(load(text).config).toEqual(load(undefined).config);
  });

  it('resolves anchors and merge keys, own keys win', () => {
    const { config } = load('query: &q {timeout: 1m, max_samples: 5}\nstorage: {head: {range: 1h}}\n');
    expect(config.query.timeout_ms).toBe(60_000);
    const merged = load('otlp: {promote_resource_attributes: &a [x]}\nenable_features: *a\n');
    expect(merged.config.enable_features).toEqual(['x']);
    const twice = load('limits: &l {max_body_size: 1MiB}\n').config.limits.max_body_size_bytes;
    expect(twice).toBe(1024 ** 2);
    const inherit = load('web:\n  enable_admin_api: true\n  <<: {enable_admin_api: false, enable_lifecycle: true}\n').config.web;
    expect(inherit).toMatchObject({ enable_admin_api: true, enable_lifecycle: true });
  });

  it.each([
    ['storage: {tsdb: {retension: {time: 1d}}}', 'prometheus.yml:1: storage.tsdb.retension: unknown key (did you mean "retention"?)'],
    ['storage:\n  out_of_order_time_window: 1h', 'prometheus.yml:2: storage.out_of_order_time_window: unknown key (did you mean "storage.tsdb.out_of_order_time_window"?)'],
    ['scrape_config: []', 'prometheus.yml:1: scrape_config: unknown key (did you mean "scrape_configs"?)'],
    ['\n\nfoo: 1', 'prometheus.yml:3: foo: unknown key'],
    ['__proto__: 1', 'prometheus.yml:1: __proto__: unknown key'],
    ['constructor: 1', 'prometheus.yml:1: constructor: unknown key'],
    ['query: {timeout: 2}', 'prometheus.yml:1: query.timeout: not a valid duration string: "2"'],
    ['query: {timeout: 0s}', 'prometheus.yml:1: query.timeout: must be at least 1ms, is 0s'],
    ['query: {max_samples: 1.5}', 'prometheus.yml:1: query.max_samples: not a whole number: "1.5"'],
    ['query: {max_samples: -1}', 'prometheus.yml:1: query.max_samples: not a whole number: "-1"'],
    ['wal: {sync: allways}', 'prometheus.yml:1: wal.sync: must be one of interval, always, never, is "allways"'],
    ['wal: {segment_size: 100}', 'prometheus.yml:1: wal.segment_size: not a valid size: "100" (a number and a unit are needed, for example 512MB or 2GiB)'],
    ['wal: {segment_size: 4GiB}', 'prometheus.yml:1: wal.segment_size: must be at most 1GiB, is 4GiB'],
    ['web: {enable_lifecycle: maybe}', 'prometheus.yml:1: web.enable_lifecycle: not a boolean: "maybe" (true or false)'],
    ['web: {listen_address: []}', 'prometheus.yml:1: web.listen_address: must not be empty'],
    ['web: {listen_address: "9090"}', 'prometheus.yml:1: web.listen_address: "9090" is not host:port or :port'],
    ['web: {external_url: "ftp://x"}', 'prometheus.yml:1: web.external_url: "ftp://x" is not an http or https URL'],
    ['web: {cors_origin: "("}', 'prometheus.yml:1: web.cors_origin: not a valid regular expression: error parsing regexp: missing closing ): `(`'],
    // What JavaScript takes and RE2 does not.
    ['web: {cors_origin: "a(?=b)"}', 'prometheus.yml:1: web.cors_origin: not a valid regular expression: error parsing regexp: '
      + 'invalid or unsupported Perl syntax: `(?=`'],
    ['web: []', 'prometheus.yml:1: web: must hold keys and values'],
    ['log: {level: {a: 1}}', 'prometheus.yml:1: log.level: must be a single value'],
    ['- a', 'prometheus.yml:1: the file must hold keys and values'],
    ['otlp: {promote_resource_attributes: [" "]}', 'prometheus.yml:1: otlp.promote_resource_attributes: entries must not be blank'],
    ['web: {remote_write_receiver: {accepted_protobuf_messages: [a]}}', 'prometheus.yml:1: web.remote_write_receiver.accepted_protobuf_messages: '
      + 'unknown remote write protobuf message a, supported: prometheus.WriteRequest, io.prometheus.write.v2.Request'],
    ['otlp: {promote_resource_attributes: [a, a]}', 'prometheus.yml:1: otlp.promote_resource_attributes: duplicated attribute "a"'],
    ['otlp: {ignore_resource_attributes: [a]}', 'prometheus.yml:1: otlp.ignore_resource_attributes: \'ignore_resource_attributes\' cannot be configured unless \'promote_all_resource_attributes\' is true'],
    ['otlp: {promote_all_resource_attributes: true, promote_resource_attributes: [a]}', 'prometheus.yml:1: otlp.promote_all_resource_attributes: \'promote_all_resource_attributes\' and \'promote_resource_attributes\' cannot be configured simultaneously'],
    ['global: {metric_name_validation_scheme: legacy}\notlp: {translation_strategy: NoTranslation}', 'prometheus.yml:2: otlp.translation_strategy: OTLP translation strategy "NoTranslation" is not allowed when UTF8 is disabled'],
    ['global: {metric_name_validation_scheme: legacy, external_labels: {a.b: c}}', 'prometheus.yml:1: global.external_labels: "a.b" is not a valid label name'],
  ])('refuses %j', (text, message) => {
    expect(problemsOf(() => load(text))).toEqual([message]);
  });

  it('reports YAML errors with their line, and a key that stands twice', () => {
    expect(problemsOf(() => load('a: [1\nb: 2'))[0]).toMatch(/^prometheus\.yml:\d: /);
    expect(problemsOf(() => load('log: {}\nlog: {}'))[0]).toMatch(/^prometheus\.yml:2: .*unique/);
  });

  it('reports all problems at once, with a code and the path of the first', () => {
    try {
      load('fooo: 1\nquery: {timeout: x}', ['--log.level=loud'], { NARTHEX_WAL_SYNC: 'x' });
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      if (!(error instanceof ConfigError)) return;
      expect(error.problems.map(({ code, keyPath, where }) => [code, keyPath, where])).toEqual([
        ['invalid_value', 'log.level', '--log.level'],
        ['unknown_key', 'fooo', 'prometheus.yml:1'],
        ['invalid_value', 'query.timeout', 'prometheus.yml:2'],
        ['invalid_value', 'wal.sync', 'NARTHEX_WAL_SYNC'],
      ]);
      expect([error.code, error.keyPath]).toEqual(['invalid_value', 'log.level']);
    }
  });
});

describe('rules between keys', () => {
  it('a retention by size alone has no limit by age, as in Prometheus', () => {
    expect(load('storage: {tsdb: {retention: {size: 10GB}}}').config.storage.tsdb.retention).toEqual({ time_ms: 0, size_bytes: 10 * 1024 ** 3 });
    expect(load(undefined, ['--storage.tsdb.retention.size=10GB', '--storage.tsdb.retention.time=15d']).config.storage.tsdb.retention.time_ms)
      .toBe(15 * 86_400_000);
  });

  it.each([
    ['', '', '/'], ['https://example.org/metrics/', '', '/metrics'], ['https://example.org/a', '/b/', '/b'], ['https://example.org/a', '/', '/'],
  ])('route prefix of %j and %j is %s', (externalUrl, prefix, expected) => {
    expect(load(undefined, [`--web.external-url=${externalUrl}`, `--web.route-prefix=${prefix}`]).config.web.route_prefix).toBe(expected);
  });

  it('expands the environment in external labels', () => {
    const { config, warnings } = load('global: {external_labels: {a: "$A-${B}", c: "$$x", d: "$D"}}', [], { A: '1', B: '2' });
    expect(config.global.external_labels).toEqual({ a: '1-2', c: '$x', d: '' });
    expect(warnings).toEqual(['global.external_labels: environment variable D is empty']);
  });

  it('the command and the file of Prometheus\' guide to OpenTelemetry work as they stand', () => {
    const { config, warnings } = load('storage:\n  tsdb:\n    out_of_order_time_window: 10m\n', ['--enable-feature=otlp-write-receiver', '--config=prometheus.yml']);
    expect(warnings).toEqual([]);
    expect(config.storage.tsdb.out_of_order_time_window_ms).toBe(600_000);
  });

  it('features come from file and flags', () => {
    const { config, warnings, flags } = load(
      'enable_features: [type-and-unit-labels]',
      ['--enable-feature=promql-experimental-functions,native-histograms', '--enable-feature', 'otlp-deltatocumulative,nonsense'],
    );
    expect(config.features).toMatchObject({ type_and_unit_labels: true, promql_experimental_functions: true, promql_delayed_name_removal: false });
    expect(warnings).toEqual([
      'feature "nonsense" is not known',
    ]);
    expect(flags['enable-feature']).toBe('type-and-unit-labels,promql-experimental-functions,native-histograms,otlp-deltatocumulative,nonsense');
  });

  it.each([
    ['', [], 'cumulative'],
    ['', ['--enable-feature=otlp-deltatocumulative'], 'cumulative'],
    ['', ['--enable-feature=otlp-native-delta-ingestion'], 'native'],
    ['otlp: {delta_temporality: reject}', [], 'reject'],
    ['otlp: {delta_temporality: native}', ['--enable-feature=otlp-native-delta-ingestion'], 'native'],
  ])('delta temporality: %j %j is %s', (file, argv, expected) => {
    expect(load(file, argv).config.otlp.delta_temporality).toBe(expected);
  });

  it.each([
    ['', 'otlp-native-delta-ingestion,otlp-deltatocumulative', /cannot be enabled at the same time/],
    ['otlp: {delta_temporality: reject}', 'otlp-deltatocumulative', /prometheus.yml:1.*reject contradicts the enabled feature, which means cumulative/],
  ])('delta temporality: %j with the features %s is an error', (file, features, message) => {
    expect(() => load(file, [`--enable-feature=${features}`])).toThrow(message);
  });
});

describe('what is shown', () => {
  it('the effective YAML is a complete file that loads to the same configuration', () => {
    const first = load('global: {external_labels: {a: b}}\nremote_write: [{url: "http://x", basic_auth: {password: hush}}]', ['--query.timeout=90s']);
    expect(first.effectiveYaml()).not.toContain('hush');
    expect(first.effectiveYaml()).toContain('timeout: 1m30s');
    expect(load(first.effectiveYaml()).config).toEqual(first.config);
  });

  it('flags have upstream\'s names and texts', () => {
    expect(load('log: {level: debug}').flags).toMatchObject({
      'config.file': 'prometheus.yml',
      'log.level': 'debug',
      'query.lookback-delta': '5m',
      'query.max-samples': '50000000',
      'storage.tsdb.path': 'data/',
      'storage.tsdb.retention.time': '15d',
      'web.enable-admin-api': 'false',
      'web.enable-otlp-receiver': 'true',
      'web.listen-address': '0.0.0.0:9090',
      'web.route-prefix': '/',
    });
  });
});
