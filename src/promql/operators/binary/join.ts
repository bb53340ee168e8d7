import { Labels } from '../../../model/labels.js';
import { QueryError } from '../../engine/engine-api.js';
import { labelText } from '../../engine/label-text.js';
import type { EvalFrame } from '../../engine/query-context.js';
import { ABSENT, FLOAT, StepColumn } from '../../engine/step-column.js';
import type { BinaryExpr } from '../../parser/ast.js';
import { type OutputSeries, readForEffects, type VectorOperator } from '../operator.js';
import { ElementBinary } from './element.js';
import { type MatchGroup, joinedSeries, matchGroups, matchReducer } from './matching.js';

/** What stands for a filled side in a pair. */
const FILLED = -1;

/**
 * `vector op vector` for arithmetic and comparisons. Series are matched once, by labels; samples are matched step by
 * step within a match group. Nearly every group has one series on the "one" side: then an output is one series of
 * the "many" side combined with it, read on demand. Groups in which several series take turns on the "one" side, or
 * in which a side is filled, are computed as a whole and kept while their outputs are read.
 *
 * "many" is the left side, or the right one with group_right; in one-to-one matching it is the left side.
 */
export class JoinOperator implements VectorOperator {
  private plan: JoinPlan | undefined;
  private readonly element: ElementBinary;
  private readonly many: VectorOperator;
  private readonly one: VectorOperator;
  private readonly swapped: boolean;
  private readonly fillMany: number | undefined;
  private readonly fillOne: number | undefined;
  private readonly manyColumn: StepColumn;
  private readonly oneColumn: StepColumn;
  /** Series of the "one" side that `oneColumn` holds. */
  private oneRead = FILLED;
  private computed: { group: number; columns: StepColumn[] } | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly expr: BinaryExpr,
    lhs: VectorOperator,
    rhs: VectorOperator,
  ) {
    const matching = expr.matching!;
    this.swapped = matching.card === 'one-to-many';
    this.many = this.swapped ? rhs : lhs;
    this.one = this.swapped ? lhs : rhs;
    // As upstream: it swaps the sides first, so that fill_right always fills the "one" side.
    this.fillMany = matching.fillLeft;
    this.fillOne = matching.fillRight;
    this.element = new ElementBinary(expr.op, expr.returnBool, frame.query, expr.pos);
    this.manyColumn = new StepColumn(frame.grid.count);
    this.oneColumn = new StepColumn(frame.grid.count);
  }

  series(): readonly OutputSeries[] {
    return this.planned().outputs;
  }

  read(index: number, out: StepColumn): void {
    const plan = this.planned();
    const group = plan.groupOf[index]!;
    const simple = plan.simple[index];
    out.reset();
    if (simple === undefined) {
      out.copyFrom(this.computeGroup(group)[index - plan.firstOutput[group]!]!);
      return;
    }
    if (this.oneRead !== simple.one) {
      this.one.read(simple.one, this.oneColumn);
      this.oneRead = simple.one;
    }
    this.many.read(simple.many, this.manyColumn);
    this.combine(this.manyColumn, this.oneColumn, out);
  }

  private combine(many: StepColumn, one: StepColumn, out: StepColumn): void {
    if (this.swapped) this.element.combine(one, many, out, false);
    else this.element.combine(many, one, out, false);
  }

  private planned(): JoinPlan {
    return (this.plan ??= this.planJoin());
  }

  private planJoin(): JoinPlan {
    const many = this.many.series();
    const one = this.one.series();
    const groups = matchGroups(many, one, matchReducer(this.expr.matching!), this.frame.query.limits);
    const plan: JoinPlan = { groups, outputs: [], groupOf: [], simple: [], firstOutput: [], pairs: new Map() };
    for (let g = 0; g < groups.length; g++) {
      plan.firstOutput.push(plan.outputs.length);
      const group = groups[g]!;
      const pairs = this.pairsOf(group);
      const slots = new Map<string, number>();
      const slotOf: number[] = [];
      for (const [m, o] of pairs) {
        this.frame.query.limits.handledLabels();
        const output = this.outputOf(group, m, o);
        const key = output.labels.key();
        let slot = slots.get(key);
        if (slot === undefined) {
          slot = slots.size;
          slots.set(key, slot);
          plan.outputs.push(output);
          plan.groupOf.push(g);
        }
        slotOf.push(slot);
      }
      const filled = this.fillMany !== undefined || this.fillOne !== undefined;
      const turns = group.right.length > 1 || slots.size < pairs.length || (!this.isManyToOne() && group.left.length > 1);
      if (filled || turns) {
        plan.pairs.set(g, { pairs, slotOf, slots: slots.size });
        for (let i = 0; i < slots.size; i++) plan.simple.push(undefined);
      } else for (const [m, o] of pairs) plan.simple.push({ many: m, one: o });
      if (pairs.length > 0) continue;
      if (group.left.length === 0 && group.right.length > 1) this.checkUnpaired(group);
      else {
        readForEffects(this.many, group.left, this.manyColumn);
        readForEffects(this.one, group.right, this.manyColumn);
      }
    }
    return plan;
  }

  private isManyToOne(): boolean {
    return this.expr.matching!.card !== 'one-to-one';
  }

  /** Pairs of series that may meet at some step; `MatchGroup.left` is the many side here. */
  private pairsOf(group: MatchGroup): [number, number][] {
    const pairs: [number, number][] = [];
    for (const m of group.left) {
      for (const o of group.right) pairs.push([m, o]);
      if (this.fillOne !== undefined) pairs.push([m, FILLED]);
    }
    if (this.fillMany !== undefined) for (const o of group.right) pairs.push([FILLED, o]);
    return pairs;
  }

  private outputOf(group: MatchGroup, m: number, o: number): OutputSeries {
    const many: OutputSeries = m === FILLED ? { labels: group.labels, dropName: false } : this.many.series()[m]!;
    const oneLabels: Labels = o === FILLED ? group.labels : this.one.series()[o]!.labels;
    return joinedSeries(this.expr, many, oneLabels, this.frame.query.options);
  }

  /** Columns of all outputs of a group in which samples have to be matched step by step. */
  private computeGroup(g: number): StepColumn[] {
    if (this.computed?.group === g) return this.computed.columns;
    const steps = this.frame.grid.count;
    const group = this.planned().groups[g]!;
    const { pairs, slotOf, slots } = this.planned().pairs.get(g)!;
    const slotOfPair = new Map(pairs.map(([m, o], i) => [`${m},${o}`, slotOf[i]!]));
    this.frame.query.limits.loaded(slots * steps, 0);
    const columns = Array.from({ length: slots }, () => new StepColumn(steps));
    const taken = Array.from({ length: slots }, () => new Uint8Array(steps));
    const { owner, composite } = this.composeOneSide(group);
    const matched = new Uint8Array(steps);
    const fillOne = filledColumn(steps, this.fillOne);
    const fillMany = filledColumn(steps, this.fillMany);
    for (const m of group.left) {
      this.many.read(m, this.manyColumn);
      for (let s = 0; s < steps; s++) {
        if (this.manyColumn.kinds[s] === ABSENT) continue;
        const o = owner[s]!;
        if (o === FILLED && fillOne === undefined) continue;
        const slot = slotOfPair.get(`${m},${o}`)!;
        this.checkUnique(matched[s] === 1, taken[slot]![s] === 1);
        matched[s] = 1;
        taken[slot]![s] = 1;
        this.combineStep(this.manyColumn, o === FILLED ? fillOne! : composite, s, columns[slot]!);
      }
    }
    if (fillMany !== undefined) {
      for (let s = 0; s < steps; s++) {
        if (matched[s] === 1 || owner[s] === FILLED) continue;
        this.combineStep(fillMany, composite, s, columns[slotOfPair.get(`${FILLED},${owner[s]!}`)!]!);
      }
    }
    this.computed = { group: g, columns };
    return columns;
  }

  private combineStep(many: StepColumn, one: StepColumn, step: number, out: StepColumn): void {
    if (this.swapped) this.element.combineStep(one, many, step, out, false);
    else this.element.combineStep(many, one, step, out, false);
  }

  private checkUnique(matchedBefore: boolean, slotTaken: boolean): void {
    if (!this.isManyToOne()) {
      if (matchedBefore) {
        throw new QueryError(
          'execution', 'multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)',
        );
      }
    } else if (slotTaken) {
      throw new QueryError('execution', 'multiple matches for labels: grouping labels must ensure unique matches');
    }
  }

  /** By step: which series of the "one" side has the sample, and the samples of all of them in one column. */
  private composeOneSide(group: MatchGroup): { owner: Int32Array; composite: StepColumn } {
    const steps = this.frame.grid.count;
    const owner = new Int32Array(steps).fill(FILLED);
    const composite = new StepColumn(steps);
    this.oneRead = FILLED;
    for (const o of group.right) {
      this.one.read(o, this.oneColumn);
      for (let s = 0; s < steps; s++) {
        if (this.oneColumn.kinds[s] === ABSENT) continue;
        if (owner[s] !== FILLED) this.refuseDuplicates(group, owner[s]!, o, s);
        else {
          owner[s] = o;
          composite.copyStep(s, this.oneColumn);
        }
      }
    }
    return { owner, composite };
  }

  /** Duplicates on the "one" side are an error even in a group that nothing on the other side matches. */
  private checkUnpaired(group: MatchGroup): void {
    if (this.many.series().length > 0) this.composeOneSide(group);
    else readForEffects(this.one, group.right, this.manyColumn);
  }

  /** Upstream looks at a step only if both sides have a sample at all. */
  private refuseDuplicates(group: MatchGroup, first: number, second: number, step: number): void {
    if (!this.manySideHasSampleAt(step)) return;
    const series = this.one.series();
    const duplicates = [labelText(series[first]!.labels), labelText(series[second]!.labels)].sort();
    throw new QueryError(
      'execution',
      `found duplicate series for the match group ${labelText(group.labels)} on the ${this.swapped ? 'left' : 'right'} ` +
        `hand-side of the operation: [${duplicates.join(', ')}];many-to-many matching not allowed: ` +
        'matching labels must be unique on one side',
    );
  }

  private manySideHasSampleAt(step: number): boolean {
    const column = new StepColumn(this.frame.grid.count);
    for (let i = 0; i < this.many.series().length; i++) {
      this.many.read(i, column);
      if (column.kinds[step] !== ABSENT) return true;
    }
    return this.fillMany !== undefined;
  }
}

interface JoinPlan {
  readonly groups: readonly MatchGroup[];
  /** Outputs of a group are neighbours. */
  readonly outputs: OutputSeries[];
  readonly groupOf: number[];
  /** By output: the two series to combine; undefined where the group has to be computed as a whole. */
  readonly simple: ({ readonly many: number; readonly one: number } | undefined)[];
  /** By group. */
  readonly firstOutput: number[];
  readonly pairs: Map<number, { readonly pairs: [number, number][]; readonly slotOf: number[]; readonly slots: number }>;
}

function filledColumn(steps: number, value: number | undefined): StepColumn | undefined {
  if (value === undefined) return undefined;
  const column = new StepColumn(steps);
  column.values.fill(value);
  column.kinds.fill(FLOAT);
  return column;
}
