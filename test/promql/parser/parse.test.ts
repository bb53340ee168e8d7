import { describe, expect, it } from 'vitest';
import { RegexBudget } from '../../../src/model/regex-limits.js';
import { MAX_DEPTH, MAX_QUERY_LENGTH, ParseError, type ParseOptions, parseExpr, parseMetricSelector, selectorsOf } from '../../../src/promql/parser/parse.js';
import { treeText } from './tree-text.js';

const ALL: ParseOptions = { experimentalFunctions: true, durationExpressions: true, extendedRangeSelectors: true };

/** The text has this tree. */
function same(text: string, tree: string): void {
  it(text, () => expect(treeText(parseExpr(text, ALL))).toBe(tree));
}

/** The text is refused with this message. */
function fails(text: string, message: string, options: ParseOptions = ALL): void {
  it(text, () => expect(errorOf(text, options)).toBe(message));
}

function errorOf(text: string, options: ParseOptions): string {
  try {
    return `accepted: ${treeText(parseExpr(text, options))}`;
  } catch (error) {
    if (error instanceof ParseError) return error.message;
    throw error;
  }
}

describe('numbers', () => {
  same('1', '1');
  same('.5', '0.5');
  same('5.', '5');
  same('5e-3', '0.005');
  same('1e5', '100000');
  same('0x1F', '31');
  same('0X_1f', '31');
  same('0x1e5', '485');
  same('010', '8');
  same('08', '8');
  same('1_000.5', '1000.5');
  same('99999999999999999999', '100000000000000000000');
  same('Inf', 'Infinity');
  same('+inf', 'Infinity');
  same('-INF', '-Infinity');
  same('nAn', 'NaN');
  same('--1', '1');
  same('5m', '300');
  same('1h30m', '5400');
  same('-1s500ms', '-1.5');
  fails('0x1.8', '1:1: parse error: bad number or duration syntax: "0x1."');
  fails('0b11', '1:1: parse error: bad number or duration syntax: "0"');
  fails('1__0', '1:1: parse error: bad number or duration syntax: "1__"');
  fails('1_', '1:1: parse error: bad number or duration syntax: "1_"');
  fails('1e', '1:1: parse error: bad number or duration syntax: "1e"');
  fails('1.5.5', '1:1: parse error: bad number or duration syntax: "1.5."');
  fails('5mm', '1:1: parse error: bad number or duration syntax: "5mm"');
  fails('1e999', '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e999": value out of range');
  fails('1ms1s', '1:1: parse error: not a valid duration string: "1ms1s"');
  fails('1.5m', '1:1: parse error: unknown unit "." in duration "1.5m"');
});

describe('strings', () => {
  same('"a"', '"a"');
  same("'a\"b'", '"a\\"b"');
  same('`a\\n"\n`', '"a\\\\n\\"\\n"');
  same('"\\a\\t\\"\\\\"', '"\\u0007\\t\\"\\\\"');
  same('"\\x41\\101\\u00e9\\U0001f600"', '"AAé😀"');
  same('"\\xc3\\xa9"', '"é"');
  same("'\\''", '"\'"');
  fails("'abc", '1:1: parse error: unterminated quoted string');
  fails('"a\nb"', '1:1: parse error: unterminated quoted string');
  fails('`abc', '1:1: parse error: unterminated raw string');
  fails('"a\\qb"', "1:1: parse error: unknown escape sequence U+0071 'q'");
  fails('"\\\'"', "1:1: parse error: unknown escape sequence U+0027 '''");
  fails('"\\xzz"', "1:1: parse error: illegal character U+007A 'z' in escape sequence");
  fails('"\\400"', '1:1: parse error: escape sequence is an invalid Unicode code point');
  fails('"\\ud800"', '1:1: parse error: escape sequence is an invalid Unicode code point');
  fails('"\ufffd"', '1:1: parse error: invalid UTF-8 rune');
});

