/**
 * The writing seam: what the HTTP routes (and later gRPC) call, whatever carries the data inside. One request is one
 * call; every sample is judged alone; the promise resolves when what was accepted is as durable as `wal.sync` says.
 */
import type { SampleBatch } from '../model/sample-batch.js';

/** Rejected samples of one request, grouped. */
export interface RejectGroup {
  /** One of `AppendStatus`. */
  readonly status: number;
  /** Samples (in OTLP: data points) lost for this reason. */
  count: number;
  /** The first example, complete enough to act on: series, reason, both timestamps where there are two. */
  readonly example: string;
}

export interface IngestOutcome {
  /** Samples that are stored now, exact duplicates of stored ones included. */
  samplesWritten: number;
  histogramsWritten: number;
  exemplarsWritten: number;
  /** Distinct data points (`SampleBatch.origin`) that lost at least one sample, plus the batch's own `rejects`. */
  rejectedPoints: number;
  rejects: RejectGroup[];
}

/** What would become of a request. */
export interface Judgement {
  /** Indexes in `SampleBatch.series` of the series that would be made. */
  readonly newSeries: ReadonlySet<number>;
  /** `AppendStatus` of each sample that is left in the batch. */
  readonly statuses: Uint8Array;
  /** Samples that rules of relabelling take out of the batch: not stored, and not refused either. */
  readonly dropped: number;
  /** Likewise those of a replica that is not elected. */
  readonly deduplicated: number;
  readonly rejects: readonly RejectGroup[];
}

export interface Ingestion {
  /**
   * What `append` would do, without storing anything or electing a replica. Gives the series of `batch` the labels that relabelling
   * makes of them, and takes out what relabelling, replicas and the limits on labels do.
   */
  judge(batch: SampleBatch): Judgement;
  /**
   * A remote write 1.0 body in snappy block format, as received. The caller leaves `body` as it is until the promise
   * resolves.
   * @throws IngestError: `corrupt_body`, `body_too_large`, `unavailable`
   */
  remoteWriteV1(body: Uint8Array): Promise<IngestOutcome>;
  /** As `remoteWriteV1` for remote write 2.0. */
  remoteWriteV2(body: Uint8Array): Promise<IngestOutcome>;
  /**
   * An OTLP metrics export in protobuf, decompressed. The caller leaves `body` as it is until the promise resolves.
   * @throws IngestError: `corrupt_body`, `unavailable`
   */
  otlp(body: Uint8Array): Promise<IngestOutcome>;
  /**
   * A decoded request. `source` is the protocol, as it shall appear in the reject ledger: `otlp`.
   * @throws IngestError: `unavailable`
   */
  append(batch: SampleBatch, source?: string): Promise<IngestOutcome>;
}

export type IngestErrorCode = 'corrupt_body' | 'body_too_large' | 'unavailable';

/** The whole request failed; nothing of it was acknowledged. */
export class IngestError extends Error {
  override name = 'IngestError';
  constructor(readonly code: IngestErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
  }
}
