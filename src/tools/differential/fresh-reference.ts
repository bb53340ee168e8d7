/**
 * A second Prometheus with the same data, started anew before each question. Prometheus before 3.6 hands out the histograms of a subquery
 * without copying them, keeps them for reuse, and later reads other samples into them (prometheus/prometheus#16879): a question with
 * subqueries of histograms leaves wrong numbers behind for itself, from its second series on, and for later questions of any form.
 */
import { type Answer, ask, type Question } from './answers.js';
import type { FleetSeries } from './fleet.js';
import { callsOverSubqueries, restrictedTo, selectsAny } from './rewrite.js';
import { TestServer } from './servers.js';
import { writeFleet, type WriteVersion } from './write.js';

export const OVERWRITTEN = "3.5 overwrites histograms that it reads through subqueries: a Prometheus that was just started agrees";
export const OVERWRITTEN_INSIDE =
  '3.5 overwrites histograms that it reads through subqueries: series by series, a Prometheus that was just started agrees';

/** Whether our answer to the question agrees with the given one. */
type Agrees = (question: Question, there: Answer) => Promise<boolean>;

export class FreshReference {
  private server: TestServer | undefined;
  /** Labels of the series that have any. */
  private readonly histograms: readonly FleetSeries['labels'][];

  constructor(
    private readonly program: string, private readonly fleet: readonly FleetSeries[], private readonly write: WriteVersion,
    private readonly stats: boolean,
  ) {
    const hasAny = ({ samples }: FleetSeries): boolean => samples.some(({ value }) => typeof value === 'object');
    this.histograms = fleet.filter(hasAny).map(({ labels }) => labels);
  }

  /**
   * Why a disagreement is none of ours, undefined if that cannot be shown.
   * @param agrees compares with our answer
   * @param atSeconds where the answers differ, if at one step
   */
  async excuseFor(question: Question, atSeconds: number | undefined, agrees: Agrees): Promise<string | undefined> {
    if (await agrees(question, await this.askFirst(question))) return OVERWRITTEN;
    const calls = callsOverSubqueries(question.text);
    // Of floats nothing is overwritten: parts that agree would excuse a fault in what is around them.
    if (!calls.some((call) => selectsAny(call, this.histograms))) return undefined;
    const startMs = atSeconds === undefined ? question.startMs : Math.round(atSeconds * 1000);
    for (const call of calls) {
      for (const target of this.targets()) {
        const part: Question = { text: restrictedTo(target, call), startMs, endMs: startMs, stepMs: 0 };
        if (!(await agrees(part, await this.askFirst(part)))) return undefined;
      }
    }
    return OVERWRITTEN_INSIDE;
  }

  private async askFirst(question: Question): Promise<Answer> {
    if (this.server === undefined) {
      this.server = await TestServer.prometheus(this.program);
      await writeFleet(this.server.base, this.write, this.fleet);
    }
    await this.server.restart();
    return ask(this.server.base, question, this.stats);
  }

  /** Native histograms have no more than one series a target and metric. */
  private targets(): Record<string, string>[] {
    const targets = new Map<string, Record<string, string>>();
    for (const { labels: { instance, job } } of this.fleet) targets.set(`${instance} ${job}`, { instance: instance!, job: job! });
    return [...targets.values()];
  }

  async remove(): Promise<void> {
    await this.server?.remove();
  }
}
