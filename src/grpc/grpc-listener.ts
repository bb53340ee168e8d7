/** The socket of OTLP/gRPC. */
import { isIPv6 } from 'node:net';
import { Server, ServerCredentials, setLogger } from '@grpc/grpc-js';
import type { ListenAddress } from '../http/listener.js';
import { admission } from './admission.js';
import { exportMetrics, METRICS_EXPORT, OTHER_EXPORTS, rawMethod, refuseSignal, type GrpcDeps } from './export-service.js';

/** Calls of one connection at a time; more wait at the client. An SDK has one, a collector's queue ten or so. */
const STREAMS_MAX = 128;
/** Finds connections whose client is gone without a word. */
const KEEPALIVE_MS = 5 * 60_000;

export class GrpcListener {
  private constructor(
    private readonly server: Server,
    /** What is really listened on, `127.0.0.1:4317`: port 0 has become a number. */
    readonly address: string,
  ) {}

  /**
   * One cap for a message, as received and inflated alike: the library inflates before anybody is asked, and has one limit
   * for both. A larger one is RESOURCE_EXHAUSTED without RetryInfo, which clients do not repeat.
   * @throws Error that names the address
   */
  static async open({ host, port }: ListenAddress, deps: GrpcDeps): Promise<GrpcListener> {
    // The library has one logger for the process. What it says is said by our errors, too, or is about connections of clients.
    setLogger({ error: (...text: unknown[]) => deps.logger.debug(`grpc-js: ${text.map(String).join(' ')}`) });
    const server = new Server({
      interceptors: [admission(deps)],
      'grpc.max_receive_message_length': deps.options.maxDecodedBytes,
      'grpc.max_concurrent_streams': STREAMS_MAX,
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
    });
    server.addService(rawMethod(METRICS_EXPORT), { export: exportMetrics(deps) });
    for (const path of OTHER_EXPORTS.keys()) server.addService(rawMethod(path), { export: refuseSignal });
    const target = (name: string, bound: number): string => `${isIPv6(name) ? `[${name}]` : name}:${bound}`;
    // As an HTTP listener without a host: both families where the system has both.
    const hosts = host === '' ? ['::', '0.0.0.0'] : [host];
    let failure: unknown;
    for (const name of hosts) {
      try {
        return new GrpcListener(server, target(name, await bind(server, target(name, port))));
      } catch (error) {
        failure ??= error;
      }
    }
    server.forceShutdown();
    throw failure;
  }

  /** Takes no new calls and waits for those in flight. */
  close(): Promise<void> {
    return new Promise((resolve) => this.server.tryShutdown(() => resolve()));
  }

  /** Breaks what is still open. */
  closeAllConnections(): void {
    this.server.forceShutdown();
  }
}

function bind(server: Server, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) => {
      if (!error) return resolve(port);
      // The library wraps the system's error in words about its own resolving.
      const reason = /listen E\w+: [^\],]+/.exec(error.message)?.[0] ?? `${address}: ${error.message}`;
      reject(new Error(reason, { cause: error }));
    });
  });
}
