/**
 * Delta temporality: the OpenTelemetry SDK for JavaScript as it comes, over a restart of the server, and a sender of our own
 * that repeats what was not answered while the server is killed in the middle. What PromQL sees is what the application counted.
 */
import { OTLPMetricExporter as JsonExporter, AggregationTemporalityPreference } from '@opentelemetry/exporter-metrics-otlp-http';
import { OTLPMetricExporter as ProtobufExporter } from '@opentelemetry/exporter-metrics-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { AggregationType, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { lookupType } from '../support/message-types.js';
import { post } from '../support/remote-write-client.js';
import { get, parseValue, query, value } from './support/query.js';
import { freePort, removeAll, Server, sleep } from './support/server.js';

const servers: Server[] = [];
afterAll(() => removeAll(servers));

async function start(options: Parameters<typeof Server.start>[0] = {}): Promise<Server> {
  const server = await Server.start(options);
  servers.push(server);
  return server;
}

describe.each([
  { name: 'protobuf', Exporter: ProtobufExporter },
  { name: 'JSON', Exporter: JsonExporter },
])('the SDK with delta temporality, $name', ({ name, Exporter }) => {
  let server: Server;
  const at = (expression: string): Promise<number | undefined> => value(server.url, expression);

  beforeAll(async () => {
    const port = await freePort();
    server = await start({ port });
    const exporter = new Exporter({ url: `${server.url}/v1/metrics`, temporalityPreference: AggregationTemporalityPreference.DELTA });
    const meters = new MeterProvider({
      resource: resourceFromAttributes({ 'service.name': `delta-${name}`, 'service.instance.id': 'i-1' }),
      readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000, exportTimeoutMillis: 10_000 })],
      views: [{ instrumentName: 'payload.size', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM } }],
    });
    const meter = meters.getMeter('e2e');
    const requests = meter.createCounter('requests');
    const rare = meter.createCounter('rare');
    const queue = meter.createUpDownCounter('queue.length');
    const duration = meter.createHistogram('duration', { unit: 's', advice: { explicitBucketBoundaries: [1, 10] } });
    const payload = meter.createHistogram('payload.size');
    for (let round = 1; round <= 4; round++) {
      requests.add(round, { code: 200 });
      if (round % 3 === 1) rare.add(1);
      queue.add(round % 2 === 0 ? -1 : 3);
      duration.record(round * 4);
      payload.record(2 ** round);
      await sleep(20);
      await meters.forceFlush();
      if (round !== 2) continue;
      await server.kill();
      server = await start({ port, directory: server.directory });
    }
    await sleep(20);
    await meters.shutdown();
  });

  it.each([
    ['requests_total{code="200"}', 10],
    ['rare_total', 2],
    ['queue_length', 4],
    ['duration_seconds_count', 4],
    ['duration_seconds_sum', 40],
    ['duration_seconds_bucket{le="1"}', 0],
    ['duration_seconds_bucket{le="10"}', 2],
    ['duration_seconds_bucket{le="+Inf"}', 4],
    ['histogram_count(payload_size)', 4],
    ['histogram_sum(payload_size)', 30],
    // The first export counts too: the total begins at 0.
    ['max_over_time(requests_total[1h]) - min_over_time(requests_total[1h])', 10],
    ['resets(requests_total[1h])', 0],
  ])('%s is %d', async (expression, expected) => {
    expect(await at(expression)).toBe(expected);
  });

  it('they are counters and histograms to everyone who asks', async () => {
    const metadata = await get<Record<string, { type: string }[]>>(server.url, 'metadata');
    expect(metadata.requests_total?.[0]?.type).toBe('counter');
    expect(metadata.duration_seconds?.[0]?.type).toBe('histogram');
    expect(metadata.queue_length?.[0]?.type).toBe('gauge');
  });
});

// ---- Kills ------------------------------------------------------------------------------------------------------------------

