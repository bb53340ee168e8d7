import http from 'node:http';
import type { AddressInfo } from 'node:net';

const TEXT = 'text/plain; version=0.0.4';

/** What a Prometheus scrapes. Each scrape has a number, from 1 on, and what it exposes depends on that. */
export class ScrapeTarget {
  /** Until now. */
  scrapes = 0;
  private readonly server: http.Server;

  private constructor(exposed: (scrape: number) => string, contentType: string) {
    this.server = http.createServer((_request, response) => {
      response.setHeader('content-type', contentType);
      response.end(exposed(++this.scrapes));
    });
  }

  static async start(exposed: (scrape: number) => string, contentType = TEXT): Promise<ScrapeTarget> {
    const target = new ScrapeTarget(exposed, contentType);
    await new Promise<void>((resolve) => target.server.listen(0, '127.0.0.1', () => resolve()));
    return target;
  }

  /** Host and port. */
  get address(): string {
    return `127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  stop(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}
