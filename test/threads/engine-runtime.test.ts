import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ApiEndpoint } from '../../src/api/contract.js';
import { CatalogueWriter } from '../../src/catalogue/catalogue-writer.js';
import { createQueryRuntime } from '../../src/threads/engine-runtime.js';
import type { QueryRuntime } from '../../src/threads/query-runtime.js';
import { batch, exemplar, metadata, temporaryDirectory } from '../catalogue/fixture.js';
import { QUERY_SETTINGS } from './fixtures/settings.js';

let directory: string;
let runtime: QueryRuntime;
beforeEach(() => {
  directory = temporaryDirectory();
  const catalogueFile = path.join(directory, 'catalogue.sqlite');
  const writer = CatalogueWriter.open(catalogueFile);
  writer.apply(batch({
    metadata: [[metadata('up', 'Whether the target answers.', 'gauge'), 1]],
    exemplars: [exemplar({ __name__: 'm_bucket', le: '1' }, 1_500, 0.5, 'abc')],
  }));
  writer.close();
  runtime = createQueryRuntime({ ...QUERY_SETTINGS, catalogueFile }, 1);
  runtime.setHeads([]);
});
afterEach(() => {
  runtime.close();
  fs.rmSync(directory, { recursive: true, force: true });
});

function run(endpoint: ApiEndpoint, params: string): string {
  const reply = runtime.run({ endpoint, params, pathArgument: '', nowMs: 2_000, deadlineMs: 60_000 }, () => undefined);
  return `${reply.status} ${new TextDecoder().decode(reply.body)}`;
}

test.each<[ApiEndpoint, string, string]>([
  ['query', 'query=1%2B1', '200 {"status":"success","data":{"resultType":"scalar","result":[2,"2"]}}'],
  ['labels', '', '200 {"status":"success","data":[]}'],
  ['metadata', '', '200 {"status":"success","data":{"up":[{"type":"gauge","help":"Whether the target answers.","unit":""}]}}'],
  ['query_exemplars', 'query=rate(m_bucket[5m])&start=0&end=10', '200 {"status":"success","data":[{'
    + '"seriesLabels":{"__name__":"m_bucket","le":"1"},"exemplars":[{"labels":{"trace_id":"abc"},"value":"0.5","timestamp":1.500}]}]}'],
])('%s?%s comes from the right source', (endpoint, params, expected) => {
  expect(run(endpoint, params)).toBe(expected);
});
