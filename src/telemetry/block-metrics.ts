/** Metrics of the work on blocks: compaction, checks, damage. */
import type { Counter, Gauge, Histogram, MetricsRegistry } from './metrics.js';

export interface BlockMetrics {
  readonly compactions: Counter;
  readonly verticalCompactions: Counter;
  readonly compactionsFailed: Counter;
  readonly compactionsSkipped: Counter;
  readonly compactionDuration: Histogram;
  readonly scrubbed: Counter;
  readonly jobs: Gauge;
  readonly blocks: Gauge;
  readonly blockBytes: Gauge;
  readonly damaged: Gauge;
  readonly unreadable: Gauge;
  readonly lowestTimestamp: Gauge;
}

/** A second to two hours, as in Prometheus. */
const DURATION_BOUNDS = Array.from({ length: 14 }, (_, i) => 2 ** i);

export function createBlockMetrics(registry: MetricsRegistry): BlockMetrics {
  const counter = registry.counter.bind(registry);
  const gauge = registry.gauge.bind(registry);
  return {
    compactions: counter('prometheus_tsdb_compactions_total', 'Blocks made, of a head or of other blocks; failed ones included.'),
    verticalCompactions: counter('prometheus_tsdb_vertical_compactions_total', 'Compactions of overlapping blocks.'),
    compactionsFailed: counter('prometheus_tsdb_compactions_failed_total', 'Blocks that could not be made.'),
    compactionsSkipped: counter('prometheus_tsdb_compactions_skipped_total',
      'Compactions given up: no space on the disk, or a block was dropped or changed meanwhile.'),
    compactionDuration: registry.histogram('prometheus_tsdb_compaction_duration_seconds', 'Time to make a block.', DURATION_BOUNDS),
    scrubbed: counter('narthex_scrubbed_blocks_total', 'Blocks read in full by the background check.'),
    jobs: gauge('narthex_block_jobs_running', 'Threads that make, compact or check a block now.'),
    blocks: gauge('prometheus_tsdb_blocks_loaded', 'Blocks.'),
    blockBytes: gauge('prometheus_tsdb_storage_blocks_bytes', 'Bytes of all blocks.'),
    damaged: gauge('narthex_blocks_damaged', 'Blocks that are known to have damaged pages: queries that need those fail.'),
    unreadable: gauge('narthex_blocks_unreadable', 'Files of blocks that cannot be opened: their samples are missing from answers.'),
    lowestTimestamp: gauge('prometheus_tsdb_lowest_timestamp', 'Time of the oldest sample, in milliseconds; 0 while there is none.'),
  };
}

/** What became of one job on blocks (`BlockJobReport` of the store). */
export interface BlockJobFacts {
  readonly kind: 'head' | 'overlap' | 'neighbours' | 'scrub';
  readonly outcome: 'done' | 'failed' | 'skipped';
  readonly seconds: number;
}

export function countBlockJob(metrics: BlockMetrics, { kind, outcome, seconds }: BlockJobFacts): void {
  if (kind === 'scrub') {
    metrics.scrubbed.with().inc();
    return;
  }
  if (outcome === 'skipped') {
    metrics.compactionsSkipped.with().inc();
    return;
  }
  metrics.compactions.with().inc();
  metrics.compactionDuration.with().observe(seconds);
  if (kind === 'overlap') metrics.verticalCompactions.with().inc();
  if (outcome === 'failed') metrics.compactionsFailed.with().inc();
}

export interface BlockFigures {
  readonly jobsRunning: number;
  readonly blocks: number;
  readonly blockBytes: number;
  readonly damagedBlocks: number;
  readonly unreadableBlocks: number;
  /** Infinity while the store is empty. */
  readonly oldestMs: number;
}

export function setBlockFigures(metrics: BlockMetrics, figures: BlockFigures): void {
  metrics.jobs.with().set(figures.jobsRunning);
  metrics.blocks.with().set(figures.blocks);
  metrics.blockBytes.with().set(figures.blockBytes);
  metrics.damaged.with().set(figures.damagedBlocks);
  metrics.unreadable.with().set(figures.unreadableBlocks);
  metrics.lowestTimestamp.with().set(Number.isFinite(figures.oldestMs) ? figures.oldestMs : 0);
}