describe('precedence', () => {
  same('a + b * c ^ d', '(+ a (* b (^ c d)))');
  same('a ^ b ^ c', '(^ a (^ b c))');
  same('a - b - c', '(- (- a b) c)');
  same('a * b % c atan2 d', '(atan2 (% (* a b) c) d)');
  same('a == b + c', '(== a (+ b c))');
  same('a > b > c', '(> (> a b) c)');
  same('a </ 1 + 2', '(</ a (+ 1 2))');
  same('a >/ 1 == b', '(== (>/ a 1) b)');
  same('a or b and c unless d', '(or ignoring[] many-to-many a (unless ignoring[] many-to-many (and ignoring[] many-to-many b c) d))');
  same('-a ^ b', '(- (^ a b))');
  same('-a * b', '(* (- a) b)');
  same('-1 ^ 2', '(- (^ 1 2))');
  same('a ^ -b * c', '(* (^ a (- b)) c)');
  same('a + -b', '(+ a (- b))');
  same('-foo offset 5m', '(- foo offset 300000)');
  same('a + b offset 5m', '(+ a b offset 300000)');
  same('(a + b) * c', '(* (paren (+ a b)) c)');
});

describe('selectors', () => {
  same('up', 'up');
  same(':a:b', ':a:b');
  same('up{}', 'up');
  same('up{a="b",}', 'up{a="b"}');
  same("up{ a = 'b' , c!=`d`, e=~\"f\", g!~'h' }", 'up{a="b",c!="d",e=~"f",g!~"h"}');
  same('{"http.req", "label.name"="x"}', '{__name__="http.req","label.name"="x"}');
  same('{__name__=~"a.*"}', '{__name__=~"a.*"}');
  same('up{by="x", sum="y", bool="z"}', 'up{by="x",sum="y",bool="z"}');
  same('sum', 'sum');
  same('sum{a="b"}', 'sum{a="b"}');
  same('offset offset 5m', 'offset offset 300000');
  same('start + end + step + range', '(+ (+ (+ start end) step) range)');
  same('or or or', '(or ignoring[] many-to-many or or)');
  same('fill + fill_left', '(+ fill fill_left)');
  same('anchored{a="b"}', 'anchored{a="b"}');
  same('infinity', 'infinity');
  fails('{}', '1:1: parse error: vector selector must contain at least one non-empty matcher');
  fails('{a=~".*"}', '1:1: parse error: vector selector must contain at least one non-empty matcher');
  fails('foo{"a"}', '1:1: parse error: metric name must not be set twice: "foo" or "a"');
  fails('1 + foo{__name__="bar"}', '1:5: parse error: metric name must not be set twice: "foo" or "bar"');
  fails('foo{', '1:5: parse error: unexpected end of input inside braces');
  fails('foo{a="b" c', '1:11: parse error: unexpected identifier "c" in label matching, expected "," or "}"');
  fails('foo{,}', '1:5: parse error: unexpected "," in label matching, expected identifier or "}"');
  fails('foo{a b}', '1:7: parse error: unexpected identifier "b" in label matching, expected label matching operator');
  fails('foo{a=b}', '1:7: parse error: unexpected identifier "b" in label matching, expected string');
  fails('foo{1="a"}', "1:5: parse error: unexpected character inside braces: '1'");
  fails('foo{a!"a"}', "1:6: parse error: unexpected character after '!' inside braces: '\"'");
  fails('foo{a=~"("}', '1:5: parse error: error parsing regexp: missing closing ): `(`');
  fails('a{b="c"}{d="e"}', '1:9: parse error: unexpected "{"');
});

