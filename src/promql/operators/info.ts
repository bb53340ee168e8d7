import { type Labels, METRIC_NAME } from '../../model/labels.js';
import { Matcher } from '../../model/matcher.js';
import type { Series } from '../../storage/queryable.js';
import { QueryError } from '../engine/engine-api.js';
import { labelText } from '../engine/label-text.js';
import type { EvalFrame } from '../engine/query-context.js';
import { ABSENT, HISTOGRAM, StepColumn } from '../engine/step-column.js';
import { type OutputSeries, readForEffects, type VectorOperator } from './operator.js';
import type { TimeShift } from './time-shift.js';
import { VectorSelectorOperator } from './vector-selector.js';

/** Labels by which a series finds its info series. Fixed, as upstream. */
const IDENTIFYING = ['instance', 'job'] as const;
const DEFAULT_INFO_METRIC = 'target_info';

/**
 * `info(v, {…})`: adds the labels of info series (`target_info` unless the selector names others) with the same
 * instance and job. Which info series there is may change from step to step, so one input series may become several.
 * The info series are selected when the series of the input are known: the one select that is not done up front.
 */
export class InfoOperator implements VectorOperator {
  private plan: InfoPlan | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    /** Second argument of the call: which info metrics, which of their labels. */
    private readonly selector: readonly Matcher[],
    /** When the samples of the input are from: the info series are looked up then, too. */
    private readonly shift: TimeShift,
    private readonly select: (matchers: readonly Matcher[]) => Series[],
  ) {}

  series(): readonly OutputSeries[] {
    return this.planned().outputs;
  }

  read(index: number, out: StepColumn): void {
    const { sources } = this.planned();
    const { input, situation, matches, conflict } = sources[index]!;
    this.input.read(input, out);
    if (matches === undefined) return;
    for (let s = 0; s < out.length; s++) {
      if (out.kinds[s] === ABSENT) continue;
      if (matches.situations[s] !== situation) out.kinds[s] = ABSENT;
      else if (conflict !== undefined) throw new QueryError('execution', `conflicting label: ${conflict}`);
    }
  }

  private planned(): InfoPlan {
    return (this.plan ??= this.planInfo());
  }

  private planInfo(): InfoPlan {
    const base = this.input.series();
    const wanted = new InfoSelector(this.selector);
    const { limits } = this.frame.query;
    const enriched = base.map((one) => !wanted.isInfoMetric(one.labels.metricName, () => limits.poll()));
    const index = this.lookUp(wanted, base.filter((_, i) => enriched[i]!));
    const outputs: OutputSeries[] = [];
    const sources: Source[] = [];
    const inVain: number[] = [];
    for (let i = 0; i < base.length; i++) {
      const one = base[i]!;
      if (!enriched[i]!) {
        outputs.push(one);
        sources.push({ input: i, situation: 0, matches: undefined, conflict: undefined });
        continue;
      }
      const matches = index.matchesOf(one.labels);
      for (const situation of new Set(matches.situations)) {
        const infos = matches.infos[situation]!;
        if (infos.length === 0 && !wanted.mayBeMissing) continue;
        const { labels, conflict } = wanted.enrich(one.labels, infos);
        outputs.push({ labels, dropName: one.dropName });
        sources.push({ input: i, situation, matches, conflict });
      }
      if (sources.at(-1)?.input !== i) inVain.push(i);
    }
    if (inVain.length > 0) readForEffects(this.input, inVain, new StepColumn(this.frame.grid.count));
    return { outputs, sources };
  }

  private lookUp(wanted: InfoSelector, base: readonly OutputSeries[]): InfoIndex {
    const identifying = identifyingMatchers(base);
    const selected = identifying.length === 0 ? [] : this.select([...identifying, ...wanted.matchers]);
    return new InfoIndex(this.frame, selected, this.shift);
  }
}

interface InfoPlan {
  readonly outputs: OutputSeries[];
  readonly sources: Source[];
}

/** What an output is made of. */
interface Source {
  readonly input: number;
  /** Steps of this situation belong to the output; `matches` undefined: all steps. */
  readonly situation: number;
  readonly matches: Matches | undefined;
  /** A label that two info metrics set differently. */
  readonly conflict: string | undefined;
}

/** What the second argument of `info` asks for. */
class InfoSelector {
  /** Matchers of the info series themselves. */
  readonly matchers: readonly Matcher[];
  /** True if series without info series pass: no label is asked for that would have to be there. */
  readonly mayBeMissing: boolean;
  private readonly nameMatchers: readonly Matcher[];
  private readonly dataLabels: ReadonlySet<string>;

  constructor(selector: readonly Matcher[]) {
    const names = selector.filter((matcher) => matcher.name === METRIC_NAME);
    const data = selector.filter((matcher) => matcher.name !== METRIC_NAME);
    const isPositive = (matcher: Matcher): boolean => matcher.type === '=' || matcher.type === '=~';
    if (names.length === 0) names.push(new Matcher('=', METRIC_NAME, DEFAULT_INFO_METRIC));
    // Names that are only excluded leave all other info metrics, not all other metrics.
    else if (!names.some(isPositive)) names.push(new Matcher('=~', METRIC_NAME, '.+_info'));
    this.nameMatchers = names;
    this.matchers = [...names, ...data];
    this.dataLabels = new Set(data.map((matcher) => matcher.name));
    this.mayBeMissing = data.every((matcher) => matcher.matchesEmpty());
  }

