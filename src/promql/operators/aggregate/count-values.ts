import type { Labels } from '../../../model/labels.js';
import type { EvalFrame } from '../../engine/query-context.js';
import { ABSENT, FLOAT, StepColumn } from '../../engine/step-column.js';
import { formatF } from '../../engine/number-text.js';
import type { OutputSeries, VectorOperator } from '../operator.js';
import { type GroupingClause, labelReducer } from './grouping.js';
import { histogramText } from '../../histogram/text.js';

/** `count_values("label", …)`: one series per group and distinct value, known only when the input was seen. */
export class CountValuesOperator implements VectorOperator {
  private counted: { outputs: OutputSeries[]; counts: Float64Array[] } | undefined;

  constructor(
    private readonly frame: EvalFrame,
    private readonly input: VectorOperator,
    private readonly valueLabel: string,
    private readonly clause: GroupingClause,
  ) {}

  series(): readonly OutputSeries[] {
    return this.count().outputs;
  }

  read(index: number, out: StepColumn): void {
    const counts = this.count().counts[index]!;
    out.reset();
    for (let s = 0; s < counts.length; s++) if (counts[s]! > 0) out.setFloat(s, counts[s]!);
  }

  private count(): { outputs: OutputSeries[]; counts: Float64Array[] } {
    return (this.counted ??= this.countInput());
  }

  private countInput(): { outputs: OutputSeries[]; counts: Float64Array[] } {
    const { grid, query } = this.frame;
    const { labels, without } = this.clause;
    // The value label is part of the group, and takes the place of an input label of that name.
    const reducer = labelReducer(without ? [...labels, this.valueLabel] : labels.filter((name) => name !== this.valueLabel), without);
    const valueKept = !without || !labels.includes(this.valueLabel);
    const slots = new Map<string, number>();
    const outputs: OutputSeries[] = [];
    const counts: Float64Array[] = [];
    const texts = new Map<number, string>();
    const column = new StepColumn(grid.count);
    const mark = query.limits.mark();
    const series = this.input.series();
    for (let i = 0; i < series.length; i++) {
      query.limits.handledLabels();
      const group: Labels = reducer.labels(series[i]!.labels);
      const groupKey = group.key();
      this.input.read(i, column);
      for (let s = 0; s < grid.count; s++) {
        if (column.kinds[s] === ABSENT) continue;
        const text = column.kinds[s] === FLOAT ? floatText(column.values[s]!, texts) : histogramText(column.histogramAt(s));
        const key = valueKept ? `${groupKey}\udfff${text}` : groupKey;
        let slot = slots.get(key);
        if (slot === undefined) {
          slot = outputs.length;
          slots.set(key, slot);
          outputs.push({ labels: valueKept ? group.with(this.valueLabel, text) : group, dropName: false });
          query.limits.keepSeries(grid.count, 0);
          counts.push(new Float64Array(grid.count));
        }
        counts[slot]![s]!++;
      }
    }
    query.limits.releaseTo(mark);
    query.limits.hold(outputs.length * grid.count);
    return { outputs, counts };
  }
}

/** Values repeat from step to step; printing a double costs more than a look-up. */
function floatText(value: number, cache: Map<number, string>): string {
  let text = cache.get(value);
  // A Map takes 0 and -0 for the same key.
  if (text === undefined || value === 0) {
    text = formatF(value);
    if (cache.size < 10_000) cache.set(value, text);
  }
  return text;
}