describe('time', () => {
  same('a[5m]', '(range a 300000)');
  same('a[300]', '(range a 300000)');
  same('a[1.5]', '(range a 1500)');
  same('a[5m] offset 1m', '(range a offset 60000 300000)');
  same('a[5m] offset -1m @ 10', '(range a @10000 offset -60000 300000)');
  same('a @ 1603774568.123', 'a @1603774568123');
  same('a @ -5', 'a @-5000');
  same('a @ 5m', 'a @300000');
  same('a @ start() offset 5', 'a @start offset 5000');
  same('a offset 5m @ end()', 'a @end offset 300000');
  same('a @ start()[5m:]', '(subquery a @start 300000 0)');
  same('a offset 0 offset 5m', 'a offset 300000');
  same('a[1h:5m]', '(subquery a 3600000 300000)');
  same('a[1h:]', '(subquery a 3600000 0)');
  same('rate(a[5m])[1h:1m] @ 5 offset 1d', '(subquery (rate (range a 300000)) 3600000 60000 @5000 offset 86400000)');
  same('a[5m] anchored', '(range a anchored 300000)');
  same('a smoothed', 'a smoothed');
  same('a[5m] smoothed @ 5', '(range a smoothed @5000 300000)');
  fails('a[', '1:3: parse error: unexpected end of input in duration expression');
  fails('a[5m', '1:5: parse error: unclosed left bracket');
  fails('a[]', '1:3: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()');
  fails('a[b]', "1:3: parse error: unexpected character in duration expression: 'b'");
  fails('a[5m 5]', '1:6: parse error: unexpected number "5" in subquery or range, expected ":" or "]"');
  fails('a[5m:1m:', "1:8: parse error: unexpected colon ':'");
  fails('a[:1m]', '1:4: parse error: unexpected colon before duration in duration expression');
  fails('a[5m:1m 1]', '1:9: parse error: unexpected number "1" in subquery selector, expected "]"');
  fails('a[-5m]', '1:3: parse error: duration must be greater than 0');
  fails('a[5m:0]', '1:6: parse error: duration must be greater than 0');
  fails('a[9999999999999999]', '1:3: parse error: duration out of range');
  fails('a[10000y]', '1:3: parse error: duration out of range');
  fails('1[5m]', '1:2: parse error: ranges only allowed for vector selectors');
  fails('(a)[5m]', '1:4: parse error: ranges only allowed for vector selectors');
  fails('a offset 5m[5m]', '1:12: parse error: no offset modifiers allowed before range');
  fails('a @ 5 [5m]', '1:7: parse error: no @ modifiers allowed before range');
  fails('a @ end()[5m]', '1:10: parse error: no @ modifiers allowed before range');
  fails('a offset step()[5m]', '1:16: parse error: no offset modifiers allowed before range');
  fails('a offset', '1:9: parse error: unexpected end of input in offset, expected number, duration, step(), or range()');
  fails('a offset b', '1:10: parse error: unexpected identifier "b" in offset, expected number, duration, step(), or range()');
  fails('a offset 1m offset 2m', '1:1: parse error: offset may not be set multiple times');
  fails('1 + sum(x) offset 5m', '1:5: parse error: offset modifier must be preceded by an instant vector selector or range vector selector or a subquery');
  fails('a @', '1:4: parse error: unexpected end of input in @, expected timestamp');
  fails('a @ start', '1:10: parse error: unexpected end of input in @, expected timestamp');
  fails('a @ 5 @ 6', '1:1: parse error: @ <timestamp> may not be set multiple times');
  fails('5 @ 5', '1:1: parse error: @ modifier must be preceded by an instant vector selector or range vector selector or a subquery');
  fails('a @ Inf', '1:1: parse error: timestamp out of bounds for @ modifier: +Inf');
  fails('a @ 1e30', '1:1: parse error: timestamp out of bounds for @ modifier: 1000000000000000019884624838656.000000');
  fails('a[5m][1h:][1h:]', '1:1: parse error: subquery is only allowed on instant vector, got matrix instead');
  fails('a[5m] anchored smoothed', '1:1: parse error: anchored and smoothed modifiers cannot be used together');
  fails('a[1h:] smoothed', '1:1: parse error: smoothed modifier is not supported for subqueries');
  fails('1 anchored', '1:1: parse error: anchored modifier not implemented');
});

describe('duration expressions', () => {
  same('a[5m + 30s * 2]', '(range a (+ 300s (* 30s 2s)))');
  same('a[2 ^ 3 ^ 2]', '(range a (^ 2s (^ 3s 2s)))');
  same('a[-2 ^ 2 + 10]', '(range a (+ (- (^ 2s 2s)) 10s))');
  same('a[-5m + 35m]', '(range a (+ -300s 2100s))');
  same('a[(5m)]', '(range a 300000)');
  same('a[step()]', '(range a step())');
  same('a[STEP() + 1:range()]', '(subquery a (+ step() 1s) range())');
  same('a[step():1m]', '(subquery a step() 60000)');
  same('a[max_of(min_of(step(), 1h), 1ms)]', '(range a (max_of (min_of step() 3600s) 0.001s))');
  same('a offset -(2 * 2)', 'a offset (- (paren (* 2s 2s)))');
  same('a offset +(2)', 'a offset 2000');
  same('a offset step() * 2', '(* a offset step() 2)');
  same('a offset -2 * 2', '(* a offset -2000 2)');
  same('a offset -min_of(step(), 1s) ^ 0', '(^ a offset (- (min_of step() 1s)) 0)');
  fails('a[5m + ]', '1:8: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()');
  fails('a[5m:(1m]', '1:9: parse error: unexpected "]" in subquery selector, expected number, duration, step(), range(), or "]"');
  fails('a[step]', '1:7: parse error: unexpected "]" in subquery or range selector, expected number, duration, step(), or range()');
  fails('a[step() / 0d]', '1:10: parse error: division by zero');
  fails('a offset (4d % 0)', '1:14: parse error: modulo by zero');
  fails('a[foo()]', "1:3: parse error: unexpected character in duration expression: 'f'");
  fails('a[5m + foo]', "1:8: parse error: unexpected character: 'f', expected ':'");
  fails('a[5m+5m]', '1:3: parse error: experimental duration expression is not enabled', {});
  fails('a offset (5m)', '1:11: parse error: experimental duration expression is not enabled', {});
  fails('a[step()]', '1:3: parse error: experimental duration expression is not enabled', {});
});

