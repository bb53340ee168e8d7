import { expect, test } from 'vitest';
import { JsonWriter } from '../../src/api/json-writer.js';
import { writeLabels } from '../../src/api/result-json.js';
import { Labels } from '../../src/model/labels.js';

test.each<Record<string, string>>([
  {}, { a: 'b' }, { __name__: 'up', instance: 'host-1:9090', job: 'x' }, { quoted: 'say "yes" \\ \n \u0001' }, { '"': 'name' },
  { 'grün': 'größe <&>' }, { emoji: '\u{1F600}' }, { lone: '\ud800' }, { long: 'x'.repeat(5_000), z: 'ü'.repeat(5_000) },
])('a label set is written alike however often: %j', (object) => {
  const labels = Labels.fromObject(object);
  const json = new JsonWriter(1 << 20);
  for (let i = 0; i < 4; i++) {
    writeLabels(json, labels);
    json.raw('\n');
  }
  const lines = new TextDecoder().decode(json.finish()).trim().split('\n');
  expect(new Set(lines).size).toBe(1);
  const lone = /\ud800/;
  if (!lone.test(Object.values(object).join(''))) expect(JSON.parse(lines[0]!)).toEqual(object);
});

test('labels that many answers have are put together once', () => {
  const labels = Labels.fromObject({ __name__: 'up', job: 'x' });
  expect(labels.keptJson()).toBeUndefined();
  expect(labels.keptJson()).toBe('{"__name__":"up","job":"x"}');
  expect(labels.keptJson()).toBe(labels.keptJson());
});
