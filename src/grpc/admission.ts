/** What happens to a call before its message is read: the same readiness and the same gate as for HTTP. */
import { Metadata, ServerInterceptingCall, status as Code, type ServerInterceptor } from '@grpc/grpc-js';
import { HttpError, toHttpError } from '../http/error-table.js';
import type { IngestTicket } from '../http/ingest-gate.js';
import { otherSignal } from '../http/misdirected.js';
import { OTHER_EXPORTS, type GrpcDeps } from './export-service.js';
import { grpcFailure, type GrpcFailure } from './status.js';

/**
 * Refuses calls while the store is not ready or too much is in flight, and gives back what a call holds when it is over. What
 * the library ends by itself (too large, deadline, client gone) is observed as CANCELLED: it tells nobody but the client.
 */
export function admission(deps: GrpcDeps): ServerInterceptor {
  return ({ path }, call) => {
    let ticket: IngestTicket | undefined;
    let receivedBytes = 0;
    let code: number = Code.CANCELLED;
    let refused = false;
    const refuse = (failure: GrpcFailure): void => {
      refused = true;
      code = failure.code;
      call.sendStatus(failure);
    };
    return new ServerInterceptingCall(call, {
      start: (next) => next({
        onReceiveMetadata: (metadata, proceed) => {
          const failure = refusal(path, deps);
          if (failure) return refuse(failure);
          try {
            ticket = deps.gate.enter();
          } catch (error) {
            return refuse(grpcFailure(toHttpError(error)));
          }
          proceed(metadata);
        },
        onReceiveMessage: (message: Buffer, proceed) => {
          if (refused) return;
          receivedBytes += message.length;
          try {
            ticket?.hold(message.length);
          } catch (error) {
            return refuse(grpcFailure(toHttpError(error)));
          }
          proceed(message);
        },
        onReceiveHalfClose: (proceed) => {
          if (!refused) proceed();
        },
        // Called once at the end of every call, however it ends.
        onCancel: () => {
          ticket?.leave();
          deps.observer.ingestDone('otlp_grpc', code, receivedBytes);
        },
      }),
      sendStatus: (status, next) => {
        code = status.code;
        next(status);
      },
    });
  };
}

function refusal(path: string, { readiness }: GrpcDeps): GrpcFailure | undefined {
  const signal = OTHER_EXPORTS.get(path);
  if (signal !== undefined) {
    return { code: Code.UNIMPLEMENTED, details: otherSignal(signal), metadata: new Metadata() };
  }
  if (readiness.state === 'ready') return undefined;
  return grpcFailure(new HttpError('ingest_unavailable', `the server is ${readiness.state}`));
}
