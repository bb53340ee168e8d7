/** The tables of names, units and labels that Prometheus 3.14 was observed to produce. */
import { describe, expect, test } from 'vitest';
import { LabelNamer, MetricNamer, NameFault, unitName, type SuffixKind } from '../../src/ingest/otlp-names.js';
import type { TranslationStrategy } from '../../src/ingest/otlp-settings.js';

const shown = (built: string | NameFault): string => (built instanceof NameFault ? `error: ${built.message}` : built);

function cases(strategy: TranslationStrategy, rows: [string, string, SuffixKind, string][]): void {
  const namer = new MetricNamer(strategy);
  test.each(rows)('%j in %j, %s: %s', (name, unit, kind, want) => {
    expect(shown(namer.build(name, unit, kind))).toBe(want);
    expect(shown(namer.build(name, unit, kind)), 'from the cache').toBe(want);
  });
}

describe('UnderscoreEscapingWithSuffixes', () => cases('UnderscoreEscapingWithSuffixes', [
  ['http.server.duration', 'ms', 'other', 'http_server_duration_milliseconds'],
  ['requests', '1', 'counter', 'requests_total'],
  ['http.total.requests', '', 'counter', 'http_requests_total'],
  ['cpu.utilization', '1', 'gauge', 'cpu_utilization_ratio'],
  ['ratio.of.things', '1', 'gauge', 'of_things_ratio'],
  ['queue.size', '1', 'other', 'queue_size'],
  ['foo_total', 's', 'gauge', 'foo_total_seconds'],
  ['memory.bytes.used', 'By', 'gauge', 'memory_bytes_used'],
  ['mybytes', 'By', 'gauge', 'mybytes_bytes'],
  ['meters_per_second', 'm/s', 'gauge', 'meters_per_second_per_second'],
  ['speed_per_second', 'm/s', 'gauge', 'speed_per_second_meters_per_second'],
  ['net.io', 'By/s', 'counter', 'net_io_bytes_per_second_total'],
  ['3xx.responses', '', 'gauge', '_3xx_responses'],
  ['a:b:c', '', 'gauge', 'a:b:c'],
  ['_foo__bar_', '', 'gauge', 'foo_bar'],
  ['größe.total', '', 'gauge', 'gr_e_total'],
  ['weird', '°C', 'gauge', 'weird_C'],
  ['area', 'm^2', 'gauge', 'area_m_2'],
  ['x', '{request}', 'other', 'x'],
  ['x', 'By{used}', 'other', 'x'],
  ['x', 's/', 'other', 'x_seconds'],
  ['x', '1/°', 'other', 'x'],
  ['温度', '', 'gauge', 'error: normalization for metric "温度" resulted in empty name'],
  ['___', '', 'gauge', 'error: normalization for metric "___" resulted in empty name'],
  ['', '', 'gauge', 'error: normalization for metric "" resulted in empty name'],
  ['', '', 'counter', 'total'],
]));

describe('UnderscoreEscapingWithoutSuffixes', () => cases('UnderscoreEscapingWithoutSuffixes', [
  ['foo..bar', 's', 'counter', 'foo_bar'],
  ['foo__bar', '', 'gauge', 'foo__bar'],
  ['__x__', '', 'gauge', '__x__'],
  ['weird°', '', 'gauge', 'weird'],
  ['3xx', 's', 'gauge', '_3xx'],
  ['___', '', 'gauge', '___'],
  ['_°_', '', 'gauge', 'error: normalization for metric "_°_" resulted in invalid name "___"'],
]));

