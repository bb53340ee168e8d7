/**
 * Random stories at the door that every protocol ends in, told to a server and to a model of it: remote write 1.0 and 2.0, OTLP as
 * protobuf and JSON, good and partly bad, repeated, late, deltas with gaps and overlaps, pairs of senders, rules, a limit of series, stops
 * and kills. After every request both must hold the same samples, and what the sender is told must be true: each sample is either
 * counted as written or refused with a reason that holds for it.
 *
 *   INTAKE_RUNS=5000 INTAKE_SEED=random npx vitest run test/ingest/model
 *   INTAKE_STORY='{"windowMs":0,…}' npx vitest run test/ingest/model
 */
import { isDeepStrictEqual } from 'node:util';
import { expect } from 'vitest';
import { HaTracker } from '../../../src/ingest/ha-tracker.js';
import { SeriesPolicy } from '../../../src/ingest/series-policy.js';
import { Relabeling } from '../../../src/model/relabel.js';
import { AppendStatus, REASON } from '../../../src/storage/append-status.js';
import type { HaElection } from '../../../src/storage/catalogue-sink.js';
import type { IngestOutcome, RejectGroup } from '../../../src/storage/ingestion.js';
import { decodeOtlpJson } from '../../../src/wire/otlp-decode.js';
import { Door } from '../../support/ingest-fixture.js';
import { itTellsStories } from '../../support/random-stories.js';
import { SimClock } from '../../support/sim-clock.js';
import { openStore, readAll, T0 } from '../../support/store-fixture.js';
import { Stores } from '../../support/stores.js';
import { IntakeModel, isFine, type Samples, type Verdict } from './intake-model.js';
import { encodeWrite, otlpRequest, parseOtlp, parseWrite, type Parsed } from './requests.js';
import { story, type Step, type Story } from './story.js';

/** All times of a story lie in one head. */
const START_MS = T0 + 90 * 60_000;
const RULES = { maxFutureMs: 600_000, maxIdleMs: 600_000, updateTimeoutMs: 15_000, failoverTimeoutMs: 30_000 };

class Telling {
  private readonly clock = new SimClock(START_MS);
  private readonly model: IntakeModel;
  private readonly elections = new Map<string, HaElection>();
  private readonly stores = new Stores(openStore);
  private door: Door | undefined;
  /** Sends the request before once more, with the times that it had. */
  private again: (() => Promise<void>) | undefined;

  constructor(private readonly plan: Story) {
    this.model = new IntakeModel({ ...RULES, windowMs: plan.windowMs });
  }