const requestType = lookupType('opentelemetry/proto/collector/metrics/v1/metrics_service.proto', 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest');
const DELTA = 1;
const STEP_MS = 20;

interface Totals {
  sum: number;
  count: number;
  low: number;
}

/** One sender: a request after the other, each repeated until it is answered. */
class Stream {
  readonly expected: Totals = { sum: 0, count: 0, low: 0 };
  private number = 0;
  private pending: { readonly body: Uint8Array; readonly add: Totals } | undefined;

  constructor(private readonly name: string, private readonly startMs: number) {}

  /** Sends until the server is gone, or `requests` were answered. */
  async run(server: Server, requests = Infinity): Promise<void> {
    for (let answered = 0; answered < requests; answered++) {
      this.pending ??= this.next();
      try {
        const answer = await post(`${server.url}/v1/metrics`, this.pending.body, { 'content-type': 'application/x-protobuf' });
        if (answer.status === 503) return; // it is stopping
        // A full success: a repeated request is no overlap and no conflict.
        expect(`${answer.status} ${answer.text}`).toBe('200 ');
      } catch (error) {
        if (error instanceof TypeError) return; // no connection
        throw error;
      }
      // In the order of the server's additions: the same double comes out.
      this.expected.sum += this.pending.add.sum;
      this.expected.count += this.pending.add.count;
      this.expected.low += this.pending.add.low;
      this.pending = undefined;
    }
  }

  async check(server: Server): Promise<void> {
    const now = async (expression: string): Promise<number | undefined> => value(server.url, expression);
    const { sum, count, low } = this.expected;
    const selector = `{job="${this.name}"}`;
    expect(await now(`last_over_time(kill_total${selector}[1h])`)).toBe(sum);
    expect(await now(`last_over_time(kill_h_count${selector}[1h])`)).toBe(count);
    expect(await now(`last_over_time(kill_h_bucket{job="${this.name}", le="1"}[1h])`)).toBe(low);
    expect(await now(`histogram_count(last_over_time(kill_e${selector}[1h]))`)).toBe(count);
    const [series] = await query(server.url, `kill_total${selector}[1h]`, Date.now() / 1000);
    const values = series!.points.map(([, text]) => parseValue(text));
    // The zero at the beginning, then one sample a request: none is missing, none is there twice.
    expect(values[0]).toBe(0);
    expect(values.length).toBe(this.number + 1);
    expect(values.every((v, i) => i === 0 || v > values[i - 1]!)).toBe(true);
  }

  private next(): { body: Uint8Array; add: Totals } {
    const startTimeUnixNano = `${this.startMs + this.number * STEP_MS}000000`;
    const timeUnixNano = `${this.startMs + (this.number + 1) * STEP_MS}000000`;
    const low = this.number % 3;
    const count = low + (this.number % 5);
    const sum = (this.number % 7) / 3 + 0.1;
    this.number++;
    const times = { startTimeUnixNano, timeUnixNano };
    const metrics = [
      { name: 'kill', sum: { aggregationTemporality: DELTA, isMonotonic: true, dataPoints: [{ ...times, asDouble: sum }] } },
      { name: 'kill.h', histogram: { aggregationTemporality: DELTA, dataPoints: [{ ...times, count, sum, explicitBounds: [1], bucketCounts: [low, count - low] }] } },
      { name: 'kill.e', exponentialHistogram: { aggregationTemporality: DELTA, dataPoints: [{ ...times, count, sum, scale: this.number % 4, zeroCount: low, positive: { offset: this.number % 6, bucketCounts: [count - low] } }] } },
    ];
    const resource = { attributes: [{ key: 'service.name', value: { stringValue: this.name } }] };
    return { body: requestType.encode(requestType.fromObject({ resourceMetrics: [{ resource, scopeMetrics: [{ metrics }] }] })).finish(), add: { sum, count, low } };
  }
}

describe('kill -9 in the middle of deltas', () => {
  it('the totals are what was sent, to the last bit', async () => {
    const streams = ['a', 'b', 'c'].map((name) => new Stream(name, Date.now() - 1_200_000));
    let server = await start();
    for (let round = 0; round < 4; round++) {
      const sending = streams.map((stream) => stream.run(server));
      await sleep(150 + round * 130);
      await server.kill();
      await Promise.all(sending);
      server = await server.again();
      servers.push(server);
    }
    // Whatever is not answered yet, and some more.
    for (const stream of streams) await stream.run(server, 3);
    for (const stream of streams) await stream.check(server);
  });
});
