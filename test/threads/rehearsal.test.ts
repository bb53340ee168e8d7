import { expect, test } from 'vitest';
import { rehearsal } from '../../src/threads/rehearsal.js';
import { loadKernelModule } from '../../src/tsdb/kernel-loader.js';
import { QUERY_SETTINGS } from './fixtures/settings.js';

const settings = { ...QUERY_SETTINGS, kernels: loadKernelModule() };
const catalogue = { metadata: { metadata: () => new Map() }, exemplars: { exemplars: () => [] } };

test.each([false, true])('every request of a rehearsal succeeds with data (short only: %s)', (shortOnly) => {
  const next = rehearsal(settings, catalogue, shortOnly);
  const bodies = new Set<string>();
  for (let i = 0; i < 60; i++) {
    const { status, body } = next();
    const text = new TextDecoder().decode(body);
    expect(status, text).toBe(200);
    expect(text).not.toMatch(/"(result|data)":\[\]/);
    bodies.add(text);
  }
  expect(bodies.size).toBe(shortOnly ? 10 : 18);
});
