/**
 * The OpenTelemetry SDK for JavaScript with its own exporters, unchanged, and what PromQL then knows: names with unit
 * and type suffixes, values, target_info. Both encodings and gRPC, with and without gzip.
 */
import { diag, DiagLogLevel } from '@opentelemetry/api';
import { OTLPMetricExporter as GrpcExporter } from '@opentelemetry/exporter-metrics-otlp-grpc';
import { OTLPMetricExporter as JsonExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { get, query, value } from './support/query.js';
import { freePort, Server, sleep } from './support/server.js';

let server: Server;
let grpcPort = 0;
let httpPort = 0;
beforeAll(async () => {
  [grpcPort, httpPort] = [await freePort(), await freePort()];
  const flags = [`--otlp.grpc-listen-address=127.0.0.1:${grpcPort}`, `--otlp.http-listen-address=127.0.0.1:${httpPort}`];
  server = await Server.start({ flags });
});
afterAll(async () => server?.remove());

/** What the SDK would write to the console: warnings of the exporter, such as partial success. */
const complaints: string[] = [];
const complain = (...text: unknown[]): void => void complaints.push(text.map(String).join(' '));
diag.setLogger({ error: complain, warn: complain, info: () => undefined, debug: () => undefined, verbose: () => undefined }, DiagLogLevel.WARN);

interface Variant {
  readonly name: string;
  readonly exporter: typeof JsonExporter | typeof ProtobufExporter | typeof GrpcExporter;
  readonly compression: 'gzip' | 'none';
}
const VARIANTS: readonly Variant[] = [
  { name: 'protobuf', exporter: ProtobufExporter, compression: 'none' },
  { name: 'protobuf, gzip', exporter: ProtobufExporter, compression: 'gzip' },
  { name: 'JSON', exporter: JsonExporter, compression: 'none' },
  { name: 'JSON, gzip', exporter: JsonExporter, compression: 'gzip' },
  { name: 'gRPC', exporter: GrpcExporter, compression: 'none' },
  { name: 'gRPC, gzip', exporter: GrpcExporter, compression: 'gzip' },
];

/** A provider as an application makes one; the reader exports on `forceFlush` only. */
function provider(variant: Variant, service: string): MeterProvider {
  // The exporters read it from the environment, as operators set it.
  process.env.OTEL_EXPORTER_OTLP_METRICS_COMPRESSION = variant.compression;
  const url = variant.exporter === GrpcExporter ? `http://127.0.0.1:${grpcPort}` : `${server.url}/api/v1/otlp/v1/metrics`;
  const exporter = new variant.exporter({ url });
  delete process.env.OTEL_EXPORTER_OTLP_METRICS_COMPRESSION;
  return new MeterProvider({
    resource: resourceFromAttributes({
      'service.name': service, 'service.namespace': 'shop', 'service.instance.id': 'i-1', 'service.version': '1.2.3', 'host.name': 'h1',
    }),
    readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000, exportTimeoutMillis: 10_000 })],
    views: [
      { instrumentName: 'payload.size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } },
      { instrumentName: 'http.server.duration', aggregation: { type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM, options: { boundaries: [5, 10, 250] } } },
    ],
  });
}

