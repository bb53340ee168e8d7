/** Excuses must not hide faults: each of these is given only where what it claims can be shown. */
import { describe, expect, test } from 'vitest';
import { type Answer, difference, type Question } from '../../src/tools/differential/answers.js';
import { type Comparison, excuseFor } from '../../src/tools/differential/known-differences.js';

function vector(...series: readonly (readonly [labels: Record<string, string>, value: string])[]): Answer {
  return {
    status: 'success',
    data: { resultType: 'vector', result: series.map(([metric, value]) => ({ metric, value: [0, value] })) },
  };
}

function compared(there: Answer, here: Answer): Comparison {
  return { answers: [there, here], found: difference(there, here) };
}

async function excuse(text: string, asked: Comparison, others: Readonly<Record<string, Comparison>>): Promise<string | undefined> {
  const question: Question = { text, startMs: 0, endMs: 0, stepMs: 0 };
  return excuseFor(question, asked, (other) => Promise.resolve(others[other.text] ?? compared(vector(), vector([{}, '1']))));
}

const same = compared(vector([{}, '1']), vector([{}, '1']));

describe('count_values', () => {
  const text = 'count_values("value", exp(up))';
  const inside = { '(exp(up))': same };
  const shown = (value: string): Answer => vector([{ job: 'a', value }, '1']);

  test('may differ in last digits', async () => {
    expect(await excuse(text, compared(shown('2.718281828459045'), shown('2.7182818284590455')), inside)).toMatch(/last digits/);
  });
  test('and in nothing else', async () => {
    expect(await excuse(text, compared(shown('2.718281828459045'), shown('2.718281')), inside)).toBeUndefined();
    expect(await excuse(text, compared(shown('2.718281828459045'), shown('+2.718281828459045')), inside)).toBeUndefined();
    expect(await excuse(text, compared(shown('2'), vector()), inside)).toBeUndefined();
  });
  test('if what is counted agrees', async () => {
    expect(await excuse(text, compared(shown('2.718281828459045'), shown('2.7182818284590455')), {})).toBeUndefined();
  });
});

describe('limitk', () => {
  const text = 'limitk(2, up)';
  const other = compared(vector([{ job: 'a' }, '1']), vector([{ job: 'b' }, '1']));

  test('may take others', async () => {
    expect(await excuse(text, other, { 'limitk(1000000, up)': same })).toMatch(/limitk/);
  });
  test('of the same', async () => {
    expect(await excuse(text, other, { 'limitk(1000000, up)': compared(vector(), vector([{}, '2'])) })).toBeUndefined();
  });
  test('which may have another excuse', async () => {
    const digits = compared(vector([{ x: '0.1' }, '1']), vector([{ x: '0.10000000000000002' }, '1']));
    const others = { 'count_values("x", limitk(1000000, up))': digits, '(limitk(1000000, up))': same };
    const asked = compared(vector([{ x: '3' }, '1']), vector([{ x: '4' }, '1']));
    expect(await excuse('count_values("x", limitk(2, up))', asked, others)).toMatch(/limitk/);
  });
});
