/** Texts that are nearly PromQL, to `/format_query` and `/parse_query` of a real Prometheus and of narthex. */
import { isDeepStrictEqual } from 'node:util';
import { rewordedError } from './answers.js';
import { ExpressionMaker } from './expressions.js';
import { parseExcuseFor } from './known-differences.js';
import { TextMaker } from './mutations.js';
import { Random } from './random.js';
import type { RunOptions } from './run.js';
import { TestServer } from './servers.js';
import { type RunReport, Tally } from './tally.js';

/** Any time: nothing is evaluated. */
const TIMES_NEAR_MS = 1_700_000_000_000;

interface ParseAnswer {
  readonly status: string;
  readonly error?: string;
  readonly data?: unknown;
}

/**
 * Accepted or refused, the formatted text, the tree and the error with its place must be the same.
 * @throws Error if a server does not start
 */
export async function runParseDifferential(options: RunOptions): Promise<RunReport> {
  const random = new Random(options.seed);
  const maker = new TextMaker(random, new ExpressionMaker(random, TIMES_NEAR_MS));
  const servers: TestServer[] = [];
  const tally = new Tally(options.onFailure, options.onExcuse);
  try {
    servers.push(await TestServer.prometheus(options.prometheus), await TestServer.narthex());
    const [there, here] = [servers[0]!.base, servers[1]!.base];
    for (let i = 0; i < options.queries; i++) {
      const text = maker.text();
      const [reference, ours] = await Promise.all([ask(there, 'format_query', text), ask(here, 'format_query', text)]);
      let found = differenceOf(reference, ours);
      if (found === undefined && reference.status === 'success') {
        const [tree, ourTree] = await Promise.all([ask(there, 'parse_query', text), ask(here, 'parse_query', text)]);
        if (!isDeepStrictEqual(tree, asIn35(ourTree))) found = `tree there ${JSON.stringify(tree)}\n  tree here ${JSON.stringify(ourTree)}`;
      }
      const accepted = reference.status === 'success';
      const excuse = found === undefined ? undefined : parseExcuseFor(text, found);
      if (found === undefined) tally.equal(accepted, !accepted);
      else if (excuse !== undefined) tally.excused(excuse, accepted, `${JSON.stringify(text)}\n  ${found}`);
      else tally.failed(`${JSON.stringify(text)}\n  ${found}`);
    }
  } finally {
    for (const server of servers) await server.remove();
  }
  return tally.report();
}

/** Fields of tree nodes that came after 3.5. */
const NEW_FIELDS: ReadonlySet<string> = new Set(['anchored', 'smoothed', 'offsetExpr', 'rangeExpr', 'stepExpr', 'fillValues']);

function asIn35(answer: ParseAnswer): ParseAnswer {
  const text = JSON.stringify(answer, (key: string, value: unknown) => (NEW_FIELDS.has(key) ? undefined : value));
  return JSON.parse(text) as ParseAnswer;
}

async function ask(base: string, endpoint: string, query: string): Promise<ParseAnswer> {
  const response = await fetch(`${base}/api/v1/${endpoint}`, { method: 'POST', body: new URLSearchParams({ query }) });
  return (await response.json()) as ParseAnswer;
}

function differenceOf(there: ParseAnswer, here: ParseAnswer): string | undefined {
  const say = ({ status, data, error }: ParseAnswer): string =>
    status === 'success' ? `accepted ${JSON.stringify(data)}` : `refused ${rewordedError(error ?? '')}`;
  const [a, b] = [say(there), say(here)];
  return a === b ? undefined : `there ${a}\n  here  ${b}`;
}
