import type { Exemplar } from '../model/exemplar.js';
import type { Labels } from '../model/labels.js';
import type { MetricMetadata } from '../model/metadata.js';

/**
 * Where ingest hands the things that belong in the catalogue and not in a head. Calls return at once; the
 * implementation batches them and writes them in the maintenance thread. Its queues are capped: what does not fit
 * is counted and reported, never silently lost, and never slows an acknowledgement.
 */
export interface CatalogueSink {
  /** Called only with metadata that changed since it was last handed over. */
  metadata(entries: readonly MetricMetadata[]): void;
  exemplars(entries: readonly CatalogueExemplar[]): void;
  rejects(entries: readonly RejectEntry[]): void;
  /** The latest of a cluster counts. */
  haElections(entries: readonly HaElection[]): void;
}

/** Which of the identical senders of a cluster is stored, and when it was last heard. */
export interface HaElection {
  readonly cluster: string;
  readonly replica: string;
  readonly electedMs: number;
  readonly receivedMs: number;
}

export interface CatalogueExemplar {
  readonly series: Labels;
  readonly exemplar: Exemplar;
}

export interface RejectEntry {
  readonly reason: string;
  /** Protocol and client, as far as known: `remote_write_v1`, `otlp`. */
  readonly source: string;
  readonly count: number;
  readonly example: string;
  readonly atMs: number;
}
