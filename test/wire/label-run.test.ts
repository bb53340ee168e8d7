/** Labels of one series, read by themselves and as part of a whole message: the same labels, or the same sentence. */
import { expect, it } from 'vitest';
import { Labels } from '../../src/model/labels.js';
import { decodeLabelRun } from '../../src/wire/label-run.js';
import { decodeWriteRequestV1 } from '../../src/wire/remote-write-v1.js';
import { Random } from '../support/random.js';

function field(tag: number, bytes: Uint8Array): number[] {
  return [tag, ...(bytes.length < 128 ? [bytes.length] : [(bytes.length & 127) | 128, bytes.length >> 7]), ...bytes];
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const runOf = (labels: readonly (readonly [string, string])[]): Uint8Array =>
  Uint8Array.from(labels.flatMap(([name, value]) => field(0x0a, Uint8Array.from([...field(0x0a, text(name)), ...field(0x12, text(value))]))));

function wholeMessage(run: Uint8Array): Labels | string {
  const batch = decodeWriteRequestV1(Uint8Array.from(field(0x0a, Uint8Array.from([...run, 0x12, 0x00]))));
  return batch.rejects[0]?.message ?? batch.series[0] ?? '';
}

it('reads what the decoder of messages reads', () => {
  const random = new Random(5);
  for (let i = 0; i < 500; i++) {
    const labels = Array.from({ length: random.below(5) }, () => [
      random.pick(['a', 'b', 'zone', 'ü', ...(random.below(5) ? [] : ['', 'a', 'x'.repeat(130)])]),
      random.pick(['1', 'two', ...(random.below(4) ? [] : ['', '€', 'y'.repeat(200)])]),
    ] as const);
    if (random.below(8) > 0) labels.push(['__name__', 'm']);
    if (random.below(3) > 0) labels.sort(([a], [b]) => (a < b ? -1 : 1));
    const run = runOf(labels);
    const [alone, whole] = [decodeLabelRun(run), wholeMessage(run)];
    expect(alone instanceof Labels ? alone.toObject() : alone, JSON.stringify(labels)).toEqual(whole instanceof Labels ? whole.toObject() : whole);
  }
});

it('a run that is damaged is not read beyond its end', () => {
  const random = new Random(6);
  const good = runOf([['__name__', 'm'], ['job', 'node'], ['zone', 'a']]);
  for (let i = 0; i < 500; i++) {
    const run = Uint8Array.from(good).subarray(0, 1 + random.below(good.length));
    run[random.below(run.length)] = random.below(128);
    const labels = decodeLabelRun(run);
    if (labels instanceof Labels) expect(labels.metricName).not.toBe('');
    else expect(labels).not.toBe('');
  }
});