  async tell(): Promise<void> {
    await this.open(this.stores.directory());
    for (const [at, step] of this.plan.steps.entries()) {
      try {
        await this.take(step);
      } catch (error) {
        throw new Error(`step ${at}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
      }
    }
  }

  async end(): Promise<void> {
    await this.stores.closeAll();
  }

  private async take(step: Step): Promise<void> {
    const nowMs = this.clock.nowMs();
    switch (step.kind) {
      case 'wait':
        this.clock.advance(step.seconds * 1000);
        return;
      case 'stop':
        await this.stores.close(this.door!.store);
        return this.reopen(this.door!.store.directory);
      case 'kill': {
        const copy = this.stores.copyOf(this.door!.store);
        await this.stores.close(this.door!.store);
        return this.reopen(copy);
      }
      case 'again':
        return this.again?.();
      case 'write': {
        const body = encodeWrite(step.version, step.series, step.sender, nowMs);
        const parsed = parseWrite(step.series, step.sender, nowMs);
        this.again = async () => {
          // What is not a series says nothing about who sends it.
          const isHeard = step.sender === null || step.series.every(({ fault }) => fault !== 'none') || this.model.hears(step.sender, this.clock.nowMs());
          const outcome = await this.door!.remoteWrite(step.version, body);
          this.checkWrite(outcome, parsed, isHeard);
        };
        return this.again();
      }
      case 'otlp': {
        const request = otlpRequest(step.points, nowMs);
        const parsed = parseOtlp(step.points, nowMs);
        this.again = async () => this.checkOtlp(step.encoding === 'protobuf' ? await this.door!.otlp(request)
          : await this.door!.ingester.append(this.door!.translator.translate(decodeOtlpJson(Buffer.from(JSON.stringify(request)))), 'otlp'), parsed);
        return this.again();
      }
    }
  }

  private async open(directory: string): Promise<void> {
    const store = await this.stores.openIn(directory, {
      outOfOrderWindowMs: this.plan.windowMs, maxFutureMs: RULES.maxFutureMs,
      seriesLimits: { perMetric: this.plan.limit, perSender: 0, senderLabel: 'job' },
    }, this.clock);
    const ha = new HaTracker({ ...RULES, clusterLabel: 'cluster', replicaLabel: '__replica__', maxClusters: 10 },
      (elections) => elections.forEach((one) => this.elections.set(one.cluster, one)));
    ha.restore(this.elections.values());
    const relabeling = new Relabeling([{ source_labels: ['__name__'], regex: 'debug_.*', action: 'drop' }]);
    const policy = new SeriesPolicy({ ha, relabeling, maxRemembered: 1000 });
    this.door = new Door(store, this.clock, { otlp: { delta_max_idle_ms: RULES.maxIdleMs }, policy });
  }

  private async reopen(directory: string): Promise<void> {
    this.model.restart();
    await this.open(directory);
    this.compareSamples();
  }

  private checkWrite(outcome: IngestOutcome, { rows, invalid, dropped }: Parsed, isHeard: boolean): void {
    const verdicts = this.takeRows(isHeard ? rows : []);
    this.compareSamples();
    const refused = verdicts.filter(({ allowed }) => !isFine(allowed[0]!));
    expect(told(outcome.rejects), 'refused samples').toEqual(refused.length + invalid.length);
    expect(outcome.samplesWritten, 'written samples').toBe(rows.length + dropped.length - refused.length);
    this.checkReasons(outcome.rejects, [...refused.map(({ allowed }) => allowed), ...invalid.map(() => [AppendStatus.invalidLabels])]);
  }

  private checkOtlp(outcome: IngestOutcome, { rows, invalid }: Parsed): void {
    const verdicts = this.takeRows(rows);
    this.compareSamples();
    const refused = new Map<number, Set<number>>();
    for (const { row, allowed } of verdicts) {
      if (!isFine(allowed[0]!)) refused.set(row.origin, new Set([...refused.get(row.origin) ?? [], ...allowed]));
    }
    expect(outcome.rejectedPoints, 'refused points').toBe(refused.size + invalid.length);
    const reasons = new Set([...refused.values()].flatMap((allowed) => [...allowed]));
    if (invalid.length > 0) reasons.add(AppendStatus.untranslatable);
    for (const { status } of outcome.rejects) {
      if (status !== AppendStatus.deltaOverlap) expect([...reasons].map((one) => REASON[one]), 'reasons').toContain(REASON[status]);
    }
    const overlaps = verdicts.some(({ allowed }) => allowed[0] === AppendStatus.deltaOverlap);
    expect(outcome.rejects.some(({ status }) => status === AppendStatus.deltaOverlap), 'overlaps').toBe(overlaps);
  }

  private takeRows(rows: Parsed['rows']): Verdict[] {
    const found = this.readSamples();
    const verdicts = this.model.take(rows, this.clock.nowMs(), found);
    const { limit } = this.plan;
    const limited = verdicts.filter(({ allowed }) => allowed.includes(AppendStatus.seriesLimit));
    if (limited.length === 0) return verdicts;
    const sizes = new Map<string, number>();
    for (const series of Object.keys(found)) sizes.set(nameOf(series), (sizes.get(nameOf(series)) ?? 0) + 1);
    for (const { row, allowed } of limited) {
      if (allowed.length === 1) expect(limit > 0 && sizes.get(row.metric), `series of ${row.metric} when another one was refused`).toBe(limit);
    }
    return verdicts;
  }

  private readSamples(): Samples {
    return Object.fromEntries(Object.entries(readAll(this.door!.store)).map(([series, points]) => [series, Object.fromEntries(points)]));
  }

  private compareSamples(): void {
    const found = this.readSamples();
    const { samples } = this.model;
    const lines = [...new Set([...Object.keys(found), ...Object.keys(samples)])].filter((series) => !isDeepStrictEqual(found[series], samples[series]))
      .map((series) => `${series}: ${textOf(samples[series])} expected, found ${textOf(found[series])}`);
    if (lines.length > 0) throw new Error(`samples:\n${lines.slice(0, 10).join('\n')}`);
  }

  /** Of each reason at least as many as can have no other one, at most as many as may have it. */
  private checkReasons(rejects: readonly RejectGroup[], refused: readonly (readonly number[])[]): void {
    for (const status of new Set([...refused.flat(), ...rejects.map((group) => group.status)])) {
      const count = rejects.find((group) => group.status === status)?.count ?? 0;
      const least = refused.filter((allowed) => allowed.length === 1 && allowed[0] === status).length;
      const most = refused.filter((allowed) => allowed.includes(status)).length;
      expect(count, `${REASON[status]}: at least ${least}`).toBeGreaterThanOrEqual(least);
      expect(count, `${REASON[status]}: at most ${most}`).toBeLessThanOrEqual(most);
    }
  }
}

const textOf = (times: Record<number, number> = {}): string =>
  Object.entries(times).map(([t, value]) => `${value}@${(Number(t) - START_MS) / 1000}`).join(' ') || 'nothing';
const told = (rejects: readonly RejectGroup[]): number => rejects.reduce((sum, { count }) => sum + count, 0);
const nameOf = (series: string): string => series.slice(0, series.indexOf('{'));

itTellsStories({ prefix: 'INTAKE', usualRuns: 60, story, teller: (plan) => new Telling(plan) });