describe('binary operators', () => {
  same('a == bool 1', '(== bool a 1)');
  same('a + on(x, y) b', '(+ on[x y] one-to-one a b)');
  same('a + on() b', '(+ on[] one-to-one a b)');
  same('a + ignoring(x,) b', '(+ ignoring[x] one-to-one a b)');
  same('a + on("x.y") b', '(+ on[x.y] one-to-one a b)');
  same('a / on(x) group_left b', '(/ on[x] many-to-one a b)');
  same('a / on(x) group_left(y) b', '(/ on[x] many-to-one include[y] a b)');
  same('a / bool_metric', '(/ a bool_metric)');
  same('a / ignoring(x) group_right() b', '(/ ignoring[x] one-to-many a b)');
  same('a and on(x) b', '(and on[x] many-to-many a b)');
  same('1 < bool 2', '(< bool 1 2)');
  same('a + fill(0) b', '(+ fill[0 0] a b)');
  same('a + on(x) group_left fill_right(-1) b', '(+ on[x] many-to-one fill[undefined -1] a b)');
  same('a == bool fill_left(NaN) fill_right(Inf) b', '(== bool fill[NaN Infinity] a b)');
  same('a + fill_right(1) fill_left(2) b', '(+ fill[2 1] a b)');
  fails('1 == 1', '1:3: parse error: comparisons between scalars must use BOOL modifier');
  fails('a + bool b', '1:3: parse error: bool modifier can only be used on comparison operators');
  fails('a and 1', '1:1: parse error: set operator "and" not allowed in binary scalar expression');
  fails('a and on(x) group_left b', '1:1: parse error: no grouping allowed for "and" operation');
  fails('a + group_left b', '1:5: parse error: unexpected <group_left>');
  fails('a + on(x) group_left', '1:21: parse error: unexpected end of input in grouping opts, expected "("');
  fails('a + on(x) group_left(x) b', '1:3: parse error: label "x" must not occur in ON and GROUP clause at once');
  fails('1 + on(x) b', '1:1: parse error: vector matching only allowed between instant vectors');
  fails('1 + fill(0) b', '1:1: parse error: filling in missing series only allowed between instant vectors');
  fails('a or fill(0) b', '1:1: parse error: filling in missing series not allowed for set operators');
  fails('a + fill(0) b', '1:1: parse error: binop fill modifiers are experimental and not enabled', {});
  fails('a / on b', '1:8: parse error: unexpected identifier "b" in grouping opts, expected "("');
  fails('"a" + 1', '1:1: parse error: binary expression must contain only scalar and instant vector types');
  fails('1 + a[5m]', '1:5: parse error: binary expression must contain only scalar and instant vector types');
  fails('-a[5m]', '1:1: parse error: unary expression only allowed on expressions of type scalar or instant vector, got "range vector"');
  fails('a + * b', '1:5: parse error: unexpected <op:*>');
  fails('a =~ b', "1:3: parse error: unexpected character after '=': '~'");
});

