/** What the server has while clients ask: a counter, a gauge, both kinds of histograms, exemplars, metadata, names beyond ASCII. */
import { expect } from 'vitest';
import { post, write } from './remote-write-client.js';

/** The last of three samples of each series lies at `nowMs`, the others 15 and 30 s before. */
export async function writeFleet(url: string, nowMs: number): Promise<void> {
  const samples = [30, 15, 0].map((ago) => ({ timestampMs: nowMs - ago * 1000, value: 100 - ago }));
  const written = await write(url, 1, [
    { labels: { __name__: 'http.req', 'job': 'web', 'k8s.pod': 'pod-1' }, samples },
    { labels: { __name__: 'up', job: 'api', instance: 'a:1' }, samples },
    { labels: { __name__: 'up', job: 'web', instance: 'b:1' }, samples },
  ]);
  expect(written.status, written.text).toBe(204);
  const at = (ago: number) => `${nowMs - ago * 1000}000000`;
  const times = (ago: number) => ({ startTimeUnixNano: at(3600), timeUnixNano: at(ago) });
  const exported = await post(`${url}/api/v1/otlp/v1/metrics`, JSON.stringify({ resourceMetrics: [{
    resource: { attributes: [{ key: 'service.name', value: { stringValue: 'pt' } }] },
    scopeMetrics: [{ metrics: [
      { name: 'pushed', description: 'Pushed <things>', unit: '1', sum: { aggregationTemporality: 2, isMonotonic: true,
        dataPoints: [30, 15, 0].map((ago) => ({ ...times(ago), asInt: String(100 - ago) })) } },
      { name: 'temperature', description: 'Of the room', unit: 'Cel', gauge: { dataPoints: [{ ...times(0), asDouble: 21.5 }] } },
      { name: 'lat', description: 'How long it took', unit: 's', histogram: { aggregationTemporality: 2, dataPoints: [{
        ...times(0), count: '3', sum: 1.5, explicitBounds: [0.1, 1], bucketCounts: ['1', '1', '1'],
        exemplars: [{ timeUnixNano: at(1), asDouble: 0.5, traceId: '0123456789abcdef0123456789abcdef', spanId: '0123456789abcdef' }],
      }] } },
      { name: 'native', description: 'Without bounds', exponentialHistogram: { aggregationTemporality: 2, dataPoints: [{
        ...times(0), count: '3', sum: 6, scale: 0, zeroCount: '0', positive: { offset: 0, bucketCounts: ['1', '2'] },
      }] } },
    ] }],
  }] }), { 'content-type': 'application/json' });
  expect([exported.status, exported.text]).toEqual([200, '{}']);
}
