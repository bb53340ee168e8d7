/** Disagreements that are no mistake here: what upstream leaves undefined, and what changed between 3.5 and 3.14. */

import { type Answer, haveNearLabels, type Question } from './answers.js';
import { notCountingValues, takingAll } from './rewrite.js';

interface KnownDifference {
  readonly excuse: string;
  readonly text: RegExp;
  readonly found: RegExp;
  /** What must be true of the answers besides. */
  readonly holds?: (there: Answer, here: Answer) => boolean;
  /** The question without the difference: it is excused only if the answers to this one agree. */
  readonly without?: (text: string) => string;
}

/** Variances of large numbers: the order in which storage gives the series shows. */
const ORDER_MATTERS = /\b(stddev|stdvar)\b/;

/** What can go wrong while a query is evaluated; a query may have several at once. */
const EXECUTION_ERRORS = [
  /^vector cannot contain metrics with the same labelset$/, /^found duplicate series for the match group .* on the right/,
  /^found duplicate series for the match group .* on the left/,
  /^multiple matches for labels: many-to-one matching must be explicit/, /^multiple matches for labels: grouping labels must ensure unique/,
  /^(Parameter|Ratio) value( NaN)? is NaN$/, /^Scalar value \S+ (over|under)flows int64$/, /^invalid (smoothing|trend) factor/,
];

const ANY_HISTOGRAM = String.raw`\b(latency|steady|sizes|mixed|signed|gauged|zooming|bucketed|lat\.)`;
/** Metrics whose histograms do not have the same buckets from sample to sample. */
const CHANGING_BUCKETS = /\b(latency|mixed|signed|zooming|bucketed|lat\.)/;

/** True if Prometheus looked at as many samples or more at every step. */
function thereIsMore(there: Answer, here: Answer): boolean {
  const [a, b] = [there, here].map((answer) => answer.data?.stats?.samples.totalQueryableSamplesPerStep ?? []);
  return a!.length === b!.length && a!.every(([time, count], i) => time === b![i]![0] && count >= b![i]![1]);
}

