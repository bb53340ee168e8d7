/**
 * Our parser against two others' idea of the language: the queries of upstream's own test scripts (if they are
 * there, see `corpus`) and the grammar of the browser editor. The editor's grammar knows no types and is a little
 * behind: the differences are written down below, each with an example that shows it.
 */
import { parser as lezer } from '@prometheus-io/lezer-promql';
import fc from 'fast-check';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Expr } from '../../../src/promql/parser/ast.js';
import { formatExpr } from '../../../src/promql/parser/format.js';
import { ParseError, type ParseOptions, parseExpr } from '../../../src/promql/parser/parse.js';
import { printExpr } from '../../../src/promql/parser/print.js';
import { treeText } from './tree-text.js';

const ALL: ParseOptions = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true };

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const own = readFileSync(here('testdata/queries.txt'), 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
/** Upstream's test scripts are not part of this repository. */
const corpusDirectory = here('../../../../shared/conformance/promql/');
const corpus = existsSync(corpusDirectory) ? readCorpus(corpusDirectory) : [];

function readCorpus(directory: string): string[] {
  const queries = new Set<string>();
  for (const file of readdirSync(directory)) {
    if (!file.endsWith('.test')) continue;
    for (const line of readFileSync(directory + file, 'utf8').split('\n')) {
      const query = /^\s*eval(?:_\w+)?\s+(?:instant at \S+|range from \S+ to \S+ step \S+)\s+(.*)$/.exec(line)?.[1];
      if (query !== undefined) queries.add(query.trim());
    }
  }
  return [...queries];
}

interface Difference {
  readonly pattern: RegExp;
  readonly reason: string;
  /** Shows that the difference is still there. */
  readonly example: string;
}

/** Texts that the editor's grammar refuses and the server accepts. */
const EDITOR_REFUSES: readonly Difference[] = [
  { pattern: /\b(STEP|RANGE)\(\)/, reason: 'its words inside durations must be in lower case', example: 'foo[STEP()]' },
  { pattern: /^(min|max)_of\(/, reason: 'it knows min_of and max_of only inside durations', example: 'min_of(1, 2)' },
  { pattern: /\d\.(?!\d)/, reason: 'its numbers do not end in a point', example: '5. + 1' },
  { pattern: /(^|[-+*/^%=<>(,)]|\w )\s*offset/, reason: 'offset cannot be the name of a metric there', example: 'sum(offset)' },
  {
    pattern: /\b(by|without|on|ignoring|group_left|group_right)\s*\([^()]*:/,
    reason: 'labels of its clauses have no colons', example: 'sum by (a:b) (foo)',
  },
];

/** Mistakes that the editor's grammar cannot see, by our message. Everything else that we refuse, it must refuse too. */
const EDITOR_ACCEPTS: readonly Difference[] = [
  { pattern: /expected type/, reason: 'it knows no types', example: 'rate(foo)' },
  { pattern: /must contain only scalar and instant vector types/, reason: 'it knows no types', example: 'foo[5m] + 1' },
  { pattern: /unary expression only allowed/, reason: 'it knows no types', example: '-"a"' },
  { pattern: /ranges only allowed for vector selectors/, reason: 'it knows no types', example: '(foo)[5m]' },
  { pattern: /subquery is only allowed on instant vector/, reason: 'it knows no types', example: 'foo[5m][5m:1m]' },
  { pattern: /modifier must be preceded by/, reason: 'it knows no types', example: 'sum(foo) offset 5m' },
  { pattern: /set operator .* not allowed in binary scalar expression/, reason: 'it knows no types', example: 'foo and 1' },
  { pattern: /comparisons between scalars must use BOOL/, reason: 'it knows no types', example: '1 == 1' },
  { pattern: /vector matching only allowed between instant vectors/, reason: 'it knows no types', example: 'foo + on(a) 1' },
  { pattern: /bool modifier can only be used on comparison/, reason: 'it takes modifiers with all operators', example: 'foo + bool bar' },
  { pattern: /no grouping allowed for/, reason: 'it takes modifiers with all operators', example: 'foo and on(a) group_left bar' },
  { pattern: /filling in missing series not allowed/, reason: 'it takes modifiers with all operators', example: 'foo and fill(1) bar' },
  { pattern: /expected (at least |at most )?\d+ argument/, reason: 'it does not count arguments', example: 'rate()' },
  { pattern: /wrong number of arguments/, reason: 'it does not count arguments', example: 'topk(foo)' },
  { pattern: /no arguments for aggregate/, reason: 'it does not count arguments', example: 'sum()' },
  { pattern: /expected label selectors only/, reason: 'it takes any vector there', example: 'info(foo, bar)' },
  { pattern: /multiple times/, reason: 'it takes modifiers again and again', example: 'foo offset 5m offset 5m' },
  { pattern: /cannot be used together/, reason: 'it takes modifiers together', example: 'foo anchored smoothed' },
  { pattern: /(anchored|smoothed) modifier (not implemented|is not supported)/, reason: 'it takes modifiers everywhere', example: '5 anchored' },
  { pattern: /unexpected <op:[-+]> in offset/, reason: 'its offsets have any number of signs', example: 'a offset+ -(step() * 2)' },
  { pattern: /bad number or duration syntax/, reason: 'it needs no space between a number and a word', example: '1and foo' },
  { pattern: /no (offset|@) modifiers allowed before range/, reason: 'it takes modifiers everywhere', example: 'foo offset 5m [5m]' },
  { pattern: /must not occur in ON and GROUP/, reason: 'it does not compare names', example: 'foo + on(a) group_left(a) bar' },
  { pattern: /must not be set twice/, reason: 'it does not compare names', example: 'foo{__name__="bar"}' },
  { pattern: /at least one non-empty matcher/, reason: 'it does not evaluate matchers', example: '{a=""}' },
  { pattern: /error parsing regexp/, reason: 'it does not look into strings', example: 'foo{a=~"("}' },
  { pattern: /invalid label name/, reason: 'it does not look into strings', example: 'sum by ("") (foo)' },
  { pattern: /escape sequence/, reason: 'it does not look into strings', example: '"\\q"' },
  { pattern: /unterminated/, reason: 'it lets a string end with the text', example: '"abc' },
  { pattern: /error parsing number/, reason: 'it does not compute numbers', example: '1e999' },
  { pattern: /duration out of range/, reason: 'it does not compute durations', example: 'foo[1000y]' },
  { pattern: /duration must be greater than 0/, reason: 'it does not compute durations', example: 'foo[0]' },
  { pattern: /(division|modulo) by zero/, reason: 'it does not compute durations', example: 'foo[5m / 0]' },
];

const isListed = (list: readonly Difference[], text: string): boolean => list.some(({ pattern }) => pattern.test(text));

function lezerAccepts(text: string): boolean {
  let accepted = true;
  lezer.parse(text).iterate({
    enter: (node) => {
      if (node.type.isError) accepted = false;
    },
  });
  return accepted;
}

function parseOrError(text: string): Expr | ParseError {
  try {
    return parseExpr(text, ALL);
  } catch (error) {
    if (error instanceof ParseError) return error;
    throw error;
  }
}

const corpusName = corpus.length > 0 ? "upstream's test scripts" : "upstream's test scripts (not here: ../shared/conformance/promql)";

describe.each([['our queries', own], [corpusName, corpus]])('%s', (_, queries) => {
  it.skipIf(queries.length === 0)('are all accepted', () => {
    const refused = queries.map((text) => [text, parseOrError(text)] as const).filter(([, result]) => result instanceof ParseError);
    expect(refused).toEqual([]);
  });

  it.skipIf(queries.length === 0)('print and format to text with the same tree', () => {
    for (const text of queries) {
      const expr = parseExpr(text, ALL);
      const printed = printExpr(expr);
      expect(printExpr(parseExpr(printed, ALL)), text).toBe(printed);
      expect(printExpr(parseExpr(formatExpr(expr), ALL)), text).toBe(printed);
    }
  });

  it.skipIf(queries.length === 0)('are accepted by the grammar of the editor, but for known differences', () => {
    const surprises = queries.filter((text) => !lezerAccepts(text) && !isListed(EDITOR_REFUSES, text));
    expect(surprises).toEqual([]);
  });
});

describe('the written differences are still there', () => {
  it.each(EDITOR_REFUSES)('only we accept $example: $reason', ({ pattern, example }) => {
    expect(example).toMatch(pattern);
    expect(lezerAccepts(example)).toBe(false);
    expect(parseOrError(example)).not.toBeInstanceOf(ParseError);
  });

  it.each(EDITOR_ACCEPTS)('only it accepts $example: $reason', ({ pattern, example }) => {
    expect(lezerAccepts(example)).toBe(true);
    expect((parseOrError(example) as ParseError).message).toMatch(pattern);
  });
});

describe('mutilated queries', () => {
  const piece = fc.constantFrom(
    '(', ')', '[', ']', '{', '}', ',', '+', '-', '^', '==', '=~', '=', 'and', 'by', 'on', 'offset', 'bool', '@', '5m', '5', '"a"', 'foo', ':', 'sum',
    'group_left', '"', '`', '#', '!', '<', 'é', '\\', '.', '\n', 'step', 'fill', 'anchored',
  );
  const edit = fc.tuple(fc.nat(), fc.nat(2), piece);
  const mutilated = (queries: readonly string[]) => fc.tuple(fc.constantFrom(...queries), fc.array(edit, { minLength: 1, maxLength: 3 })).map(([query, edits]) => {
    const tokens = query.match(/\w+|\s+|[^\w\s]/gu)!;
    for (const [place, drop, insert] of edits) tokens.splice(place % (tokens.length + 1), drop, insert);
    return tokens.join('');
  });

  it('are refused with a place in the text, or have a tree that survives printing', () => {
    fc.assert(
      fc.property(mutilated([...own, ...corpus]), (text) => {
        const result = parseOrError(text);
        if (result instanceof ParseError) {
          expect(result.message).toMatch(/^(\d+:\d+|unknown position): parse error: \S/);
          expect(result.pos.start).toBeLessThanOrEqual(text.length);
        } else {
          const again = parseExpr(printExpr(result), ALL);
          expect(printExpr(again)).toBe(printExpr(result));
          expect(treeText(parseExpr(formatExpr(result), ALL))).toBe(treeText(again));
        }
      }),
      { numRuns: 2000 },
    );
  });

  it('are judged by the grammar of the editor as by us', () => {
    const disagreements = fc.sample(mutilated(own), { numRuns: 4000, seed: 1 }).filter((text) => {
      const result = parseOrError(text);
      if (result instanceof ParseError) return lezerAccepts(text) && !isListed(EDITOR_ACCEPTS, result.message);
      return !lezerAccepts(text) && !isListed(EDITOR_REFUSES, text);
    });
    expect(disagreements).toEqual([]);
  });
});
