/** Federation and remote read go through some metrics at a time: nothing is missing, the order is that of all, and there is a largest page. */
import { expect, test } from 'vitest';
import type { ApiRequest } from '../../src/api/contract.js';
import { compareLabels, Labels } from '../../src/model/labels.js';
import { ReadResponseType } from '../../src/wire/remote-read-request.js';
import { decodeSamplesAnswer } from '../support/remote-read-client.js';
import { ALL, ask, call, NOW_MS } from './context.js';

test.each([[false], [true]])('remote read is ordered by labels, whatever sorts before the name: %s', (before) => {
  const series = Array.from({ length: 300 }, (_, i) => ({
    labels: { ...(i % 7 === 0 ? {} : { __name__: `m.${i % 100}` }), ...(before && i % 3 === 0 ? { Zone: `z${i % 5}` } : {}), i: String(i) },
    samples: [[NOW_MS - 10, i]] as const,
  }));
  const request = { responseType: ReadResponseType.samples, queries: [{ mint: NOW_MS - 1000, maxt: NOW_MS, matchers: [] }] };
  const { status, body } = ask('read', '', { series, readSampleLimit: 0 }, { read: request });
  expect(status).toBe(200);
  const values = decodeSamplesAnswer(body)[0]!.map(({ samples }) => samples![0]!.value);
  const sorted = series.map(({ labels }) => Labels.fromObject(labels)).sort(compareLabels);
  expect(values).toEqual(sorted.map((labels) => Number(labels.get('i'))));
});

test('federate comes in pages of whole metrics', () => {
  const series = Array.from({ length: 6_000 }, (_, i) => ({
    labels: { __name__: `m${String(i % 200).padStart(3, '0')}`, a: 'x'.repeat(2000), i: String(i) }, samples: [[NOW_MS - 10, i]] as const,
  }));
  const options = { series, maxResponseBytes: 1e8 };
  const pages: Buffer[] = [];
  for (let cursor: ApiRequest['cursor']; ;) {
    const { status, body, next } = ask('federate', ALL, options, cursor ? { cursor } : {});
    expect(status).toBe(200);
    pages.push(Buffer.from(body));
    if (next === undefined) break;
    cursor = next;
  }
  expect(pages.length).toBeGreaterThan(2);
  for (const page of pages.slice(0, -1)) expect(page.length).toBeGreaterThan(4 * 1024 * 1024);
  const lines = Buffer.concat(pages).toString().split('\n').slice(0, -1);
  const names = lines.filter((line) => line.startsWith('#'));
  expect([names.length, lines.length]).toEqual([200, 200 + series.length]);
  expect(names).toEqual(names.toSorted());
});

test('federate takes metrics with long names, of which few are asked for at a time', () => {
  const series = Array.from({ length: 40 }, (_, i) => ({
    labels: { __name__: `${'n.'.repeat(20_000)}${i}` }, samples: [[NOW_MS - 10, i]] as const,
  }));
  const { status, body } = call('federate', ALL, { series, maxResponseBytes: 1e8 });
  expect(status).toBe(200);
  expect(body.split('\n').filter((line) => line.startsWith('#'))).toHaveLength(40);
});

test('federate has a largest page', () => {
  const series = [{ labels: { __name__: 'm', a: 'x'.repeat(3000) }, samples: [[NOW_MS, 1]] as const }];
  const { status, body } = call('federate', ALL, { series, maxResponseBytes: 1024 });
  expect([status, body]).toEqual([422, expect.stringContaining('query.max_response_size')]);
});
