/** One differential run: the same data into a real Prometheus and into narthex, the same random questions to both. */
import { ask, difference, noteDifference, type Question, sizeOf, statsDifference } from './answers.js';
import { ExpressionMaker } from './expressions.js';
import { makeFleet } from './fleet.js';
import { excuseFor, toleranceFor } from './known-differences.js';
import { Random } from './random.js';
import { TestServer } from './servers.js';
import { mayHaveTies, TIES } from './ties.js';
import { type WriteVersion, writeFleet } from './write.js';

export interface RunOptions {
  /** Path of a Prometheus. */
  readonly prometheus: string;
  readonly queries: number;
  readonly seed: number;
  readonly write: WriteVersion;
  /** Compare the numbers of samples looked at, too. */
  readonly stats?: boolean;
  /** Compare warnings and infos, too. Not all of their texts and places in 3.5 are those of 3.14. */
  readonly notes?: boolean;
  readonly onFailure?: (failure: string) => void;
}

export interface RunReport {
  readonly asked: number;
  /** Questions with a result that is not empty: only these prove something. */
  readonly answered: number;
  /** Questions that both refused. */
  readonly refused: number;
  /** By excuse: disagreements that upstream leaves undefined, or that its later versions do not have. */
  readonly excused: ReadonlyMap<string, number>;
  readonly failures: readonly string[];
}

const MINUTES = 40;
const STEPS_MS = [7_000, 15_000, 30_000, 60_000];

/** @throws Error if a server does not start or refuses the data */
export async function runDifferential(options: RunOptions): Promise<RunReport> {
  const random = new Random(options.seed);
  const endMs = Math.floor(Date.now() / 60_000) * 60_000 - 60_000;
  const fleet = makeFleet(random, endMs, MINUTES);
  const servers: TestServer[] = [];
  try {
    servers.push(await TestServer.prometheus(options.prometheus), await TestServer.narthex());
    for (const { base } of servers) await writeFleet(base, options.write, fleet);
    return await question(servers[0]!.base, servers[1]!.base, random, endMs, options);
  } finally {
    for (const server of servers) await server.remove();
  }
}

async function question(there: string, here: string, random: Random, endMs: number, options: RunOptions): Promise<RunReport> {
  const maker = new ExpressionMaker(random);
  const excused = new Map<string, number>();
  const failures: string[] = [];
  let answered = 0;
  let refused = 0;
  for (let i = 0; i < options.queries; i++) {
    const asked = makeQuestion(maker.expression(), random, endMs);
    const [reference, ours] = await Promise.all([ask(there, asked, options.stats), ask(here, asked, options.stats)]);
    if (sizeOf(reference) > 0) answered++;
    if (reference.status === 'error' && ours.status === 'error') refused++;
    const found = difference(reference, ours, toleranceFor(asked.text))
      ?? (options.notes === true ? noteDifference(reference, ours) : undefined)
      ?? (options.stats === true ? statsDifference(reference, ours) : undefined);
    if (found === undefined) continue;
    const excuse = excuseFor(asked.text, found) ?? ((await mayHaveTies(there, asked)) ? TIES : undefined);
    if (excuse !== undefined) {
      excused.set(excuse, (excused.get(excuse) ?? 0) + 1);
      continue;
    }
    const failure = `${describe(asked, endMs)}\n  ${found}`;
    failures.push(failure);
    options.onFailure?.(failure);
  }
  return { asked: options.queries, answered, refused, excused, failures };
}

function makeQuestion(text: string, random: Random, endMs: number): Question {
  const startMs = endMs - random.int(MINUTES * 60) * 1000 - (random.chance(0.3) ? random.int(1000) : 0);
  if (random.chance(0.5)) return { text, startMs, endMs: startMs, stepMs: 0 };
  return { text, startMs, endMs: startMs + random.int(20) * 60_000, stepMs: random.pick(STEPS_MS) };
}

/** Times are told from the end of the data, which is another one in each run. */
function describe({ text, startMs, endMs, stepMs }: Question, dataEndMs: number): string {
  const from = (startMs - dataEndMs) / 1000;
  return stepMs === 0 ? `${text}  at ${from} s` : `${text}  from ${from} s to ${(endMs - dataEndMs) / 1000} s step ${stepMs / 1000} s`;
}
