/**
 * Our parser against two others' idea of the language: the queries of upstream's own test scripts (if they are
 * there, see `corpus`) and the grammar of the browser editor. The editor's grammar knows no types and is a little
 * behind: the differences are written down below.
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

/** What the editor's grammar refuses and the server accepts. */
const EDITOR_REFUSES: readonly { readonly pattern: RegExp; readonly reason: string }[] = [
  { pattern: /\bSTEP\(\)/, reason: 'its words inside durations must be in lower case' },
  { pattern: /^(min|max)_of\(/, reason: 'it knows min_of and max_of only inside durations' },
  { pattern: /\d\.(?!\d)/, reason: 'its numbers do not end in a point' },
  { pattern: /(^|[-+*/^%=<>(,)]|\w )\s*offset/, reason: 'offset cannot be the name of a metric there' },
];

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
    const surprises = queries.filter((text) => !lezerAccepts(text) && !EDITOR_REFUSES.some(({ pattern }) => pattern.test(text)));
    expect(surprises).toEqual([]);
  });
});

/** Mistakes that the editor's grammar cannot see. Everything else that we refuse, it must refuse too. */
const NOT_SYNTAX = [
  /expected (type|at least|at most|\d+ argument|label selectors)/, /must (use|not|be|contain|only)/, /only allowed|not allowed|can only be used|no (offset|@|arguments|grouping)/,
  /multiple times|cannot be used together|not supported|not implemented|wrong number of arguments/, /invalid label name|error parsing|out of (range|bounds)|division by zero/,
  /unterminated|escape sequence|invalid UTF-8|unknown unit|not a valid duration|expected label$|colon before duration/,
  // It needs no space between a number and a word.
  /bad number or duration syntax/,
];

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
    const disagreements = fc.sample(mutilated(own), { numRuns: 2000, seed: 1 }).filter((text) => {
      const result = parseOrError(text);
      if (result instanceof ParseError) return lezerAccepts(text) && !NOT_SYNTAX.some((pattern) => pattern.test(result.message));
      return !lezerAccepts(text) && !EDITOR_REFUSES.some(({ pattern }) => pattern.test(text));
    });
    expect(disagreements).toEqual([]);
  });
});
