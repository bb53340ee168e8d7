/**
 * The two extra doors for OTLP on the ports that SDKs know, 4317 (gRPC) and 4318 (HTTP). They are a convenience: unless their
 * address was given, a taken port costs a warning and not the start, so that several servers live on one machine.
 */
import type { FastifyInstance } from 'fastify';
import { parseListenAddress } from '../config/checks.js';
import type { Config } from '../config/schema.js';
import type { HttpDeps } from '../http/deps.js';
import { Listener, type ListenAddress } from '../http/listener.js';
import { buildOtlpServer } from '../http/server.js';
import type { GrpcListener } from './grpc-listener.js';

const GRPC_PORT = 4317;
const HTTP_PORT = 4318;

/** What of the configuration decides. */
export type OtlpAddresses = Pick<Config['otlp'], 'grpc_listen_address' | 'http_listen_address'>;

export class OtlpListeners {
  private constructor(
    private readonly grpc: GrpcListener | undefined,
    private readonly http: Listener | undefined,
    private readonly app: FastifyInstance,
  ) {}

  /**
   * Opens what is to be opened; `main` are the addresses of the main listener, the first of which says where `auto` is.
   * @throws Error for an address that was given and cannot be had; then nothing is open
   */
  static async open(addresses: OtlpAddresses, main: readonly ListenAddress[], deps: HttpDeps): Promise<OtlpListeners> {
    const app = buildOtlpServer(deps);
    await app.ready();
    const host = main[0]?.host ?? '';
    const tried = async <T>(
      key: keyof OtlpAddresses, port: number, open: (address: ListenAddress) => Promise<T>,
    ): Promise<T | undefined> => {
      const written = addresses[key];
      if (written === 'off') return undefined;
      const given = parseListenAddress(written);
      if (given !== undefined) return open(given);
      // The main listener has the paths of the extra one, too.
      if (main.some((address) => address.port === port)) return undefined;
      try {
        return await open({ host, port });
      } catch (error) {
        const reason = error instanceof Error ? error.message : String(error);
        deps.logger.warn(`no OTLP on port ${port}: ${reason} (otlp.${key} gives another address, or off)`);
        return undefined;
      }
    };
    const grpc = await tried('grpc_listen_address', GRPC_PORT, async (address) => {
      // Loaded here, because a server without this door need not have the library: a tenth of all that is loaded.
      const library = await import('./grpc-listener.js');
      return library.GrpcListener.open(address, deps);
    });
    try {
      const http = await tried('http_listen_address', HTTP_PORT,
        (address) => Listener.open(app.routing, [address], deps.options.connections));
      return new OtlpListeners(grpc, http, app);
    } catch (error) {
      grpc?.closeAllConnections();
      throw error;
    }
  }

  /** `127.0.0.1:4317`, undefined if it is off. */
  get grpcAddress(): string | undefined {
    return this.grpc?.address;
  }

  get httpAddress(): string | undefined {
    return this.http?.addresses[0];
  }

  /** Takes nothing new and waits for the requests in flight. */
  async close(): Promise<void> {
    await Promise.all([this.grpc?.close(), this.http?.close()]);
    await this.app.close();
  }

  /** Breaks what is still open. */
  closeAllConnections(): void {
    this.grpc?.closeAllConnections();
    this.http?.closeAllConnections();
  }
}
