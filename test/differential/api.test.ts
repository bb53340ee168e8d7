/**
 * The same data and the same requests to a real Prometheus and to us: status, headers and body must be the same, but for the rows of
 * `api-differences.ts`, each with its reason.
 */
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it, onTestFinished } from 'vitest';
import { Server } from '../e2e/support/server.js';
import { write } from '../support/remote-write-client.js';
import { ask } from './api-answers.js';
import { apiData } from './api-data.js';
import { KNOWN_DIFFERENCES, nameOf } from './api-differences.js';
import { apiRequests, belowPathRequests, STEP_SECONDS, type ApiRequestLine } from './api-requests.js';
import { peersMissing, peersNote, startPrometheus } from './peers.js';

/** Far enough back that nothing is in the future, and the lookback of requests without a time still reaches it. */
const END_SECONDS = Math.floor(Date.now() / 1000 / STEP_SECONDS) * STEP_SECONDS - 60;

/** A server of ours and a Prometheus with the same data. */
async function pair(flags: readonly string[], peerFlags: readonly string[], prefix = ''): Promise<readonly [here: string, there: string]> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-api-'));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  const { url: there, process } = await startPrometheus(directory, 'both', {
    global: { external_labels: { region: 'eu' } }, storage: { exemplars: { max_exemplars: 100_000 } },
  }, {
    prefix,
    flags: ['--web.enable-remote-write-receiver', '--enable-feature=exemplar-storage,native-histograms,promql-experimental-functions', ...peerFlags],
  });
  onTestFinished(() => process.stop());
  const config = path.join(directory, 'both.yml');
  const server = await Server.start({ flags: [`--config.file=${config}`, '--enable-feature=promql-experimental-functions', ...flags], ...(prefix === '' ? {} : { prefix }) });
  onTestFinished(() => server.remove());
  for (const base of [server.url, there]) {
    const answer = await write(`${base}${prefix}`, 1, apiData(END_SECONDS));
    expect(`${answer.status} ${answer.text}`).toBe('204 ');
  }
  return [server.url, there];
}

const agent = new http.Agent({ keepAlive: true, maxSockets: 2 });
afterAll(() => agent.destroy());

/** Requests whose answers are not the same, in the order in which they were asked. */
async function differing(bases: readonly [string, string], lines: readonly ApiRequestLine[]) {
  const found = new Map<string, { here: unknown; there: unknown }>();
  for (const line of lines) {
    const [here, there] = await Promise.all(bases.map((base) => ask(base, line, agent)));
    if (JSON.stringify(here) !== JSON.stringify(there)) found.set(nameOf(line), { here, there });
  }
  return found;
}

describe.skipIf(peersMissing)(`the API of a real Prometheus and ours${peersNote}`, () => {
  it('every endpoint, with good and bad parameters', async () => {
    const lines = apiRequests(END_SECONDS);
    expect(lines.length).toBeGreaterThan(1000);
    const found = await differing(await pair([], []), lines);
    expect([...found].filter(([name]) => !KNOWN_DIFFERENCES.some((row) => row.requests.test(name)))).toEqual([]);
    expect(KNOWN_DIFFERENCES.filter((row) => ![...found.keys()].some((name) => row.requests.test(name))), 'rows that are not needed').toEqual([]);
  }, 300_000);

  it('below a path, with the admin API and the lifecycle API', async () => {
    const flags = ['--web.external-url=http://metrics.example.com/prom', '--web.enable-admin-api', '--web.enable-lifecycle'];
    const bases = await pair(flags, flags, '/prom');
    expect(Object.fromEntries(await differing(bases, belowPathRequests('/prom', END_SECONDS)))).toEqual({});
    for (const base of bases) {
      expect((await ask(base, { method: 'POST', target: '/prom/-/quit' }, agent)).body).toBe('Requesting termination... Goodbye!');
    }
  });
});