describe('aggregations', () => {
  same('sum(a)', '(sum a)');
  same('SUM(a) BY (b)', '(sum by[b] a)');
  same('sum by (a, "b.c", on, by,) (x)', '(sum by[a b.c on by] x)');
  same('sum without () (x)', '(sum without[] x)');
  same('topk(5, a) without (b)', '(topk without[b] 5 a)');
  same('count_values("v", a)', '(count_values "v" a)');
  same('limitk(2, a) + limit_ratio(-0.5, a)', '(+ (limitk 2 a) (limit_ratio -0.5 a))');
  same('group by (a:b) (x)', '(group by[a:b] x)');
  fails('sum()', '1:1: parse error: no arguments for aggregate expression provided');
  fails('sum(a,b)', '1:1: parse error: wrong number of arguments for aggregate expression provided, expected 1, got 2');
  fails('topk(a,b)', '1:6: parse error: expected type scalar in aggregation parameter, got instant vector');
  fails('count_values(1,b)', '1:14: parse error: expected type string in aggregation parameter, got scalar');
  fails('sum(1)', '1:5: parse error: expected type instant vector in aggregation expression, got scalar');
  fails('sum(a b)', '1:7: parse error: unexpected identifier "b" in aggregation');
  fails('sum by (x) x', '1:12: parse error: unexpected identifier "x" in aggregation');
  fails('sum by (a b) (x)', '1:11: parse error: unexpected identifier "b" in grouping opts, expected "," or ")"');
  fails('sum by (a,,b) (x)', '1:11: parse error: unexpected "," in grouping opts, expected label');
  fails('sum by (without) (x)', '1:9: parse error: unexpected <without> in grouping opts, expected label');
  fails('sum by ("") (x)', '1:9: parse error: invalid label name for grouping: ""');
  fails('sum without(a) (b) by (c)', '1:20: parse error: unexpected <by>');
  fails('limitk(1, a)', '1:1: parse error: limitk() is experimental and must be enabled with --enable-feature=promql-experimental-functions', {});
});

describe('functions', () => {
  same('time()', '(time)');
  same('round(a)', '(round a)');
  same('label_join(a, "d", ",", "x", "y")', '(label_join a "d" "," "x" "y")');
  same('sort_by_label(a)', '(sort_by_label a)');
  same('info(a, {x="y"})', '(info a {x="y"})');
  same('info(a, {})', '(info a )');
  same('start() + end() - step() * range()', '(- (+ (start) (end)) (* (step) (range)))');
  same('MIN_OF(1, max_of(2, 3)) + min_of', '(+ (min_of 1 (max_of 2 3)) min_of)');
  same('min_of(1, max_of(2, 3))', '(min_of 1 (max_of 2 3))');
  same('histogram_quantiles(a, "q", 0.5, 0.9, 0.99)', '(histogram_quantiles a "q" 0.5 0.9 0.99)');
  fails('foo_fn(x) $', '1:1: parse error: unknown function with name "foo_fn"');
  fails('Rate(x[5m])', '1:1: parse error: unknown function with name "Rate"');
  fails('1 + rate(foo)', '1:10: parse error: expected type range vector in call to function "rate", got instant vector');
  fails('rate(a[5m], 1)', '1:1: parse error: expected 1 argument(s) in call to "rate", got 2');
  fails('round()', '1:1: parse error: expected at least 1 argument(s) in call to "round", got 0');
  fails('round(a,1,2)', '1:1: parse error: expected at most 2 argument(s) in call to "round", got 3');
  fails('label_join(a)', '1:1: parse error: expected at least 3 argument(s) in call to "label_join", got 1');
  fails('abs(a,)', '1:6: parse error: trailing commas not allowed in function call args');
  fails('abs(,a)', '1:5: parse error: unexpected ","');
  fails('info(a, b)', '1:9: parse error: expected label selectors only, got vector selector instead');
  fails('info(a, b + c)', '1:9: parse error: expected label selectors only');
  fails('info(a, 1)', '1:1: parse error: expected type instant vector in call to function "info", got scalar');
  fails('mad_over_time(a[5m])', '1:1: parse error: function "mad_over_time" is not enabled', {});
});

