/** Counts of a run, which add up: every question is equal, excused or a failure. */

export interface RunReport {
  readonly asked: number;
  /** Questions with a result that is not empty: only these prove something. */
  readonly answered: number;
  readonly equal: number;
  /** Of the equal ones: questions that both refused, with the same text. */
  readonly refused: number;
  /** By excuse: disagreements that upstream leaves undefined, or that its later versions do not have. */
  readonly excused: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
}

export class Tally {
  private asked = 0;
  private answered = 0;
  private equals = 0;
  private refused = 0;
  private readonly excuses = new Map<string, number>();
  private readonly failures: string[] = [];

  constructor(
    private readonly onFailure: ((failure: string) => void) | undefined,
    private readonly onExcuse?: ((excused: string) => void),
  ) {}

  equal(hasResults: boolean, isRefusal: boolean): void {
    this.count(hasResults);
    this.equals++;
    if (isRefusal) this.refused++;
  }

  excused(excuse: string, hasResults: boolean, description: string): void {
    this.count(hasResults);
    this.excuses.set(excuse, (this.excuses.get(excuse) ?? 0) + 1);
    this.onExcuse?.(`${description}\n  excused: ${excuse}`);
  }

  failed(failure: string): void {
    this.count(false);
    this.failures.push(failure);
    this.onFailure?.(failure);
  }

  private count(hasResults: boolean): void {
    this.asked++;
    if (hasResults) this.answered++;
  }

  report(): RunReport {
    const { asked, answered, equals, refused, excuses, failures } = this;
    return { asked, answered, equal: equals, refused, excused: excuses, failures };
  }
}

/** The counts of several runs together. */
export function sumOf(reports: readonly RunReport[]): RunReport {
  const excused = new Map<string, number>();
  for (const report of reports) for (const [excuse, count] of report.excused) excused.set(excuse, (excused.get(excuse) ?? 0) + count);
  const sum = (of: (report: RunReport) => number): number => reports.reduce((total, report) => total + of(report), 0);
  return {
    asked: sum((one) => one.asked), answered: sum((one) => one.answered),
    equal: sum((one) => one.equal), refused: sum((one) => one.refused), excused, failures: reports.flatMap((one) => one.failures),
  };
}

/** One line a number, and one an excuse. */
export function textOf(report: RunReport): string {
  const excused = [...report.excused].sort((a, b) => b[1] - a[1]);
  return [
    `${report.asked} asked, ${report.answered} with results`,
    `${report.equal} equal, of these ${report.refused} errors`,
    `${excused.reduce((total, [, count]) => total + count, 0)} excused`,
    ...excused.map(([excuse, count]) => `  ${count} ${excuse}`),
    `${report.failures.length} disagree`,
  ].join('\n');
}
