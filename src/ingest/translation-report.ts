/** What a dry run says. The shape is an interface to people and scripts: src/http/README.md describes it. */
import type { MetricType } from '../model/metadata.js';

export interface TranslationReport {
  readonly protocol: 'otlp' | 'remote_write_v1' | 'remote_write_v2';
  readonly totals: Totals;
  /** In the order of the request; equal name, unit and type once. */
  readonly metrics: readonly MetricReport[];
  readonly collisions: readonly Collision[];
  /** Of the whole request; in OTLP each metric has its own, too. */
  readonly rejects: readonly RejectReport[];
}

interface Counts {
  /** Data points; in remote write, samples. */
  points: number;
  /** Samples that would be stored. */
  samples: number;
  /** Distinct series of those samples. */
  series: number;
  /** Of these, how many the server does not have now. */
  newSeries: number;
  /** Points, or samples, that would not be stored. */
  rejected: number;
  /** Samples that `ingest.relabel_configs` drop. */
  dropped: number;
  /** Samples of a replica that is not elected (`ingest.ha`). */
  deduplicated: number;
}

export interface Totals extends Counts {
  metrics: number;
}

export interface MetricReport extends Counts {
  /** As the sender calls it. */
  readonly name: string;
  /** As the sender writes it, `By/s`; '' if there is none. */
  readonly unit: string;
  /** Of OTLP, `sum` or `exponential_histogram`; in remote write the type of the metadata. */
  readonly type: string;
  /** Names of the series, sorted; empty if all is rejected. */
  readonly prometheusNames: readonly string[];
  /** As /api/v1/metadata would show it. */
  readonly metadata: { readonly family: string; readonly type: MetricType; readonly unit: string } | undefined;
  /** Names of all labels but `__name__`, sorted. */
  readonly labels: readonly string[];
  /** Empty in remote write. */
  readonly rejects: readonly RejectReport[];
}

export interface RejectReport {
  /** As in the answers of the real endpoint: `out_of_order`. */
  readonly reason: string;
  readonly count: number;
  readonly example: string;
}

/** Things that stay apart at the sender and become one here. */
export type Collision =
  /** Several metrics share a family, with different types or units. */
  | { readonly kind: 'name'; readonly family: string; readonly metrics: readonly string[] }
  /** Several metrics have samples of the very same series. */
  | { readonly kind: 'series'; readonly series: string; readonly metrics: readonly string[] }
  /** Several attributes become one label, their values joined by `;`. */
  | { readonly kind: 'label'; readonly metric: string; readonly label: string; readonly attributes: readonly string[] }
  /** An attribute of points gives way to what the resource says about `job` or `instance`. */
  | { readonly kind: 'replaced'; readonly metric: string; readonly label: string; readonly attributes: readonly string[] };