describe('whole texts', () => {
  same('# first\na # second\n# third', 'a');
  fails('', 'unknown position: parse error: no expression found in input');
  fails(' \n', '1:1: parse error: no expression found in input');
  fails('# c', '1:1: parse error: no expression found in input');
  fails('a b', '1:3: parse error: unexpected identifier "b"');
  fails('(1', '1:3: parse error: unclosed left parenthesis');
  fails('1)', "1:3: parse error: unexpected right parenthesis ')'");
  fails(']', "1:1: parse error: unexpected right bracket ']'");
  fails('é', "1:1: parse error: unexpected character: 'é'");
  fails('a +\n  b[5m] +', '2:10: parse error: unexpected end of input');
  fails('"é" + on b', '1:11: parse error: unexpected identifier "b" in grouping opts, expected "("');
  fails('"0123456789" "é"', '1:14: parse error: unexpected string "\\"é\\""');
  fails('1 "01234567890"', '1:3: parse error: unexpected string "\\"012345678"...');
  fails('on', '1:1: parse error: unexpected <on>');
  fails('atan2', '1:1: parse error: unexpected <op:atan2>');

  it('refuses what is nested too deeply, whatever nests', () => {
    const deep = (open: string, close: string) => open.repeat(20_000) + 'a' + close.repeat(20_000);
    for (const text of [deep('(', ')'), deep('-', ''), deep('abs(', ')'), deep('sum(', ')'), deep('a^', ''), `a${'[5m:]'.repeat(20_000)}`, deep('a+', ''), `a[${deep('(', ')')}`, `a[${'-'.repeat(20_000)}5]`]) {
      expect(() => parseExpr(text, ALL), text.slice(0, 10)).toThrow(/nested too deeply/);
    }
    expect(parseExpr(Array(MAX_DEPTH - 1).fill('a').join(' + ')).kind).toBe('binary');
  });

  it('refuses what is too long', () => {
    expect(() => parseExpr('1'.repeat(MAX_QUERY_LENGTH + 1))).toThrow(/^1:1: parse error: query is too long/);
  });

  it('polls while it reads a long text', () => {
    let polls = 0;
    parseExpr(`a{${Array.from({ length: 2000 }, (_, i) => `b${i}="c"`).join(',')}}`, { regexes: new RegexBudget(() => void polls++) });
    expect(polls).toBeGreaterThanOrEqual(8);
  });

  it('refuses regular expressions that are too much together', () => {
    const text = Array.from({ length: 60 }, (_, i) => `a{b=~"x${i}${'|\\\\w{1000}'.repeat(5)}"}`).join(' or ');
    expect(() => parseExpr(text)).toThrow(/regular expressions are too large together/);
  });
});

describe('places', () => {
  const text = ' sum by (x) (rate(a{b="c"}[5m] offset 1m)) / -2';
  it('cover each node exactly', () => {
    const expr = parseExpr(text);
    const part = (pos: { start: number; end: number }) => text.slice(pos.start, pos.end);
    if (expr.kind !== 'binary' || expr.lhs.kind !== 'aggregate' || expr.lhs.expr.kind !== 'call') throw new Error('not the tree expected');
    expect(part(expr.pos)).toBe(text.trim());
    expect(part(expr.opPos)).toBe('/');
    expect(part(expr.rhs.pos)).toBe('-2');
    expect(part(expr.lhs.pos)).toBe('sum by (x) (rate(a{b="c"}[5m] offset 1m))');
    expect(part(expr.lhs.expr.pos)).toBe('rate(a{b="c"}[5m] offset 1m)');
    expect(part(expr.lhs.expr.args[0]!.pos)).toBe('a{b="c"}[5m] offset 1m');
    expect(selectorsOf(expr).map((selector) => part(selector.pos))).toEqual(['a{b="c"}']);
  });
});

describe('parseMetricSelector', () => {
  const matchers = (selector: string) => parseMetricSelector(selector).map(String);
  it('reads a selector alone', () => {
    expect(matchers('up{a=~"b|c"}')).toEqual(['a=~"b|c"', '__name__="up"']);
    expect(matchers('{"http.req"}')).toEqual(['__name__="http.req"']);
    expect(matchers('{}')).toEqual([]);
    expect(matchers('sum')).toEqual(['__name__="sum"']);
  });
  it('refuses anything more', () => {
    expect(() => matchers('up[5m]')).toThrow('1:3: parse error: unexpected "["');
    expect(() => matchers('rate(up)')).toThrow('1:5: parse error: unexpected "("');
    expect(() => matchers('1')).toThrow('1:1: parse error: unexpected number "1"');
    expect(() => matchers('')).toThrow('unknown position: parse error: unexpected end of input');
  });
});
