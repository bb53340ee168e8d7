/**
 * OTLP over gRPC as services of grpc-js: unary methods whose messages are raw bytes, since our own decoder reads them.
 * Source: opentelemetry-proto docs/specification.md, OTLP/gRPC.
 */
import { status as Code, type handleUnaryCall, type MethodDefinition } from '@grpc/grpc-js';
import type { HttpDeps } from '../http/deps.js';
import { toHttpError } from '../http/error-table.js';
import { storeExport } from '../http/otlp-export.js';
import { asServerError, grpcFailure } from './status.js';

export type GrpcDeps = Pick<HttpDeps, 'options' | 'logger' | 'readiness' | 'gate' | 'ingestion' | 'codecs' | 'observer'>;

const PACKAGE = '/opentelemetry.proto.collector';
export const METRICS_EXPORT = `${PACKAGE}.metrics.v1.MetricsService/Export`;

/** Exporters configured with one endpoint for all signals send these too. */
export const OTHER_EXPORTS: ReadonlyMap<string, 'traces' | 'logs' | 'profiles'> = new Map([
  [`${PACKAGE}.trace.v1.TraceService/Export`, 'traces'],
  [`${PACKAGE}.logs.v1.LogsService/Export`, 'logs'],
  [`${PACKAGE}.profiles.v1development.ProfilesService/Export`, 'profiles'],
]);

type RawMethod = MethodDefinition<Buffer, Buffer>;

const asItIs = (bytes: Buffer): Buffer => bytes;

/** A unary method over raw bytes, with the name under which its implementation is given. */
export function rawMethod(path: string): { readonly export: RawMethod } {
  return {
    export: {
      path, requestStream: false, responseStream: false,
      requestSerialize: asItIs, requestDeserialize: asItIs, responseSerialize: asItIs, responseDeserialize: asItIs,
    },
  };
}

/** What was not stored is in `partial_success` of a status OK; an error status means that nothing of the request is settled. */
export function exportMetrics(deps: GrpcDeps): handleUnaryCall<Buffer, Buffer> {
  return ({ request }, callback) => {
    storeExport(request, 'protobuf', deps, 'otlp_grpc').then(
      (partial) => callback(null, Buffer.from(deps.codecs.encodeExportResponse(partial, 'protobuf'))),
      (error: unknown) => {
        const failure = toHttpError(error);
        if (failure.code === 'internal') deps.logger.error({ err: error }, 'OTLP/gRPC request failed');
        callback(asServerError(grpcFailure(failure)));
      },
    );
  };
}

/** For services that only say what they are not; the admission has answered before. */
export const refuseSignal: handleUnaryCall<Buffer, Buffer> = (_call, callback) => {
  callback({ code: Code.UNIMPLEMENTED, details: 'this server stores metrics only' });
};