describe('NoUTF8EscapingWithSuffixes', () => cases('NoUTF8EscapingWithSuffixes', [
  ['http.server.duration', 'ms', 'other', 'http.server.duration_milliseconds'],
  ['my.total', '', 'counter', 'my_total'],
  ['mytotal', '', 'counter', 'm_total'],
  ['total', '', 'counter', 'total_total'],
  ['myratio', '1', 'gauge', 'm_ratio'],
  ['foo.microseconds', 's', 'gauge', 'foo.microseconds'],
  ['speedper_second', 'm/s', 'gauge', 'spee_meters_per_second'],
  ['speed.per_second', 'm/s', 'gauge', 'speed_meters_per_second'],
  ['weird', '°C', 'gauge', 'weird_°C'],
  ['3xx', 's', 'gauge', '3xx_seconds'],
  ['größe😀total', '', 'counter', 'größe_total'],
]));

describe('NoTranslation', () => cases('NoTranslation', [
  ['http.server.duration', 'ms', 'other', 'http.server.duration'],
  ['', 's', 'counter', ''],
]));

describe('units', () => {
  test.each([
    ['d', 'days'], ['h', 'hours'], ['min', 'minutes'], ['s', 'seconds'], ['ms', 'milliseconds'], ['us', 'microseconds'], ['ns', 'nanoseconds'],
    ['By', 'bytes'], ['KiBy', 'kibibytes'], ['MiBy', 'mebibytes'], ['GiBy', 'gibibytes'], ['TiBy', 'tibibytes'], ['KBy', 'kilobytes'],
    ['MBy', 'megabytes'], ['GBy', 'gigabytes'], ['TBy', 'terabytes'], ['m', 'meters'], ['V', 'volts'], ['A', 'amperes'], ['J', 'joules'],
    ['W', 'watts'], ['g', 'grams'], ['Cel', 'celsius'], ['Hz', 'hertz'], ['%', 'percent'], ['1', ''],
    ['m/s', 'meters_per_second'], ['1/s', 'per_second'], ['/s', 'per_second'], ['{request}/s', 'per_second'], ['By/m', 'bytes_per_minute'],
    ['m/s/s', 'meters_per_s_s'], ['m^2', 'm_2'], ['{request}', ''], ['By/{packet}', 'bytes'], ['s/', 'seconds'], ['°C', 'C'], ['By / s', 'bytes_per_second'],
    ['req/min', 'req_per_min'], ['S', 'S'], ['By/w', 'bytes_per_week'], ['By/mo', 'bytes_per_month'], ['By/y', 'bytes_per_year'], ['', ''],
  ])('%j: %j', (unit, want) => expect(unitName(unit)).toBe(want));
});

describe('label names', () => {
  const rules = { escape: true, sanitizeUnderscore: true, preserveMultiple: true };
  const check = (over: Partial<typeof rules>, rows: [string, string][]): void => {
    const namer = new LabelNamer({ ...rules, ...over });
    test.each(rows)('%j: %s', (key, want) => expect(shown(namer.build(key))).toBe(want));
  };
  describe('defaults', () => check({}, [
    ['http.method', 'http_method'], ['c..d', 'c__d'], ['1st', 'key_1st'], ['_x', 'key_x'], ['.x', 'key_x'], ['__x', '__x'], ['__x__', '__x__'],
    ['é', 'key_'], ['😀x', 'key_x'], ['a-b', 'a_b'],
    ['', 'error: label name is empty'],
    ['日本', 'error: normalization for label name "日本" resulted in invalid name "__"'],
    ['___', 'error: normalization for label name "___" resulted in invalid name "___"'],
  ]));
  describe('underscores collapse', () => check({ preserveMultiple: false }, [['c..d', 'c_d'], ['__x__y__', '__x_y__'], ['a__b', 'a_b']]));
  describe('no sanitization', () => check({ sanitizeUnderscore: false }, [['_x', '_x'], ['.x', '_x'], ['é', 'error: normalization for label name "é" resulted in invalid name "_"']]));
  describe('no escaping', () => check({ escape: false }, [['http.method', 'http.method'], ['日本', '日本'], ['1st', '1st'],
    ['', 'error: label name is empty'], ['__', 'error: normalization for label name "__" resulted in invalid name "__"']]));
});
