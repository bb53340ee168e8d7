import fs from 'node:fs';
import { describe, expect, it } from 'vitest';
import { FLAG_KEYS, readFlags } from '../../src/config/flags.js';
import { IGNORED_FLAGS, REFUSED_FLAGS } from '../../src/config/foreign-flags.js';
import { usage } from '../../src/config/usage.js';
import { NARTHEX_VERSION } from '../../src/config/version.js';
import { loadConfig } from '../../src/config/load.js';

const values = (...argv: string[]) => Object.fromEntries([...readFlags(argv).values].map(([path, { value }]) => [path, value]));
const problems = (...argv: string[]) => readFlags(argv).problems.map(({ where, message }) => `${where} ${message}`);
const absent = () => {
  throw Object.assign(new Error('absent'), { code: 'ENOENT' });
};

describe('forms', () => {
  it.each([
    ['--flag=value', ['--storage.tsdb.path=/x'], { 'storage.tsdb.path': '/x' }],
    ['--flag value', ['--storage.tsdb.path', '/x'], { 'storage.tsdb.path': '/x' }],
    ['a value with =', ['--storage.tsdb.path=a=b'], { 'storage.tsdb.path': 'a=b' }],
    ['a value that looks like a flag', ['--storage.tsdb.path', '--x'], { 'storage.tsdb.path': '--x' }],
    ['the name that does not follow the rule', ['--web.cors.origin=a'], { 'web.cors_origin': 'a' }],
    ['switch', ['--web.enable-lifecycle'], { 'web.enable_lifecycle': true }],
    ['switch off', ['--no-web.enable-lifecycle'], { 'web.enable_lifecycle': false }],
    ['switch with value', ['--web.enable-lifecycle=false'], { 'web.enable_lifecycle': false }],
    ['repeated list', ['--web.listen-address=:1', '--web.listen-address', ':2,:3'], { 'web.listen_address': [':1', ':2', ':3'] }],
    ['durations, sizes, numbers', ['--query.timeout=1m', '--storage.tsdb.retention.size=1GB', '--query.max-samples=5e7'],
      { 'query.timeout': 60_000, 'storage.tsdb.retention.size': 1024 ** 3, 'query.max_samples': 50_000_000 }],
  ])('%s', (_, argv, expected) => expect(values(...argv)).toEqual(expected));

  it('a switch does not take the next argument', () => {
    expect(problems('--web.enable-lifecycle', 'true')).toEqual(['true unexpected argument']);
  });
});

describe('upstream', () => {
  it('all flags named in Prometheus\' documentation are accepted', () => {
    const accepted = [
      '--config.file=x', '--web.listen-address=:9090', '--web.external-url=http://x/', '--web.route-prefix=/', '--web.enable-lifecycle',
      '--web.enable-admin-api', '--web.enable-remote-write-receiver', '--web.enable-otlp-receiver', '--web.cors.origin=.*',
      '--storage.tsdb.path=data', '--storage.tsdb.retention.time=15d', '--storage.tsdb.retention.size=512MB', '--query.lookback-delta=5m',
      '--query.timeout=2m', '--query.max-concurrency=20', '--query.max-samples=50000000', '--log.level=info', '--log.format=json',
      '--enable-feature=a,b', '--enable-feature=c', '--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest',
    ];
    const { problems: found, warnings, enableFeatures } = readFlags(accepted);
    expect({ found, warnings }).toEqual({ found: [], warnings: [] });
    expect(enableFeatures).toEqual(['a', 'b', 'c']);
  });

  it('those without meaning here warn, with and without =', () => {
    const { problems: found, warnings } = readFlags(['--web.page-title', 'x', '--storage.tsdb.no-lockfile', '--no-storage.tsdb.wal-compression', '--rules.max-concurrent-evals=4']);
    expect(found).toEqual([]);
    expect(warnings.map((line) => line.split(' ')[0])).toEqual([
      '--web.page-title', '--storage.tsdb.no-lockfile', '--storage.tsdb.wal-compression', '--rules.max-concurrent-evals',
    ]);
  });

  it('no flag is in two tables', () => {
    for (const name of [...Object.keys(IGNORED_FLAGS), ...Object.keys(REFUSED_FLAGS)]) expect(FLAG_KEYS.has(name), name).toBe(false);
  });

  it('the receivers cannot be switched off', () => {
    expect(readFlags(['--no-web.enable-otlp-receiver']).warnings).toEqual(['--web.enable-otlp-receiver: the receiver is always on']);
  });
});

describe('errors', () => {
  it.each([
    [['--storage.tsdb.pth=x'], '--storage.tsdb.pth unknown flag (did you mean "storage.tsdb.path"?)'],
    [['--storage.tsdb.out-of-order-time-window=1h'],
      '--storage.tsdb.out-of-order-time-window unknown flag (as in Prometheus this is a key of the configuration file: storage.tsdb.out_of_order_time_window)'],
    [['--zzz'], '--zzz unknown flag'],
    [['--query.timeout'], '--query.timeout expects a value'],
    [['--query.timeout=soon'], '--query.timeout not a valid duration string: "soon"'],
    [['--query.timeout=1m', '--query.timeout=2m'], '--query.timeout may be given only once'],
    [['--log.level=trace'], '--log.level must be one of debug, info, warn, error, is "trace"'],
    [['--web.config.file=tls.yml'], '--web.config.file TLS and authentication are not there yet; starting without them would leave the server open. '
      + 'Put a reverse proxy in front and drop the flag'],
    [['--agent'], '--agent there is no agent mode'],
    [['serve'], 'serve unexpected argument'],
    [['-x'], '-x unexpected argument'],
  ])('%j', (argv, message) => expect(problems(...argv)).toEqual([message]));
});

describe('help and version', () => {
  it('are returned as text to print', () => {
    expect(loadConfig(['--help'], {}, absent).printAndExit).toBe(usage());
    expect(loadConfig(['-h'], {}, absent).printAndExit).toContain('--storage.tsdb.path=data/');
    expect(loadConfig(['--version'], {}, absent).printAndExit).toMatch(`narthex ${NARTHEX_VERSION} (node v`);
    expect(loadConfig([], {}, absent).printAndExit).toBeUndefined();
  });

  it('help names every command', () => {
    const main = fs.readFileSync(new URL('../../src/main.ts', import.meta.url), 'utf8');
    const commands = [...main.matchAll(/case '(\w+)'/g)].map(([, name]) => name!);
    expect(commands).toContain('verify');
    for (const name of commands) expect(usage()).toMatch(new RegExp(`^  ${name} +[A-Z]`, 'm'));
  });

  it('help names every flag and fits 100 columns', () => {
    for (const name of FLAG_KEYS.keys()) expect(usage()).toMatch(`${name.split('.').at(-1)}`);
    expect(usage().split('\n').filter((line) => line.length > 100)).toEqual([]);
  });
});
