/** Texts that are nearly PromQL, to `/format_query` and `/parse_query` of a real Prometheus and of narthex. */
import { isDeepStrictEqual } from 'node:util';
import { ExpressionMaker } from './expressions.js';
import { parseExcuseFor } from './known-differences.js';
import { TextMaker } from './mutations.js';
import { Random } from './random.js';
import type { RunOptions, RunReport } from './run.js';
import { TestServer } from './servers.js';

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
  const maker = new TextMaker(random, new ExpressionMaker(random));
  const servers: TestServer[] = [];
  const excused = new Map<string, number>();
  const failures: string[] = [];
  let answered = 0;
  let refused = 0;
  try {
    servers.push(await TestServer.prometheus(options.prometheus), await TestServer.narthex());
    const [there, here] = [servers[0]!.base, servers[1]!.base];
    for (let i = 0; i < options.queries; i++) {
      const text = maker.text();
      const [reference, ours] = await Promise.all([ask(there, 'format_query', text), ask(here, 'format_query', text)]);
      let found = differenceOf(reference, ours);
      if (reference.status === 'success') answered++;
      else if (ours.status !== 'success') refused++;
      if (found === undefined && reference.status === 'success') {
        const [tree, ourTree] = await Promise.all([ask(there, 'parse_query', text), ask(here, 'parse_query', text)]);
        if (!isDeepStrictEqual(tree, asIn35(ourTree))) found = `tree there ${JSON.stringify(tree)}\n  tree here ${JSON.stringify(ourTree)}`;
      }
      if (found === undefined) continue;
      const excuse = parseExcuseFor(text, found);
      if (excuse !== undefined) {
        excused.set(excuse, (excused.get(excuse) ?? 0) + 1);
        continue;
      }
      const failure = `${JSON.stringify(text)}\n  ${found}`;
      failures.push(failure);
      options.onFailure?.(failure);
    }
  } finally {
    for (const server of servers) await server.remove();
  }
  return { asked: options.queries, answered, refused, excused, failures };
}

/** Fields of tree nodes that came after 3.5. */
const NEW_FIELDS: ReadonlySet<string> = new Set(['anchored', 'smoothed', 'offsetExpr', 'rangeExpr', 'stepExpr', 'fillValues']);

function asIn35(answer: ParseAnswer): ParseAnswer {
  const text = JSON.stringify(answer, (key: string, value: unknown) => (NEW_FIELDS.has(key) ? undefined : value));
  return JSON.parse(text) as ParseAnswer;
}

/** 3.5 shows the number of a token that has no text, before its kind; and it had no `step()` and `range()` to expect. */
function reworded(error: string): string {
  return error
    .replace(/"<Item \d+>" (?=<)/, '')
    .replace(/in subquery selector, expected/, 'in subquery or range selector, expected')
    .replace(/expected number or duration or "]"$/, 'expected number, duration, step(), range(), or "]"')
    .replace(/expected number or duration$/, 'expected number, duration, step(), or range()');
}

async function ask(base: string, endpoint: string, query: string): Promise<ParseAnswer> {
  const response = await fetch(`${base}/api/v1/${endpoint}`, { method: 'POST', body: new URLSearchParams({ query }) });
  return (await response.json()) as ParseAnswer;
}

function differenceOf(there: ParseAnswer, here: ParseAnswer): string | undefined {
  const say = ({ status, data, error }: ParseAnswer): string =>
    status === 'success' ? `accepted ${JSON.stringify(data)}` : `refused ${reworded(error ?? '')}`;
  const [a, b] = [say(there), say(here)];
  return a === b ? undefined : `there ${a}\n  here  ${b}`;
}
