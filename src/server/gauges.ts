/** Gauges that are read from their sources when somebody asks for the server's own metrics. */
import type { IngestGate } from '../http/ingest-gate.js';
import { setBlockFigures } from '../telemetry/block-metrics.js';
import type { ServerMetrics } from '../telemetry/server-metrics.js';
import type { Store } from './store.js';

export function collectGauges(metrics: ServerMetrics, gate: IngestGate, store: Store | undefined): void {
  metrics.ingestInFlightRequests.with().set(gate.inFlightRequests);
  metrics.ingestInFlightBytes.with().set(gate.inFlightBytes);
  if (!store) return;
  const { running, queued, memoryBytes: queryBytes } = store.queries.stats();
  metrics.queriesRunning.with().set(running);
  metrics.queriesQueued.with().set(queued);
  metrics.queryBytes.with().set(queryBytes);
  const figures = store.db.stats();
  const { series, heads, closedHeads, usedBytes, memoryBytes, isStarved } = figures;
  setBlockFigures(metrics.block, { ...figures, jobsRunning: store.blockJobs.running });
  metrics.headSeries.with().set(series);
  metrics.heads.with().set(heads);
  metrics.headsClosed.with().set(closedHeads);
  metrics.headBytesMax.with().set(memoryBytes);
  metrics.headsStarved.with().set(isStarved ? 1 : 0);
  metrics.headBytes.with().set(usedBytes);
}
