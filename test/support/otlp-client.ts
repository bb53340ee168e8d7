/** An OTLP sender for tests: protobuf by protobufjs from the message definitions, apart from the server's decoders. */
import { lookupType } from './message-types.js';
import { post } from './remote-write-client.js';
import type { WriteAnswer, WriteSeries } from './remote-write-client.js';

const requestType = lookupType('opentelemetry/proto/collector/metrics/v1/metrics_service.proto', 'opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest');

/** The samples of the series as gauges: `__name__` is the metric, the other labels are attributes of the points. */
export function encodeGauges(series: readonly WriteSeries[]): Uint8Array {
  const metrics = series.map(({ labels, samples }) => ({
    name: labels.__name__,
    gauge: {
      dataPoints: samples.map(({ timestampMs, value }) => ({
        attributes: Object.entries(labels)
          .filter(([name]) => name !== '__name__')
          .map(([key, stringValue]) => ({ key, value: { stringValue } })),
        timeUnixNano: `${timestampMs}000000`,
        asDouble: value,
      })),
    },
  }));
  return requestType.encode(requestType.fromObject({ resourceMetrics: [{ scopeMetrics: [{ metrics }] }] })).finish();
}

/** Sends them as an SDK would. A full success has an empty body. @throws TypeError if there is no answer */
export function exportGauges(url: string, series: readonly WriteSeries[]): Promise<WriteAnswer> {
  return post(`${url}/api/v1/otlp/v1/metrics`, encodeGauges(series), { 'content-type': 'application/x-protobuf' });
}
