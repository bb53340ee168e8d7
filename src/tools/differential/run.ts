/** One differential run: the same data into a real Prometheus and into narthex, the same random questions to both. */
import { type Answer, ask, difference, noteDifference, orderDifference, type Question, sizeOf, statsDifference } from './answers.js';
import { ExpressionMaker } from './expressions.js';
import { makeFleet } from './fleet.js';
import { FreshReference } from './fresh-reference.js';
import { type Comparison, excuseFor, toleranceFor } from './known-differences.js';
import { Random } from './random.js';
import { takingAll } from './rewrite.js';
import { type RunReport, Tally } from './tally.js';
import { TestServer } from './servers.js';
import { mayHaveTies, TIES } from './ties.js';
import { type WriteVersion, writeFleet } from './write.js';

/** Where narthex has the data while it is asked. Prometheus has it in its head. */
export type DataPlace = 'heads' | 'blocks';

export interface RunOptions {
  /** Path of a Prometheus. */
  readonly prometheus: string;
  /** How many to ask, for each place. */
  readonly queries: number;
  readonly seed: number;
  readonly write: WriteVersion;
  /** Over heads, over blocks made of them, or first the one and then the other. */
  readonly places: readonly DataPlace[];
  /** Compare the numbers of samples looked at, too. */
  readonly stats?: boolean;
  /** Compare warnings and infos, too. */
  readonly notes?: boolean;
  /** End of the data, now if undefined: with the seed it makes a run what it was. */
  readonly endMs?: number | undefined;
  readonly onFailure?: (failure: string) => void;
  readonly onExcuse?: (excused: string) => void;
}

const MINUTES = 40;
/** The last are longer than most ranges of the questions, and than the questions. */
const STEPS_MS = [7_000, 15_000, 30_000, 60_000, 15_000, 30_000, 333_000, 3_600_000];

/** The end of the data of a run that begins now. */
export function dataEndNow(): number {
  return Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
}

/** @throws Error if a server does not start or refuses the data */
export async function runDifferential(options: RunOptions): Promise<RunReport> {
  const random = new Random(options.seed);
  const endMs = options.endMs ?? dataEndNow();
  const fleet = makeFleet(random, endMs, MINUTES);
  const servers: TestServer[] = [];
  const fresh = new FreshReference(options.prometheus, fleet, options.write, options.stats === true);
  const tally = new Tally(options.onFailure, options.onExcuse);
  try {
    servers.push(await TestServer.prometheus(options.prometheus), await TestServer.narthex());
    for (const { base } of servers) await writeFleet(base, options.write, fleet);
    const [there, here] = [servers[0]!, servers[1]!];
    for (const place of options.places) {
      if (place === 'blocks') await here.flush();
      await new Questioning(there.base, here.base, fresh, options, tally).run(random, endMs);
    }
  } finally {
    for (const server of [...servers, fresh]) await server.remove();
  }
  return tally.report();
}

class Questioning {
  constructor(
    private readonly there: string, private readonly here: string, private readonly fresh: FreshReference,
    private readonly options: RunOptions, private readonly tally: Tally,
  ) {}

  async run(random: Random, endMs: number): Promise<void> {
    const maker = new ExpressionMaker(random, endMs);
    for (let i = 0; i < this.options.queries; i++) await this.ask(makeQuestion(maker.expression(), random, endMs), endMs);
  }

  private async ask(asked: Question, endMs: number): Promise<void> {
    const { tally } = this;
    const comparison = await this.compare(asked);
    const { answers: [reference], found } = comparison;
    if (found === undefined) {
      tally.equal(sizeOf(reference) > 0, reference.status === 'error');
      return;
    }
    const excuse = await this.excuse(asked, comparison, found);
    const description = `${describe(asked, endMs)}\n  ${found}`;
    if (excuse === undefined) tally.failed(description);
    else tally.excused(excuse, sizeOf(reference) > 0, description);
  }

  private async excuse(asked: Question, comparison: Comparison, found: string): Promise<string | undefined> {
    const compareValues = async (question: Question): Promise<Comparison> => {
      const answers = await this.askBoth(question);
      return { answers, found: difference(...answers, toleranceFor(question.text)) };
    };
    const known = await excuseFor(asked, comparison, compareValues);
    if (known !== undefined) return known;
    if ((await mayHaveTies(this.there, asked)) && (await compareValues({ ...asked, text: takingAll(asked.text) })).found === undefined) {
      return TIES;
    }
    const atSeconds = /\bat ([\d.]+)\b/.exec(found)?.[1];
    return this.fresh.excuseFor(asked, atSeconds === undefined ? undefined : Number(atSeconds), async (question, reference) => {
      const afresh = this.compared(question, [reference, await ask(this.here, question, this.options.stats)]);
      return afresh.found === undefined || (await excuseFor(question, afresh, compareValues)) !== undefined;
    });
  }

  private async compare(question: Question): Promise<Comparison> {
    return this.compared(question, await this.askBoth(question));
  }

  private compared(question: Question, answers: readonly [Answer, Answer]): Comparison {
    return { answers, found: disagreement(question, ...answers, this.options) };
  }

  private askBoth(asked: Question): Promise<[Answer, Answer]> {
    return Promise.all([ask(this.there, asked, this.options.stats), ask(this.here, asked, this.options.stats)]);
  }
}

function disagreement(asked: Question, there: Answer, here: Answer, options: RunOptions): string | undefined {
  return difference(there, here, toleranceFor(asked.text))
    ?? orderDifference(asked, there, here)
    ?? (options.notes === true ? noteDifference(asked, there, here) : undefined)
    ?? (options.stats === true ? statsDifference(asked, there, here) : undefined);
}

function makeQuestion(text: string, random: Random, endMs: number): Question {
  const startMs = endMs - random.int(MINUTES * 60) * 1000 - (random.chance(0.3) ? random.int(1000) : 0);
  if (random.chance(0.5)) return { text, startMs, endMs: startMs, stepMs: 0 };
  // One in fifty ends before it begins, which both refuse.
  const spanMs = random.chance(0.02) ? -60_000 : random.int(20) * 60_000 + (random.chance(0.2) ? random.int(60_000) : 0);
  return { text, startMs, endMs: startMs + spanMs, stepMs: random.pick(STEPS_MS) };
}

/** Times are told from the end of the data, which is another one in each run. */
function describe({ text, startMs, endMs, stepMs }: Question, dataEndMs: number): string {
  const from = (startMs - dataEndMs) / 1000;
  return stepMs === 0 ? `${text}  at ${from} s` : `${text}  from ${from} s to ${(endMs - dataEndMs) / 1000} s step ${stepMs / 1000} s`;
}
