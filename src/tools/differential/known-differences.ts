/** Disagreements that are no mistake here: what upstream leaves undefined, and what changed between 3.5 and 3.14. */

interface KnownDifference {
  readonly excuse: string;
  readonly text: RegExp;
  readonly found: RegExp;
}

/** Variances of large numbers: the order in which storage gives the series shows. */
const ORDER_MATTERS = /\b(stddev|stdvar)\b/;

const KNOWN: readonly KnownDifference[] = [
  {
    excuse: "Prometheus' chunks give a histogram the empty buckets of later samples, which count",
    text: /\b(latency|steady|mixed|sizes)\b/, found: /^stats: /,
  },
  { excuse: 'since 3.6 sort in a range query warns', text: /\bsort(_desc)?\(/, found: /only here PromQL warning: sort is ineffective/ },
  {
    excuse: 'since 3.6 a histogram and a scalar that do not go together are told', text: /./,
    found: /only here PromQL info: incompatible sample types encountered for binary operator .*(histogram \S+ float|float \S+ histogram)/,
  },
  { excuse: 'which series limitk takes depends on the order of storage', text: /\blimitk\b/, found: /./ },
  { excuse: 'since 3.6 the extrapolation of native histograms stops at zero', text: /\b(rate|increase)\((latency|\()/, found: /./ },
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
    excuse: 'the last digits of transcendental functions differ between Go and V8, and count_values shows them',
    text: /\bcount_values\b.*\b((cos|sinh|atan|exp|ln|log2|log10)\(|atan2\b)/, found: /missing|only here/,
  },
  {
    excuse: 'the last digits of sums and averages of histograms depend on the order of series, and count_values shows them',
    text: /\bcount_values\b.*\b(sum|avg)\b/, found: /"value","\{count:.*(missing|only here)/,
  },
  {
    // `operators.test`: "track many-to-one vector matching errors even when … filtered away".
    excuse: 'later versions refuse many-to-one matches also where nothing comes of them',
    text: /./, found: /^there success, here multiple matches for labels: many-to-one/,
  },
  {
    excuse: 'the last digits of stddev and stdvar depend on the order of series',
    text: ORDER_MATTERS, found: /missing|only here|no point/,
  },
];

/** The reason why the disagreement is no failure, undefined if there is none. */
export function excuseFor(text: string, found: string): string | undefined {
  return KNOWN.find((known) => known.text.test(text) && known.found.test(found))?.excuse;
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
