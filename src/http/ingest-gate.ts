import { HttpError } from './error-table.js';

export interface IngestGateLimits {
  readonly maxRequests: number;
  readonly maxBytes: number;
}

/**
 * Caps what is in the works on the ingest side: requests, and the bytes of their bodies (received and inflated). A
 * request beyond a cap is refused at once with a code that senders repeat, so load never becomes memory.
 */
export class IngestGate {
  private requests = 0;
  private bytes = 0;

  constructor(private readonly limits: IngestGateLimits) {}

  get inFlightRequests(): number {
    return this.requests;
  }

  get inFlightBytes(): number {
    return this.bytes;
  }

  /** @throws HttpError `ingest_overloaded` */
  enter(): IngestTicket {
    if (this.requests >= this.limits.maxRequests) {
      throw new HttpError('ingest_overloaded', `too many requests in flight (limits.max_in_flight_requests: ${this.limits.maxRequests})`);
    }
    this.requests++;
    return new IngestTicket(this);
  }

  /** For tickets only. A single request is let in whatever its size: its own caps bound it. */
  take(bytes: number, heldBefore: number): void {
    if (this.bytes + bytes > this.limits.maxBytes && this.bytes > heldBefore) {
      throw new HttpError('ingest_overloaded', `too many bytes in flight (limits.max_in_flight_bytes: ${this.limits.maxBytes})`);
    }
    this.bytes += bytes;
  }

  /** For tickets only. */
  release(bytes: number): void {
    this.requests--;
    this.bytes -= bytes;
  }
}

/** One request's share. `leave` may be called more than once. */
export class IngestTicket {
  private held = 0;
  private left = false;

  constructor(private readonly gate: IngestGate) {}

  /** Accounts for `bytes` more. @throws HttpError `ingest_overloaded` */
  hold(bytes: number): void {
    this.gate.take(bytes, this.held);
    this.held += bytes;
  }

  leave(): void {
    if (this.left) return;
    this.left = true;
    this.gate.release(this.held);
  }
}
