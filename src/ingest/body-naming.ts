/**
 * The policy on the fast path of remote write: asked once a body about the sender's pair, and then only for series that the store does
 * not know by their bytes. What it decides is remembered with those bytes, so that known series pay nothing.
 */
import { AppendStatus } from '../storage/append-status.js';
import type { SeriesFate, SeriesNaming } from '../storage/appender.js';
import { decodeLabelRun } from '../wire/label-run.js';
import type { HaVerdict } from './ha-tracker.js';
import { labelFault, type LabelLimits } from './label-limits.js';
import type { Replica, SeriesPolicy } from './series-policy.js';

export class BodyNaming implements SeriesNaming {
  /** The sender, by the body's first series: a sender puts the same labels on all of them. Those that differ are `foreign`. */
  private sender: Replica | undefined;
  private verdict: HaVerdict = 'store';

  constructor(private readonly policy: SeriesPolicy, private readonly limits: LabelLimits, private readonly nowMs: number) {}

  begin(first: () => Uint8Array | undefined): number | 'general' {
    const { policy, nowMs } = this;
    const run = policy.hasPairs ? first() : undefined;
    const labels = run && decodeLabelRun(run);
    this.sender = labels === undefined || typeof labels === 'string' ? undefined : policy.replicaOf(labels);
    this.verdict = policy.verdictOf(this.sender, nowMs);
    // That refuses everything, in words that the general path has.
    return this.verdict === 'too_many_clusters' ? 'general' : policy.contextOf(this.sender, this.verdict);
  }

  decide(run: Uint8Array): SeriesFate {
    const labels = decodeLabelRun(run);
    if (typeof labels === 'string') return { status: AppendStatus.invalidLabels, example: labels };
    const sender = this.policy.replicaOf(labels);
    if (sender !== undefined) {
      if (sender.cluster !== this.sender?.cluster || sender.replica !== this.sender.replica) return 'foreign';
      if (this.verdict === 'duplicate') return 'duplicate';
    }
    const fate = this.policy.nameOf(labels, sender !== undefined);
    if (fate === 'drop' || 'status' in fate) return fate;
    const fault = labelFault(fate, this.limits);
    return fault === undefined ? fate : { status: AppendStatus.invalidLabels, example: fault };
  }

  taken(): void {
    if (this.sender !== undefined) this.policy.heard(this.sender, this.nowMs);
  }
}
