/** `/api/v1/status/flags` beside that of a Prometheus 3.5.3 without any flag. */
import { describe, expect, it } from 'vitest';
import { IGNORED_FLAGS } from '../../src/config/foreign-flags.js';
import { loadConfig } from '../../src/config/load.js';

/** As a Prometheus lists them, but for paths of its package. */
const UPSTREAM = `agent=false alertmanager.drain-notification-queue-on-shutdown=true alertmanager.notification-batch-size=256
alertmanager.notification-queue-capacity=10000 auto-gomaxprocs=true auto-gomemlimit=true auto-gomemlimit.ratio=0.9 config.auto-reload-interval=30s
config.file=prometheus.yml enable-feature= log.format=logfmt log.level=info query.lookback-delta=5m query.max-concurrency=20
query.max-samples=50000000 query.timeout=2m rules.alert.for-grace-period=10m rules.alert.for-outage-tolerance=1h rules.alert.resend-delay=1m
rules.max-concurrent-evals=4 scrape.adjust-timestamps=true scrape.discovery-reload-interval=5s scrape.timestamp-tolerance=2ms
storage.agent.no-lockfile=false storage.agent.path=data-agent/ storage.agent.retention.max-time=0s storage.agent.retention.min-time=0s
storage.agent.wal-compression=true storage.agent.wal-compression-type=snappy storage.agent.wal-segment-size=0B
storage.agent.wal-truncate-frequency=0s storage.remote.flush-deadline=1m storage.remote.read-concurrent-limit=10
storage.remote.read-max-bytes-in-frame=1048576 storage.remote.read-sample-limit=50000000 storage.tsdb.allow-overlapping-compaction=true
storage.tsdb.delayed-compaction.max-percent=10 storage.tsdb.head-chunks-write-queue-size=0 storage.tsdb.max-block-chunk-segment-size=0B
storage.tsdb.max-block-duration=1d12h storage.tsdb.min-block-duration=2h storage.tsdb.no-lockfile=false storage.tsdb.path=data/
storage.tsdb.retention.size=0B storage.tsdb.retention.time=15d storage.tsdb.samples-per-chunk=120 storage.tsdb.wal-compression=true
storage.tsdb.wal-compression-type=snappy storage.tsdb.wal-segment-size=0B web.config.file= web.console.libraries=console_libraries
web.console.templates=consoles web.cors.origin=.* web.enable-admin-api=false web.enable-lifecycle=false web.enable-otlp-receiver=false
web.enable-remote-write-receiver=false web.external-url= web.listen-address=0.0.0.0:9090 web.max-connections=512
web.max-notifications-subscribers=16 web.page-title=Prometheus web.read-timeout=5m
web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest,io.prometheus.write.v2.Request web.route-prefix=/ web.user-assets=`
  .split(/\s+/).map((pair) => pair.split('=') as [string, string]);

/** What is otherwise here than in a Prometheus that is told nothing. */
const DIFFERENT: Readonly<Record<string, string>> = {
  'storage.tsdb.wal-compression': 'false',
  'storage.tsdb.wal-segment-size': '64MiB',
  'web.enable-otlp-receiver': 'true',
  'web.enable-remote-write-receiver': 'true',
};

const load = (...argv: string[]) => loadConfig(argv, {}, () => '', { memoryBytes: 8 * 1024 ** 3, cores: 4 }).flags;

describe('flags as Prometheus lists them', () => {
  const flags = load();
  it.each(UPSTREAM.filter(([name]) => Object.hasOwn(flags, name)))('%s=%s', (name, value) => {
    expect(flags[name]).toBe(DIFFERENT[name] ?? value);
  });

  it('are left out where the part is missing that they are about, which the warning says', () => {
    const missing = UPSTREAM.map(([name]) => name).filter((name) => !Object.hasOwn(flags, name));
    expect(missing.filter((name) => !Object.hasOwn(IGNORED_FLAGS, name))).toEqual([]);
    expect(missing.filter((name) => !/^(?:alertmanager|auto-|rules|scrape|storage\.agent|web\.(?:console|page|user))/.test(name))).toEqual([
      'config.auto-reload-interval', 'storage.remote.flush-deadline', 'storage.tsdb.delayed-compaction.max-percent', 'storage.tsdb.head-chunks-write-queue-size',
      'storage.tsdb.max-block-chunk-segment-size', 'storage.tsdb.samples-per-chunk', 'storage.tsdb.wal-compression-type',
    ]);
  });

  it('follow the key that does the same under another name', () => {
    expect(load('--storage.head.range=1h')).toMatchObject({ 'storage.head.range': '1h', 'storage.tsdb.min-block-duration': '1h' });
    expect(load('--storage.tsdb.min-block-duration=30m')['storage.tsdb.min-block-duration']).toBe('2h');
  });
});
