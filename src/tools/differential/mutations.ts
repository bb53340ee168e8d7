/** Texts that are nearly PromQL: every form of the language, with some of its pieces exchanged, dropped or doubled. */
import type { ExpressionMaker } from './expressions.js';
import type { Random } from './random.js';

/** Forms that the random expressions do not have, all of them known to Prometheus 3.5 too. */
const FORMS = [
  'foo', 'foo{}', '{__name__="foo"}', '{"foo.bar", a="b"}', '{"with \\"quotes\\"", "label.name"=~"x|y"}', 'foo{a="b",}',
  'foo{a!="b", c=~"d.*", e!~"f"}',
  'foo[5m]', 'foo[1h30m]', 'foo[5m] offset 1w', 'foo offset -5m', 'foo @ 1609746000', 'foo @ -1.5', 'foo @ start()',
  'foo[5m] @ end() offset 3m',
  'foo[5m:1m]', 'foo[5m:]', '(foo + bar)[10m:2m] offset 1m @ 10', 'min_over_time(rate(foo{bar="baz"}[2s])[5m:5s])',
  'sum(rate(foo[1m]))[30m:1m]',
  'foo[5m * 2]', 'foo[(1h - 30m)]', 'foo offset (2m + 1m)', 'foo[1m:2 ^ 3]', 'foo[-(-5m)]', 'foo[300]', 'foo[1.5]', 'foo offset 17.5',
  '1', '0x1f', '.5', '5.', '1e3', '1_000', '0755', '+Inf', '-NaN', '1h30m', '5m', '1 + 2 * 3 ^ -4', '-2 ^ 2', '2 ^ 3 ^ 2', '1 == bool 2',
  '1 % 0', '"text"', "'it\\'s'",
  '`raw \\n`', '"\\x41\\u00e9\\101"', 'vector(1) >= bool 2', 'foo == bool bar', 'foo atan2 bar',
  'foo * on(a, b) bar', 'foo * on() group_left(c, d) bar', 'foo / ignoring(a) group_right bar', 'foo and on(a) bar',
  'foo or bar unless ignoring(c) baz',
  'foo + bar or bla and blub', 'foo * on("label.name") group_left("other.name") bar', 'foo > ignoring(a) group_left bool bar',
  'sum(foo)', 'sum by (a, b) (foo)', 'sum(foo) without (a,)', 'avg by () (foo)', 'topk(5, foo)', 'quantile by ("a.b") (0.9, foo)',
  'count_values("v", foo)',
  'limitk(2, foo)', 'limit_ratio(-0.5, foo)', 'stddev(foo) by (a)', 'bottomk without (x) (scalar(foo), foo)', 'group(sum by (job) (foo))',
  'rate(foo[5m])', 'time()', 'pi() * 2', 'round(foo, 5)', 'round(foo)', 'label_replace(foo, "a", "$1", "b", "(.*)")',
  'label_join(foo, "a", "-", "b", "c")',
  'histogram_quantile(0.9, foo)', 'histogram_fraction(0, 1, foo)', 'predict_linear(foo[5m], 3600)', 'quantile_over_time(0.5, foo[5m])',
  'clamp(foo, 1, 2)',
  'day_of_month()', 'hour(foo)', 'absent(foo{a="b"})', 'absent_over_time(foo[5m])', 'sort_by_label(foo, "a", "b")', 'sort_desc(foo)',
  'info(foo)',
  'info(foo, {version=~".+"})', 'double_exponential_smoothing(foo[5m], 0.5, 0.5)', 'scalar(foo) + 1', 'timestamp(foo offset 5m)',
  'mad_over_time(foo[5m])',
  'a:b:c + :d', 'sum', 'offset', 'on', 'sum{by="x"}', 'start', 'bool', 'inf', 'nan', 'by(foo)', 'group_left', 'and', 'min(min)', 'step',
  'range',
  'foo # comment', 'foo{ # in braces\n a="b"}', '(foo)', '((foo))', '-foo', '+foo', '--foo', '-(foo)[5m:]', '-foo[5m:]', 'foo\n+\nbar',
  '\tfoo ', 'föö', '{"föö"}',
];

const PIECES = [
  '(', ')', '[', ']', '{', '}', ',', '+', '-', '*', '/', '%', '^', '==', '!=', '=~', '!~', '=', '<', '>', '<=', '>=', '!', '~', ':', '@',
  '#', '"', "'", '`', '\\', '.',
  'and', 'or', 'unless', 'by', 'without', 'on', 'ignoring', 'group_left', 'group_right', 'offset', 'bool', 'start', 'end', 'start()',
  'step()', 'sum', 'topk', 'rate',
  'atan2', 'inf', 'nan', 'foo', 'a:b', '1', '-1', '0', '0x', '1e', '5m', '5', '1h30m', '5mm', '1m1h', '0s', '"a"', '""', '{}', '[5m]',
  '[5m:]', '()', 'é', '$', '&', '\n', '\t', ' ',
  '1e400', '18446744073709551616', '"\\q"', '"\\xff"', '{a="b"}', '{"a"}', '@ start()', 'offset 5m', 'time', 'scalar', 'vector',
  'label_replace', '00', '1_', '1.2.3',
];

const TOKEN = /[\p{L}\p{N}_]+|\s+|./gsu;

export class TextMaker {
  constructor(private readonly random: Random, private readonly expressions: ExpressionMaker) {}

  /** One in eight is left as it is. */
  text(): string {
    const { random } = this;
    const whole = random.chance(0.7) ? random.pick(FORMS) : this.expressions.expression();
    if (random.chance(0.125)) return whole;
    const tokens = whole.match(TOKEN) ?? [];
    for (let edits = 1 + random.int(3); edits > 0; edits--) this.edit(tokens);
    return tokens.join('');
  }

  private edit(tokens: string[]): void {
    const { random } = this;
    const at = random.int(tokens.length + 1);
    switch (random.int(6)) {
      case 0: tokens.splice(at, 1 + random.int(2)); break;
      case 1: case 2: tokens.splice(at, 0, random.pick(PIECES)); break;
      case 3: tokens.splice(at, 1, random.pick(PIECES)); break;
      case 4: tokens.splice(at, 0, ...tokens.slice(random.int(tokens.length + 1)).slice(0, 4)); break;
      default: tokens.splice(at, 0, ...(random.pick(FORMS).match(TOKEN) ?? []));
    }
  }
}
