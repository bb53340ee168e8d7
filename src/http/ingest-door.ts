/**
 * The short way in: a POST to exactly the path of a write endpoint, while the store is ready, goes past the framework, whose router,
 * hooks and wrappers cost a tenth of what storing 2,000 samples does, and much more while they are not compiled. Everything else
 * (parameters, other methods, other spellings of a path, a store that is not ready) takes the routes, which end at the same endpoints.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { HttpDeps } from './deps.js';
import { serveIngest, type IngestEndpoint } from './ingest-endpoint.js';

type DoorDeps = Pick<HttpDeps, 'gate' | 'observer' | 'options' | 'readiness'>;

/** @param endpoints by their whole path @param others takes what is not for the door */
export function ingestDoor(endpoints: ReadonlyMap<string, IngestEndpoint>, deps: DoorDeps, others: RequestListener): RequestListener {
  return (request, response) => {
    const path = request.url ?? '';
    const endpoint = request.method === 'POST' && deps.readiness.state === 'ready' ? endpoints.get(path) : undefined;
    if (endpoint) enter(endpoint, path, deps, request, response);
    else others(request, response);
  };
}

function enter(endpoint: IngestEndpoint, path: string, deps: DoorDeps, request: IncomingMessage, response: ServerResponse): void {
  const startMs = performance.now();
  response.once('finish', () => deps.observer.requestDone(path, 'POST', response.statusCode, (performance.now() - startMs) / 1000));
  void serveIngest(endpoint, deps, request, response, undefined);
}
