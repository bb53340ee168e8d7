import type { EvalFrame } from '../engine/query-context.js';
import { columnSamples } from '../engine/sample-counts.js';
import { ABSENT, FLOAT, StepColumn } from '../engine/step-column.js';
import type { BinaryOp } from '../parser/ast.js';
import { floatBinary, floatComparison } from './binary/arithmetic.js';
import type { OutputSeries, ScalarOperator, VectorOperator } from './operator.js';
import { Labels } from '../../model/labels.js';

/** A scalar that is computed when it is first asked for. */
export class LazyScalar implements ScalarOperator {
  private computed: Float64Array | undefined;

  constructor(private readonly compute: () => Float64Array) {}

  values(): Float64Array {
    return (this.computed ??= this.compute());
  }
}

export function constantScalar(frame: EvalFrame, value: number): ScalarOperator {
  return new LazyScalar(() => new Float64Array(frame.grid.count).fill(value));
}

/** `time()`: the evaluation times in seconds. */
export function timeScalar(frame: EvalFrame): ScalarOperator {
  const { startMs, stepMs, count } = frame.grid;
  return new LazyScalar(() => Float64Array.from({ length: count }, (_, step) => (startMs + step * stepMs) / 1000));
}

export function mapScalar(input: ScalarOperator, fn: (value: number) => number): ScalarOperator {
  return new LazyScalar(() => input.values().map(fn));
}

export function zipScalars(lhs: ScalarOperator, rhs: ScalarOperator, fn: (a: number, b: number) => number): ScalarOperator {
  return new LazyScalar(() => {
    const right = rhs.values();
    return lhs.values().map((value, step) => fn(value, right[step]!));
  });
}

/** `scalar op scalar`; comparisons give 0 or 1. */
export function binaryScalar(op: BinaryOp, lhs: ScalarOperator, rhs: ScalarOperator): ScalarOperator {
  const arithmetic = floatBinary(op);
  if (arithmetic !== undefined) return zipScalars(lhs, rhs, arithmetic);
  const comparison = floatComparison(op)!;
  return zipScalars(lhs, rhs, (a, b) => (comparison(a, b) ? 1 : 0));
}

/** A scalar of one step, at every step of `frame`. */
export function broadcastScalar(frame: EvalFrame, single: ScalarOperator): ScalarOperator {
  return new LazyScalar(() => new Float64Array(frame.grid.count).fill(single.values()[0]!));
}

/** `scalar(v)`: the value of the only float sample, NaN if there is none or more than one. Histograms do not count. */
export function scalarOfVector(frame: EvalFrame, input: VectorOperator): ScalarOperator {
  return new LazyScalar(() => {
    const count = frame.grid.count;
    const values = new Float64Array(count).fill(NaN);
    const seen = new Uint8Array(count);
    const column = new StepColumn(count);
    for (let i = 0; i < input.series().length; i++) {
      input.read(i, column);
      for (let s = 0; s < count; s++) {
        if (column.kinds[s] !== FLOAT) continue;
        values[s] = seen[s] === 0 ? column.values[s]! : NaN;
        seen[s] = 1;
      }
    }
    return values;
  });
}

/** `vector(s)`: one series without labels. */
export class VectorOfScalar implements VectorOperator {
  private readonly outputs: readonly OutputSeries[] = [{ labels: Labels.EMPTY, dropName: false }];

  constructor(private readonly scalar: ScalarOperator) {}

  series(): readonly OutputSeries[] {
    return this.outputs;
  }

  read(_index: number, out: StepColumn): void {
    out.reset();
    out.values.set(this.scalar.values());
    out.kinds.fill(FLOAT);
  }
}

/** A vector of one step, at every step of `frame`. */
export class BroadcastVector implements VectorOperator {
  private readonly single = new StepColumn(1);

  constructor(private readonly frame: EvalFrame, private readonly input: VectorOperator) {}

  series(): readonly OutputSeries[] {
    return this.input.series();
  }

  read(index: number, out: StepColumn): void {
    out.reset();
    this.input.read(index, this.single);
    if (this.single.kinds[0] === ABSENT) return;
    this.frame.query.limits.hold((out.length - 1) * columnSamples(this.single));
    if (this.single.kinds[0] === FLOAT) {
      out.values.fill(this.single.values[0]!);
      out.kinds.fill(FLOAT);
    } else for (let s = 0; s < out.length; s++) out.setHistogram(s, this.single.histogramAt(0));
  }
}
