/** Counts requests and samples in the server's own metrics. */
import { REASON } from '../storage/append-status.js';
import type { IngestOutcome } from '../storage/ingestion.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { HttpObserver, IngestProtocol } from './deps.js';

export class HttpMetrics implements HttpObserver {
  constructor(private readonly metrics: ServerMetrics) {}

  requestDone(handler: string, _method: string, status: number, seconds: number): void {
    this.metrics.httpRequests.with(handler, String(status)).inc();
    this.metrics.httpDuration.with(handler).observe(seconds);
  }

  ingested(protocol: IngestProtocol, outcome: IngestOutcome): void {
    const { ingestSamples, ingestHistograms, ingestExemplars, ingestRejected } = this.metrics;
    ingestSamples.with(protocol).inc(outcome.samplesWritten);
    ingestHistograms.with(protocol).inc(outcome.histogramsWritten);
    ingestExemplars.with(protocol).inc(outcome.exemplarsWritten);
    for (const { status, count } of outcome.rejects) ingestRejected.with(protocol, REASON[status] ?? String(status)).inc(count);
  }

  ingestDone(protocol: IngestProtocol, status: number, receivedBytes: number): void {
    this.metrics.ingestRequests.with(protocol, String(status)).inc();
    this.metrics.ingestBytes.with(protocol).inc(receivedBytes);
  }
}
