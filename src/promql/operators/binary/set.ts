import type { EvalFrame } from '../../engine/query-context.js';
import { ABSENT, StepColumn } from '../../engine/step-column.js';
import type { VectorMatching } from '../../parser/ast.js';
import { type OutputSeries, readForEffects, type VectorOperator } from '../operator.js';
import { type MatchGroup, matchGroups, matchReducer } from './matching.js';

/**
 * `and`, `or`, `unless`: samples of one side, let through by whether any sample of the match group is there on the
 * other side at the same step.
 */
export class SetOperator implements VectorOperator {
  private plan: SetPlan | undefined;
  private readonly scratch: StepColumn;
  /** By group, on demand: 1 at steps where the side that decides has a sample. */
  private readonly presence = new Map<number, Uint8Array>();

  constructor(
    private readonly frame: EvalFrame,
    private readonly op: 'and' | 'or' | 'unless',
    private readonly lhs: VectorOperator,
    private readonly rhs: VectorOperator,
    private readonly matching: VectorMatching,
  ) {
    this.scratch = new StepColumn(frame.grid.count);
  }

  series(): readonly OutputSeries[] {
    return this.planned().outputs;
  }

  read(index: number, out: StepColumn): void {
    const { groupOf, lefts, groups } = this.planned();
    const group = groupOf[index]!;
    if (index < lefts) {
      this.lhs.read(index, out);
      // Of `or` the left side passes whole.
      if (this.op !== 'or') this.filter(out, this.presenceOf(group, this.rhs, groups[group]!.right), this.op === 'and');
    } else {
      this.rhs.read(index - lefts, out);
      this.filter(out, this.presenceOf(group, this.lhs, groups[group]!.left), false);
    }
  }

  private filter(column: StepColumn, presence: Uint8Array, wanted: boolean): void {
    for (let s = 0; s < column.length; s++) {
      if ((presence[s] === 1) !== wanted) column.kinds[s] = ABSENT;
    }
  }

  private presenceOf(group: number, side: VectorOperator, members: readonly number[]): Uint8Array {
    let presence = this.presence.get(group);
    if (presence !== undefined) return presence;
    presence = new Uint8Array(this.frame.grid.count);
    for (const member of members) {
      side.read(member, this.scratch);
      for (let s = 0; s < presence.length; s++) if (this.scratch.kinds[s] !== ABSENT) presence[s] = 1;
    }
    this.presence.set(group, presence);
    return presence;
  }

  private planned(): SetPlan {
    return (this.plan ??= this.planSets());
  }

  private planSets(): SetPlan {
    const left = this.lhs.series();
    const right = this.rhs.series();
    const groups = matchGroups(left, right, matchReducer(this.matching), this.frame.query.limits);
    const outputs = this.op === 'or' ? [...left, ...right] : left;
    const groupOf = new Uint32Array(outputs.length);
    groups.forEach((group, g) => {
      for (const i of group.left) groupOf[i] = g;
      if (this.op === 'or') for (const i of group.right) groupOf[left.length + i] = g;
      else if (group.left.length === 0) readForEffects(this.rhs, group.right, this.scratch);
    });
    return { outputs, groups, groupOf, lefts: left.length };
  }
}

interface SetPlan {
  readonly outputs: readonly OutputSeries[];
  readonly groups: readonly MatchGroup[];
  readonly groupOf: Uint32Array;
  /** Outputs below this index are series of the left side. */
  readonly lefts: number;
}
