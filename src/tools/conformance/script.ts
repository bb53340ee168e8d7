/** Reads a test script in upstream's language into commands. The language is described in the room's README. */
import type { Labels } from '../../model/labels.js';
import { NotationError, type Point, parseDurationMs, parseNumber, parsePoints, parseStartTimes, splitSeriesLine } from './notation.js';

export type Command = LoadCommand | EvalCommand | { readonly kind: 'clear'; readonly line: number };

export interface LoadCommand {
  readonly kind: 'load';
  readonly line: number;
  readonly stepMs: number;
  /** Classic bucket series also make native histograms with custom buckets. */
  readonly withNhcb: boolean;
  readonly series: readonly LoadedSeries[];
}

export interface LoadedSeries {
  readonly labels: Labels;
  readonly points: readonly Point[];
  /** By point, relative to its time; undefined = unknown. */
  readonly startTimes: readonly (number | undefined)[];
}

export interface TextPattern {
  readonly kind: 'any' | 'exact' | 'regex';
  readonly text: string;
}

export interface EvalCommand {
  readonly kind: 'eval';
  readonly line: number;
  readonly query: string;
  /** Instant: startMs === endMs and stepMs 0. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly fail: TextPattern | undefined;
  readonly warn: readonly TextPattern[];
  readonly info: readonly TextPattern[];
  readonly noWarn: boolean;
  readonly noInfo: boolean;
  readonly ordered: boolean;
  readonly expectedString: string | undefined;
  readonly expectedScalar: number | undefined;
  /** The steps that the points of `expected` stand for, if an instant query is to give a matrix. */
  readonly rangeVector: { readonly startMs: number; readonly endMs: number; readonly stepMs: number } | undefined;
  readonly expected: readonly { readonly labels: Labels; readonly points: readonly Point[] }[];
}

export class ScriptError extends Error {
  override name = 'ScriptError';
  constructor(message: string, readonly line: number, options?: ErrorOptions) {
    super(`line ${line}: ${message}`, options);
  }
}

const LOAD = /^load(_with_nhcb)?\s+(\S+)$/;
const EVAL_INSTANT = /^eval(?:_(fail|warn|info|ordered))?\s+instant\s+(?:at\s+(\S+)\s+)?(.+)$/;
const EVAL_RANGE = /^eval(?:_(fail|warn|info|ordered))?\s+range\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+?)\s+(.+)$/;
const RANGE_VECTOR = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/;
const EXPECT = /^expect\s+(fail|warn|info)(?:\s+(msg|regex):\s*(.*))?$/;

/** @throws ScriptError with the line */
export function parseScript(text: string): Command[] {
  // A comment ends a block, as an empty line does.
  const lines = text.split('\n').map((line) => (line.trim().startsWith('#') ? '' : line.trim()));
  const commands: Command[] = [];
  for (let i = 0; i < lines.length; ) {
    const line = lines[i]!;
    if (line === '') {
      i++;
      continue;
    }
    const block: string[] = [];
    let end = i + 1;
    while (end < lines.length && lines[end] !== '' && !startsCommand(lines[end]!)) block.push(lines[end++]!);
    try {
      commands.push(parseCommand(line, block, i + 1));
    } catch (error) {
      if (!(error instanceof NotationError)) throw error;
      throw new ScriptError(error.message, i + 1, { cause: error });
    }
    i = end;
  }
  return commands;
}

function startsCommand(line: string): boolean {
  return line === 'clear' || LOAD.test(line) || EVAL_INSTANT.test(line) || EVAL_RANGE.test(line);
}

function parseCommand(line: string, block: readonly string[], number: number): Command {
  if (line === 'clear') return { kind: 'clear', line: number };
  const load = LOAD.exec(line);
  if (load !== null) {
    return { kind: 'load', line: number, stepMs: parseDurationMs(load[2]!), withNhcb: load[1] !== undefined, series: parseLoad(block) };
  }
  const range = EVAL_RANGE.exec(line);
  if (range !== null) {
    const [, old, from, to, step, query] = range;
    const times = { startMs: parseDurationMs(from!), endMs: parseDurationMs(to!), stepMs: parseDurationMs(step!) };
    return parseEval(query!, times, old, block, number);
  }
  const instant = EVAL_INSTANT.exec(line);
  if (instant !== null) {
    const [, old, at, query] = instant;
    const timeMs = at === undefined ? 0 : parseDurationMs(at);
    return parseEval(query!, { startMs: timeMs, endMs: timeMs, stepMs: 0 }, old, block, number);
  }
  throw new ScriptError(`unknown command: ${line}`, number);
}

