import type { FastifyInstance } from 'fastify';
import { failure } from '../api/envelope.js';
import { ApiError } from '../api/error-types.js';
import { FormParams } from '../api/form.js';
import type { JsonValue } from '../api/json-value.js';
import type { HttpDeps } from './deps.js';
import { defineRoute, type RouteKind, sendJson } from './route.js';

const KIND: RouteKind = { api: true, gated: true };

/** A GET route of the API that the main thread answers by itself: `data` in the envelope, or the ApiError that it throws. */
export function defineDataRoute(
  app: FastifyInstance, deps: HttpDeps, path: string, data: (form: FormParams) => JsonValue, kind: RouteKind = KIND,
): void {
  defineRoute(app, deps, path, kind, {
    GET: (request, reply) => {
      try {
        // Keys stay in the order in which they were put, which is Prometheus' order.
        return sendJson(reply, 200, Buffer.from(`{"status":"success","data":${JSON.stringify(data(formOf(request.raw.url)))}}`));
      } catch (error) {
        if (!(error instanceof ApiError)) throw error;
        const { status, body } = failure(error);
        return sendJson(reply, status, body);
      }
    },
  });
}

function formOf(url: string | undefined): FormParams {
  const mark = url?.indexOf('?') ?? -1;
  return new FormParams(mark < 0 ? '' : url!.slice(mark + 1));
}