  /** Info series are not enriched themselves. */
  isInfoMetric(name: string, poll: () => void): boolean {
    return this.nameMatchers.every((matcher) => matcher.matches(name, poll));
  }

  /** The base labels and, of the info series, the labels that are asked for and not there yet. */
  enrich(base: Labels, infos: readonly Labels[]): { labels: Labels; conflict: string | undefined } {
    const added = new Map<string, string>();
    let conflict: string | undefined;
    for (const info of infos) {
      for (let i = 0; i < info.length; i++) {
        const name = info.names[i]!;
        const value = info.values[i]!;
        if (name === METRIC_NAME || (this.dataLabels.size > 0 && !this.dataLabels.has(name))) continue;
        const before = added.get(name);
        if (before !== undefined && before !== value) conflict ??= name;
        if (base.get(name) === '') added.set(name, value);
      }
    }
    let labels = base;
    for (const [name, value] of added) labels = labels.with(name, value);
    return { labels, conflict };
  }
}

/** The info series that a base series has, by step. */
interface Matches {
  /** By step: index into `infos`. */
  readonly situations: Uint32Array;
  /** The different sets of info series that occur, at most one per info metric; the first is the empty one. */
  readonly infos: readonly (readonly Labels[])[];
}

/** Info series by the identifying labels, and the newest of them at each step. */
class InfoIndex {
  private readonly groups = new Map<string, number[]>();
  private readonly cache = new Map<string, Matches>();
  private readonly times: VectorSelectorOperator;
  private readonly values: VectorSelectorOperator;

  constructor(
    private readonly frame: EvalFrame,
    private readonly selected: readonly Series[],
    shift: TimeShift,
  ) {
    this.times = new VectorSelectorOperator(frame, selected, shift, 'timestamp');
    // The same samples, which count once.
    this.values = new VectorSelectorOperator({ ...frame, counts: undefined }, selected, shift, 'value');
    selected.forEach((series, i) => {
      const key = identity(series.labels);
      const group = this.groups.get(key);
      if (group === undefined) this.groups.set(key, [i]);
      else group.push(i);
    });
  }

  matchesOf(base: Labels): Matches {
    const key = identity(base);
    let matches = this.cache.get(key);
    if (matches === undefined) {
      matches = this.compute(this.groups.get(key) ?? []);
      this.cache.set(key, matches);
    }
    return matches;
  }

  private compute(members: readonly number[]): Matches {
    const steps = this.frame.grid.count;
    const byName = new Map<string, { chosen: Int32Array; times: Float64Array }>();
    const column = new StepColumn(steps);
    for (const member of members) {
      const name = this.selected[member]!.labels.metricName;
      let newest = byName.get(name);
      if (newest === undefined) {
        newest = { chosen: new Int32Array(steps).fill(-1), times: new Float64Array(steps) };
        byName.set(name, newest);
      }
      this.values.read(member, column);
      if (column.kinds.includes(HISTOGRAM)) throw new QueryError('execution', 'info sample should be float');
      this.times.read(member, column);
      for (let s = 0; s < steps; s++) if (column.kinds[s] !== ABSENT) this.offer(newest, member, s, column.values[s]!);
    }
    return this.situationsOf(Array.from(byName.values(), ({ chosen }) => chosen));
  }

  private offer(newest: { chosen: Int32Array; times: Float64Array }, member: number, step: number, time: number): void {
    const before = newest.chosen[step]!;
    if (before >= 0 && newest.times[step] === time) {
      const timeMs = Math.round(time * 1000);
      throw new QueryError(
        'execution',
        `found duplicate series for info metric: existing ${labelText(this.selected[before]!.labels)} @ ${timeMs}, ` +
          `new ${labelText(this.selected[member]!.labels)} @ ${timeMs}`,
      );
    }
    if (before >= 0 && newest.times[step]! > time) return;
    newest.chosen[step] = member;
    newest.times[step] = time;
  }

  private situationsOf(chosenByName: readonly Int32Array[]): Matches {
    const steps = this.frame.grid.count;
    const situations = new Uint32Array(steps);
    const infos: Labels[][] = [[]];
    const known = new Map<string, number>([['', 0]]);
    for (let s = 0; s < steps; s++) {
      const members = chosenByName.map((chosen) => chosen[s]!).filter((member) => member >= 0);
      const key = members.join(',');
      let situation = known.get(key);
      if (situation === undefined) {
        situation = infos.length;
        known.set(key, situation);
        infos.push(members.map((member) => this.selected[member]!.labels));
      }
      situations[s] = situation;
    }
    return { situations, infos };
  }
}

function identity(labels: Labels): string {
  return IDENTIFYING.map((name) => labels.get(name)).join('\udfff');
}

/** Matchers for the identifying labels that occur among the series; none if none of them has any. */
function identifyingMatchers(series: readonly OutputSeries[]): Matcher[] {
  const matchers: Matcher[] = [];
  for (const name of IDENTIFYING) {
    const values = new Set(series.map((one) => one.labels.get(name)));
    values.delete('');
    if (values.size > 0) matchers.push(Matcher.oneOf(name, [...values]));
  }
  return matchers;
}