function parseLoad(block: readonly string[]): LoadedSeries[] {
  const byKey = new Map<string, { labels: Labels; points: Point[]; startTimes: (number | undefined)[] }>();
  for (const line of block) {
    const { labels, startTimes, points } = splitSeriesLine(line);
    let entry = byKey.get(labels.key());
    if (entry === undefined) {
      entry = { labels, points: [], startTimes: [] };
      byKey.set(labels.key(), entry);
    }
    // Of a series that is given twice the last line counts.
    if (startTimes) entry.startTimes = parseStartTimes(points);
    else entry.points = parsePoints(points);
  }
  return [...byKey.values()];
}

interface Expectations {
  fail: TextPattern | undefined;
  warn: TextPattern[];
  info: TextPattern[];
  noWarn: boolean;
  noInfo: boolean;
  ordered: boolean;
  expectedString: string | undefined;
  expectedScalar: number | undefined;
  rangeVector: EvalCommand['rangeVector'];
  expected: { labels: Labels; points: Point[] }[];
}

const ANY: TextPattern = { kind: 'any', text: '' };

function parseEval(
  query: string, times: { startMs: number; endMs: number; stepMs: number }, old: string | undefined, block: readonly string[], line: number,
): EvalCommand {
  const out: Expectations = {
    fail: old === 'fail' ? ANY : undefined,
    warn: old === 'warn' ? [ANY] : [],
    info: old === 'info' ? [ANY] : [],
    noWarn: false, noInfo: false, ordered: old === 'ordered',
    expectedString: undefined, expectedScalar: undefined, rangeVector: undefined, expected: [],
  };
  for (const text of block) parseExpectation(text, out);
  return { kind: 'eval', line, query, ...times, ...out };
}

function parseExpectation(text: string, out: Expectations): void {
  const pattern = EXPECT.exec(text);
  const rangeVector = RANGE_VECTOR.exec(text);
  const oldMessage = /^expected_fail_(message|regexp)\s+(.*)$/.exec(text);
  if (pattern !== null) {
    const [, what, how, message] = pattern;
    const wanted: TextPattern = how === undefined ? ANY : { kind: how === 'msg' ? 'exact' : 'regex', text: message!.trim() };
    if (what === 'fail') out.fail = wanted;
    else out[what as 'warn' | 'info'].push(wanted);
  } else if (oldMessage !== null) {
    out.fail = { kind: oldMessage[1] === 'message' ? 'exact' : 'regex', text: oldMessage[2]! };
  } else if (rangeVector !== null) {
    const [, from, to, step] = rangeVector;
    out.rangeVector = { startMs: parseDurationMs(from!), endMs: parseDurationMs(to!), stepMs: parseDurationMs(step!) };
  } else if (/^expect\s+no_warn$/.test(text)) out.noWarn = true;
  else if (/^expect\s+no_info$/.test(text)) out.noInfo = true;
  else if (/^expect\s+ordered$/.test(text)) out.ordered = true;
  else if (/^expect\s+string\s/.test(text)) out.expectedString = unquote(text.replace(/^expect\s+string\s+/, ''));
  else if (isNumber(text)) out.expectedScalar = parseNumber(text);
  else {
    const { labels, points } = splitSeriesLine(text);
    out.expected.push({ labels, points: parsePoints(points) });
  }
}

function isNumber(text: string): boolean {
  try {
    parseNumber(text);
    return true;
  } catch {
    // Not a number: it is a series.
    return false;
  }
}

function unquote(text: string): string {
  const body = text.slice(1, -1);
  return text.startsWith('`') ? body : body.replace(/\\(.)/g, (_, char: string) => ({ n: '\n', t: '\t' })[char] ?? char);
}
