/** One differential run: the same data into a real Prometheus and into narthex, the same random questions to both. */
import { type Answer, ask, difference, noteDifference, orderDifference, type Question, sizeOf, statsDifference } from './answers.js';
import { ExpressionMaker } from './expressions.js';
import { makeFleet } from './fleet.js';
import { excuseFor, toleranceFor } from './known-differences.js';
import { Random } from './random.js';
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
  readonly onFailure?: (failure: string) => void;
}

const MINUTES = 40;
/** The last are longer than most ranges of the questions, and than the questions. */
const STEPS_MS = [7_000, 15_000, 30_000, 60_000, 15_000, 30_000, 333_000, 3_600_000];

/** @throws Error if a server does not start or refuses the data */
export async function runDifferential(options: RunOptions): Promise<RunReport> {
  const random = new Random(options.seed);
  const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
  const fleet = makeFleet(random, endMs, MINUTES);
  const servers: TestServer[] = [];
  const tally = new Tally(options.onFailure);
  try {
    servers.push(await TestServer.prometheus(options.prometheus), await TestServer.narthex());
    for (const { base } of servers) await writeFleet(base, options.write, fleet);
    const [there, here] = [servers[0]!, servers[1]!];
    for (const place of options.places) {
      if (place === 'blocks') await here.flush();
      await question(there.base, here.base, random, endMs, options, tally);
    }
  } finally {
    for (const server of servers) await server.remove();
  }
  return tally.report();
}

async function question(there: string, here: string, random: Random, endMs: number, options: RunOptions, tally: Tally): Promise<void> {
  const maker = new ExpressionMaker(random, endMs);
  const askBoth = (asked: Question): Promise<[Answer, Answer]> =>
    Promise.all([ask(there, asked, options.stats), ask(here, asked, options.stats)]);
  const agrees = async (asked: Question): Promise<boolean> => difference(...(await askBoth(asked)), toleranceFor(asked.text)) === undefined;
  for (let i = 0; i < options.queries; i++) {
    const asked = makeQuestion(maker.expression(), random, endMs);
    const [reference, ours] = await askBoth(asked);
    const found = disagreement(asked, reference, ours, options);
    if (found === undefined) tally.equal(sizeOf(reference) > 0, reference.status === 'error');
    else {
      const excuse = (await excuseFor(asked, found, [reference, ours], agrees)) ?? ((await mayHaveTies(there, asked)) ? TIES : undefined);
      if (excuse === undefined) tally.failed(`${describe(asked, endMs)}\n  ${found}`);
      else tally.excused(excuse, sizeOf(reference) > 0);
    }
  }
}

function disagreement(asked: Question, there: Answer, here: Answer, options: RunOptions): string | undefined {
  return difference(there, here, toleranceFor(asked.text))
    ?? orderDifference(asked, there, here)
    ?? (options.notes === true ? noteDifference(asked, there, here) : undefined)
    ?? (options.stats === true ? statsDifference(there, here) : undefined);
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
