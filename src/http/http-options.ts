import type { Config } from '../config/schema.js';
import { originMatcher } from './cors.js';
import type { HttpOptions } from './deps.js';

/** Threads that Node.js inflates with unless told otherwise. More bodies at a time would only take turns on them. */
const ZLIB_THREADS = 4;

/** @throws Error for an external URL or a CORS pattern that cannot be read */
export function httpOptions({ web, limits, query, storage }: Config): HttpOptions {
  return {
    routePrefix: routePrefix(web.route_prefix, web.external_url),
    isAllowedOrigin: originMatcher(web.cors_origin),
    enableLifecycle: web.enable_lifecycle,
    enableAdminApi: web.enable_admin_api,
    maxBodyBytes: limits.max_body_size_bytes,
    maxDecodedBytes: limits.max_decoded_body_size_bytes,
    maxInflating: Math.max(1, Math.min(Math.floor(limits.max_in_flight_bytes_bytes / limits.max_decoded_body_size_bytes), ZLIB_THREADS)),
    maxDryRunBytes: limits.max_dry_run_body_size_bytes,
    queryTimeoutMs: query.timeout_ms,
    maxConcurrentReads: storage.remote.read_concurrent_limit,
    maxQueuedReads: query.queue_size,
    maxUnsentBytes: query.max_unsent_size_bytes,
    maxProfileMs: web.max_profile_duration_ms,
    acceptedWrites: web.remote_write_receiver.accepted_protobuf_messages,
    connections: { readTimeoutMs: web.read_timeout_ms, maxConnections: web.max_connections, maxHeadBytes: limits.max_header_size_bytes },
  };
}

/** `--web.route-prefix`, or the path of `--web.external-url`: with a slash on both ends. */
export function routePrefix(prefix: string, externalUrl: string): string {
  const path = prefix !== '' ? prefix : externalUrl === '' ? '' : new URL(externalUrl).pathname;
  const trimmed = path.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? '/' : `/${trimmed}/`;
}
