import { expect, it } from 'vitest';
import { countBlockJob, createBlockMetrics, setBlockFigures } from '../../src/telemetry/block-metrics.js';
import { renderMetrics } from '../../src/telemetry/exposition.js';
import { MetricsRegistry } from '../../src/telemetry/metrics.js';

it('work on blocks is counted under the names of Prometheus', () => {
  const registry = new MetricsRegistry();
  const metrics = createBlockMetrics(registry);
  countBlockJob(metrics, { kind: 'head', outcome: 'done', seconds: 0.5 });
  countBlockJob(metrics, { kind: 'overlap', outcome: 'done', seconds: 3 });
  countBlockJob(metrics, { kind: 'neighbours', outcome: 'failed', seconds: 3 });
  countBlockJob(metrics, { kind: 'neighbours', outcome: 'skipped', seconds: 0 });
  countBlockJob(metrics, { kind: 'scrub', outcome: 'failed', seconds: 9 });
  setBlockFigures(metrics, { jobsRunning: 2, blocks: 4, blockBytes: 99, damagedBlocks: 1, unreadableBlocks: 0, oldestMs: Infinity });
  const lines = renderMetrics(registry, 'text').toString().split('\n').filter((line) => !/^#|_bucket/.test(line));
  expect(lines.filter((line) => line !== '')).toEqual([
    'narthex_block_jobs_running 2', 'narthex_blocks_damaged 1', 'narthex_blocks_unreadable 0', 'narthex_scrubbed_blocks_total 1', 'prometheus_tsdb_blocks_loaded 4',
    'prometheus_tsdb_compaction_duration_seconds_sum 6.5', 'prometheus_tsdb_compaction_duration_seconds_count 3', 'prometheus_tsdb_compactions_failed_total 1',
    'prometheus_tsdb_compactions_skipped_total 1', 'prometheus_tsdb_compactions_total 3', 'prometheus_tsdb_lowest_timestamp 0',
    'prometheus_tsdb_storage_blocks_bytes 99', 'prometheus_tsdb_vertical_compactions_total 1',
  ]);
});