describe.each(VARIANTS)('$name', (variant) => {
  const service = `svc-${variant.name.replace(/\W+/g, '-').toLowerCase()}`;
  const job = `job="shop/${service}"`;
  const at = (expression: string): Promise<number | undefined> => value(server.url, expression);

  beforeAll(async () => {
    const meters = provider(variant, service);
    const meter = meters.getMeter('e2e', '0.1');
    const requests = meter.createCounter('http.server.requests', { unit: '{request}', description: 'Requests served' });
    requests.add(3, { 'http.method': 'GET', code: 200 });
    requests.add(2, { 'http.method': 'GET', code: 200 });
    requests.add(1, { 'http.method': 'POST', code: 500 });
    meter.createUpDownCounter('queue.length').add(-4);
    meter.createGauge('room.temperature', { unit: 'Cel' }).record(21.5, { room: 'Küche "1"' });
    const duration = meter.createHistogram('http.server.duration', { unit: 'ms' });
    for (const ms of [1, 7, 8, 100, 1000]) duration.record(ms);
    const payload = meter.createHistogram('payload.size', { unit: 'By' });
    for (const bytes of [0, 1, 1, 2, 4, 4, 4, 1000]) payload.record(bytes);
    meter.createObservableCounter('process.cpu.time', { unit: 's' }).addCallback((result) => result.observe(12.25, { state: 'user' }));
    meter.createObservableUpDownCounter('pool.connections').addCallback((result) => result.observe(-7));
    meter.createObservableGauge('cpu.utilization', { unit: '1' }).addCallback((result) => result.observe(0.1 + 0.2));
    await meters.forceFlush();
    // Once more, as a later export does: the sums have grown.
    requests.add(10, { 'http.method': 'GET', code: 200 });
    await sleep(20);
    await meters.forceFlush();
    await sleep(20);
    await meters.shutdown();
  });

  it.each([
    ['http_server_requests_total', '{http_method="GET",code="200",', 15],
    ['http_server_requests_total', '{http_method="POST",code="500",', 1],
    ['queue_length', '{', -4],
    ['room_temperature_celsius', '{room="Küche \\"1\\"",', 21.5],
    ['http_server_duration_milliseconds_count', '{', 5],
    ['http_server_duration_milliseconds_sum', '{', 1116],
    ['http_server_duration_milliseconds_bucket', '{le="5",', 1],
    ['http_server_duration_milliseconds_bucket', '{le="10",', 3],
    ['http_server_duration_milliseconds_bucket', '{le="250",', 4],
    ['http_server_duration_milliseconds_bucket', '{le="+Inf",', 5],
    ['process_cpu_time_seconds_total', '{state="user",', 12.25],
    ['pool_connections', '{', -7],
    ['cpu_utilization_ratio', '{', 0.1 + 0.2],
  ])('%s%s…} is %d', async (name, selector, expected) => {
    expect(await at(`${name}${selector}${job}}`)).toBe(expected);
  });

  it('an exponential histogram is a native histogram', async () => {
    const name = `payload_size_bytes{${job}}`;
    expect(await at(`histogram_count(${name})`)).toBe(8);
    expect(await at(`histogram_sum(${name})`)).toBe(1016);
    expect(await at(`histogram_fraction(0, 0.5, ${name})`)).toBe(1 / 8);
    // The fourth of eight observations is the 2; 160 buckets for 1 to 1000 mean scale 3, so it lies in (1.83, 2].
    const quantile = await at(`histogram_quantile(0.4, ${name})`);
    expect(quantile).toBeGreaterThan(1.83);
    expect(quantile).toBeLessThan(2);
  });

  it('target_info has the resource', async () => {
    const [info] = await query(server.url, `target_info{${job}}`);
    expect(info?.points[0]?.[1]).toBe('1');
    expect(info?.labels).toMatchObject({ job: `shop/${service}`, instance: 'i-1', service_version: '1.2.3', host_name: 'h1' });
    expect(Object.keys(info?.labels ?? {})).not.toContain('service_name');
  });

  it('labels are the attributes, job and instance, nothing else', async () => {
    const [series] = await query(server.url, `room_temperature_celsius{${job}}`);
    expect(series?.labels).toEqual({ __name__: 'room_temperature_celsius', room: 'Küche "1"', job: `shop/${service}`, instance: 'i-1' });
  });

  it('every export is a sample; the shutdown makes one, too', async () => {
    const [series] = await query(server.url, `http_server_requests_total{${job},code="200"}[5m]`);
    expect(series?.points.map(([, v]) => v)).toEqual(['5', '15', '15']);
    expect(await at(`increase(http_server_requests_total{${job},code="200"}[5m])`)).toBeGreaterThanOrEqual(10);
  });

  it('all but the buckets are there, under the expected names only', async () => {
    const names = await get<string[]>(server.url, `label/__name__/values?${new URLSearchParams({ 'match[]': `{${job}}` })}`);
    expect(names).toEqual([
      'cpu_utilization_ratio', 'http_server_duration_milliseconds_bucket', 'http_server_duration_milliseconds_count',
      'http_server_duration_milliseconds_sum', 'http_server_requests_total', 'payload_size_bytes', 'pool_connections',
      'process_cpu_time_seconds_total', 'queue_length', 'room_temperature_celsius', 'target_info',
    ]);
  });
});

it('metadata comes with it', async () => {
  await expect.poll(() => get<Record<string, unknown>>(server.url, 'metadata')).toMatchObject({
    http_server_requests_total: [{ type: 'counter', help: 'Requests served', unit: '' }],
    room_temperature_celsius: [{ type: 'gauge', unit: 'celsius' }],
    http_server_duration_milliseconds: [{ type: 'histogram', unit: 'milliseconds' }],
    queue_length: [{ type: 'gauge' }],
  });
});

it('the SDK had nothing to complain about', () => {
  expect(complaints).toEqual([]);
});

it.each<[string, () => string]>([
  ['short path', () => `${server.url}/v1/metrics`],
  ['port of its own', () => `http://127.0.0.1:${httpPort}/v1/metrics`],
])('the %s works, too', async (name, url) => {
  const metric = name.replaceAll(' ', '.');
  const exporter = new JsonExporter({ url: url() });
  const meters = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })] });
  meters.getMeter('e2e').createCounter(metric).add(1);
  await meters.forceFlush();
  await meters.shutdown();
  expect(await value(server.url, `${metric.replaceAll('.', '_')}_total`)).toBe(1);
});

it('the port of its own serves nothing but OTLP', async () => {
  const status = async (path: string): Promise<number> => (await fetch(`http://127.0.0.1:${httpPort}${path}`)).status;
  expect([await status('/api/v1/query?query=1'), await status('/metrics'), await status('/v1/metrics')]).toEqual([404, 404, 405]);
});