const KNOWN: readonly KnownDifference[] = [
  {
    excuse: "Prometheus' chunks give a histogram the empty buckets of later samples, which count",
    text: CHANGING_BUCKETS, found: /^stats: /, holds: thereIsMore,
  },
  {
    // Equal samples differ for it where one of them has empty buckets that the other has not. Their sums agree.
    excuse: "Prometheus' chunks give a histogram the empty buckets of later samples, which is a change",
    text: new RegExp(String.raw`\bchanges\(.*${CHANGING_BUCKETS.source}`), found: /: at [\d.]+ there "\d+", here "\d+"/,
    without: (text) => text.replace(/\bchanges\(/g, 'sum_over_time('),
  },
  {
    // It reads what it selected for that one time at times that move on with the steps, for as long as the sample is not too old.
    excuse: 'upstream loses sight of the samples of a parameter with @ when a range query is longer than the lookback',
    text: /\b(quantile|topk|bottomk|limitk|limit_ratio)( (by|without) \([^)]*\))?\s*\([^,]*@/, found: /^stats: /,
    holds: (there, here) => thereIsMore(here, there),
  },
  {
    excuse: 'upstream evaluates subqueries at steps that nothing looks at, behind the last one, and tells what comes of it there',
    text: /:[^[\]]*\]/, found: /: only there PromQL/,
  },
  {
    excuse: '3.5 counts the buckets that histogram_sum and its kin do not ask for',
    text: /\bhistogram_(sum|count|avg)\(/, found: /^stats: /, holds: thereIsMore,
  },
  {
    excuse: 'later versions leave no bucket out inside of functions that need them',
    text: /\bhistogram_(quantile|fraction)\(.*\bhistogram_(sum|count|avg)\(/, found: /^stats: /,
    holds: (there, here) => thereIsMore(here, there),
  },
  {
    excuse: 'since 3.7 histograms without buckets know of counter resets',
    text: /\bhistogram_(sum|count|avg)\(/, found: /only here PromQL warning: conflicting counter resets during histogram/,
  },
  {
    excuse: 'before 3.7 info gives series that come and go no labels, or those of others',
    text: /\binfo\(/, found: /./,
    without: (text) => text.replace(/, \{(version|missing)[^}]*\}\)/g, ')').replace(/\binfo\(/g, 'sort('),
  },
  {
    excuse: 'since 3.8 series that label_replace and label_join make equal are one if they take turns',
    text: /\blabel_(replace|join)\(/, found: /^there vector cannot contain metrics with the same labelset, here success$/,
  },
  {
    excuse: 'later versions select the info series also where the metric has no sample',
    text: /\binfo\(/, found: /^stats: /, holds: (there, here) => thereIsMore(here, there),
  },
  {
    excuse: 'since 3.6 sort in a range query warns',
    text: /\bsort(_by_label)?(_desc)?\(/, found: /only here PromQL warning: sort is ineffective/,
  },
  {
    excuse: 'since 3.6 a histogram and a scalar that do not go together are told', text: /./,
    found: /only here PromQL info: incompatible sample types encountered for binary operator .*(histogram \S+ float|float \S+ histogram)/,
  },
  {
    excuse: 'which series limitk takes depends on the order of storage; with all taken, the answers agree',
    text: /\blimitk\b/, found: /./, without: takingAll,
  },
  {
    excuse: 'since 3.6 the extrapolation of native histograms stops at zero',
    text: new RegExp(String.raw`\b(rate|increase)\((latency|gauged|zooming|\{__name__=~"lat|\(.*${ANY_HISTOGRAM})`), found: /./,
    // The same extrapolation, which does not stop.
    without: (text) => text.replace(/\b(rate|increase)\(/g, 'delta('),
  },
  {
    excuse: 'since 3.6 the first bucket of histogram_fraction begins at zero, not at -Inf where there is nothing but NaN',
    text: /\bhistogram_fraction\(/, found: /./,
    // Which are then all the same to topk.
    without: (text) => takingAll(text.replace(/\bhistogram_fraction\([^,]+,[^,]+,/g, 'histogram_fraction(-Inf, +Inf,')),
  },
  {
    excuse: 'since 3.6 a parameter of an aggregation that is NaN is refused with a text of its own',
    text: /\b(topk|bottomk|limitk|limit_ratio)\b/,
    found: /there (execution (Scalar value NaN overflows int64|Ratio value NaN is NaN)|success), here (execution )?\w+ value is NaN/,
  },
  {
    excuse: 'of two errors in one query, another one is told',
    text: /./, found: /^there execution /,
    holds: (there, here) => {
      const [a, b] = [there, here].map((answer) => EXECUTION_ERRORS.findIndex((error) => error.test(answer.error ?? '')));
      return a! >= 0 && b! >= 0 && a !== b;
    },
  },
  {
    excuse: 'of two errors in one query, another one is told',
    text: /\b(double_exponential_smoothing\().*\1/,
    found: /^there execution invalid (smoothing|trend) factor.*, here execution invalid \1 factor/,
  },
  {
    excuse: "3.5's place of a wrong on and group clause behind a call in brackets is not that of the operator",
    text: /\)\s*\S+( bool)?\s+on\b/,
    found: /must not occur in ON and GROUP clause at once, here .* must not occur in ON and GROUP clause at once$/,
  },
  {
    excuse: "Prometheus' chunks give a histogram the empty buckets of later samples, which are NaN when multiplied with infinity",
    text: /Inf/, found: /there \{"count":"[^"]*".*"NaN"\]/,
  },
  { excuse: "Prometheus' chunks give a histogram the empty buckets of later samples", text: /./, found: /"count":"NaN"/ },
  {
    // Counts below zero never reach a rank: the answer is the bound of the last bucket looked at, empty or not.
    excuse: "the quantile of a negated histogram depends on the empty buckets that Prometheus' chunks add",
    text: /histogram_quantile\([^,]*, -\(/, found: /./,
  },
  {
    excuse: 'since 3.6 mad_over_time of a window with NaN is NaN',
    text: /\bmad_over_time\(/, found: /"NaN"|missing|only here/,
  },
  {
    // Of transcendental functions, of sums in the order of the series, of averages of histograms (since 3.6 compensated).
    excuse: 'count_values shows last digits; those in front of them, and the answers without counting, agree',
    text: /\bcount_values\b/, found: /missing|only here/, holds: haveNearLabels, without: notCountingValues,
  },
  {
    excuse: 'the last digits of powers and the like differ between Go and V8, and trigonometric functions of large numbers show them',
    text: /\b(sin|cos|tan)\(.*(\^|\b(sinh|cosh|exp)\()/, found: /: at [\d.]+ there "[-+\d.e]+", here/,
    without: (text) => text.replace(/\b(sin|cos|tan)\(/g, 'abs('),
  },
  {
    excuse: 'the last digits of powers and the like differ between Go and V8, and the remainder of a large number shows them',
    text: /(\^|\b(sinh|cosh|exp|tan)\().*%/, found: /^there [-+\d.e]+, here|: at [\d.]+ there "[-+\d.e]+", here/,
  },
  {
    excuse: 'the last digits of atan2 differ between Go and V8, and count_values shows those of the remainder of a large number',
    text: /\bcount_values\b.*%.*\batan2\b/, found: /missing|only here/, without: (text) => text.replace(/\batan2\b/g, '+'),
  },
  {
    // `operators.test`: "track many-to-one vector matching errors even when … filtered away".
    excuse: 'later versions refuse many-to-one matches also where nothing comes of them',
    text: /./, found: /^there success, here multiple matches for labels: (many-to-one|grouping labels)/,
  },
  {
    excuse: 'the last digits of stddev and stdvar depend on the order of series',
    text: ORDER_MATTERS, found: /missing|only here|no point/,
  },
];

/** What both answer to a question, and the first difference. */
export interface Comparison {
  readonly answers: readonly [there: Answer, here: Answer];
  readonly found: string | undefined;
}

/**
 * The reason why the disagreement is no failure, undefined if there is none.
 * @param compare asks both another question; what it finds may be excused by another difference
 */
export async function excuseFor(
  question: Question, { answers, found }: Comparison, compare: (question: Question) => Promise<Comparison>,
  known: readonly KnownDifference[] = KNOWN,
): Promise<string | undefined> {
  if (found === undefined) return undefined;
  for (const difference of known) {
    const { excuse, text, found: kind, holds, without } = difference;
    if (!text.test(question.text) || !kind.test(found) || holds?.(...answers) === false) continue;
    if (without === undefined) return excuse;
    const other = { ...question, text: without(question.text) };
    const compared = await compare(other);
    const isExcused = async (): Promise<boolean> =>
      (await excuseFor(other, compared, compare, known.filter((one) => one !== difference))) !== undefined;
    if (compared.found === undefined || (await isExcused())) return excuse;
  }
  return undefined;
}

/** The relative difference that two answers to the question may have. */
export function toleranceFor(text: string): number {
  return ORDER_MATTERS.test(text) ? 1e-6 : 1e-9;
}

/** The same for texts that are only parsed. */
const KNOWN_OF_PARSER: readonly KnownDifference[] = [
  {
    excuse: 'since 3.6 start(), end(), step() and range() are expressions, and words inside durations',
    text: /\b(start|end|range)\s*\(|step|range/, found: /there refused .*(unexpected|unknown function)/,
  },
  {
    excuse: 'since 3.6 a word that no duration has is refused by the lexer',
    text: /\[/, found: /here +refused .*unexpected character: '.', expected ':'/,
  },
  {
    excuse: 'since 3.6 labels with a colon or point are quoted',
    text: /[:.]/, found: /there accepted .*\n +here +accepted .*\(.*\\"[^"]*[:.][^"]*\\"/,
  },
  {
    excuse: 'since 3.6 no operator follows an offset in parentheses',
    text: /offset\s*[-+]?\s*\(/, found: /in offset, expected.*\n +here +accepted/,
  },
  {
    // prometheus/prometheus#17643
    excuse: 'since 3.9 an empty ignoring() that groups series is printed',
    text: /\bignoring\s*\(\s*\)\s*group_(left|right)\b/i,
    found: /there accepted .*\n +here +accepted .*\bignoring \(\) group_(left|right) \(/,
  },
  { excuse: 'since 3.6 an offset has one sign', text: /offset\s*[-+]\s*[-+]/i, found: /here +refused .*in offset, expected/ },
  { excuse: 'an offset of NaN is the longest there is', text: /offset\s*[-+]?\s*nan/i, found: /here +refused .*duration out of range/ },
  {
    excuse: 'since 3.6 @ start() and offset expressions before a range are refused, too',
    text: /@|offset\s*[-+]?\s*\(/, found: /there accepted .*\n +here +refused .*no (@|offset) modifiers/,
  },
  { excuse: 'since 3.6 a comma may stand in brackets', text: /\[.*,/s, found: /duration expression: ','/ },
  { excuse: "3.5's parser stops at a failure of its own", text: /./, found: /there refused invalid parameter "query": unexpected error/ },
  { excuse: 'since 3.6 smoothed, anchored, fill, >/ and </ are words', text: /\b(smoothed|anchored|fill\w*)\b|[<>]\//, found: /./ },
];

/** The reason why the disagreement about a text is no failure, undefined if there is none. */
export function parseExcuseFor(text: string, found: string): string | undefined {
  return KNOWN_OF_PARSER.find((known) => known.text.test(text) && known.found.test(found))?.excuse;
}
