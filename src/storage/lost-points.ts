/** Data points that lost samples. What senders are told counts points: a histogram is one, however many its buckets. */
import { NO_ORIGIN, type SampleBatch } from '../model/sample-batch.js';
import { isAccepted } from './append-status.js';
import type { AppendReject } from './appender.js';

export class LostPoints {
  private readonly all = new Set<number>();
  private readonly byStatus = new Map<number, Set<number>>();

  /** @param statuses by row of the batch */
  static of(batch: SampleBatch, statuses: Uint8Array): LostPoints {
    const lost = new LostPoints();
    for (let i = 0; i < batch.length; i++) {
      const origin = batch.origin[i]!;
      if (!isAccepted(statuses[i]!)) lost.add(statuses[i]!, origin === NO_ORIGIN ? undefined : origin);
    }
    return lost;
  }

  /** @param origin number of the point, undefined for a sample that nobody sent (`target_info`) */
  add(status: number, origin: number | undefined): void {
    let points = this.byStatus.get(status);
    if (points === undefined) this.byStatus.set(status, points = new Set());
    if (origin === undefined) return;
    points.add(origin);
    this.all.add(origin);
  }

  /** Distinct points. */
  get count(): number {
    return this.all.size;
  }

  /** Makes the groups of refused samples groups of points; those without one go. */
  tell(rejects: Map<number, AppendReject>): void {
    for (const [status, points] of this.byStatus) {
      const group = rejects.get(status);
      if (group === undefined) continue;
      if (points.size === 0) rejects.delete(status);
      else group.count = points.size;
    }
  }
}
