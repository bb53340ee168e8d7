/**
 * The message types of `proto/`, for clients and oracles in tests and tools. The server itself reads and writes messages by hand: parsing
 * the .proto files takes 80 ms.
 */
import { fileURLToPath } from 'node:url';
import protobuf from 'protobufjs';

/** `src/wire` and `dist/wire` both lie two levels below the folder that has `proto/`. */
const PROTO_FOLDER = new URL('../../proto/', import.meta.url);

const FILES = [
  'prompb/remote.proto',
  'io/prometheus/write/v2/types.proto',
  'io/prometheus/client/metrics.proto',
  'opentelemetry/proto/collector/metrics/v1/metrics_service.proto',
  'google/rpc/status.proto',
  'google/rpc/error_details.proto',
] as const;

function load(): protobuf.Root {
  const root = new protobuf.Root();
  // Imports are relative to the root folder, not to the importing file. `google/protobuf/*` is built into protobufjs.
  root.resolvePath = (_origin, target) => (target in protobuf.common ? target : fileURLToPath(new URL(target, PROTO_FOLDER)));
  root.loadSync([...FILES]).resolveAll();
  return root;
}

const root = load();

export const WriteRequestV1 = root.lookupType('prometheus.WriteRequest');
export const WriteRequestV2 = root.lookupType('io.prometheus.write.v2.Request');
export const ReadRequest = root.lookupType('prometheus.ReadRequest');
export const ReadResponse = root.lookupType('prometheus.ReadResponse');
export const ChunkedReadResponse = root.lookupType('prometheus.ChunkedReadResponse');
export const MetricFamily = root.lookupType('io.prometheus.client.MetricFamily');
export const ExportMetricsServiceRequest = root.lookupType('opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest');
export const ExportMetricsServiceResponse = root.lookupType('opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse');
export const Status = root.lookupType('google.rpc.Status');
export const RetryInfo = root.lookupType('google.rpc.RetryInfo');
