/** /debug/pprof: which profiles there are, for how long, and one at a time. What is in them: test/e2e/profile. */
import { expect, it } from 'vitest';
import zlib from 'node:zlib';
import { makeHarness } from './harness.js';

const get = async (url: string, harness = makeHarness()) => (await harness).inject({ method: 'GET', url: `/debug/pprof${url}` });

it('lists the profiles at the path with a slash', async () => {
  expect((await get('')).headers.location).toBe('/debug/pprof/');
  const index = await get('/');
  expect(index.headers['content-type']).toBe('text/html; charset=utf-8');
  const names = [...index.body.matchAll(/href="(\w+)"/g)].map((match) => match[1]);
  expect(names).toEqual(['allocs', 'block', 'cmdline', 'goroutine', 'heap', 'mutex', 'profile', 'threadcreate', 'trace']);
  expect((await makeHarness({ http: { routePrefix: '/x/' } }).then(({ inject }) => inject({ method: 'GET', url: '/x/debug/pprof' }))).headers.location)
    .toBe('/x/debug/pprof/');
});

it.each([
  ['/profile?seconds=1', 'cpu 1'], ['/profile', 'cpu 2'], ['/profile?seconds=x', 'cpu 2'], ['/profile?seconds=-1', 'cpu 2'],
  ['/heap', 'heap 2'], ['/heap?seconds=1', 'heap 1'], ['/allocs?seconds=1', 'allocs 1'], ['/block?debug=1', 'block'],
])('%s is compressed %s', async (url, text) => {
  const reply = await get(url);
  expect([reply.statusCode, reply.headers['content-type'], zlib.gunzipSync(reply.rawPayload).toString()]).toEqual([200, 'application/octet-stream', text]);
});

it('is there before the store is, below the prefix, and knows no other names', async () => {
  const { inject, readiness } = await makeHarness();
  readiness.stop();
  expect((await inject({ method: 'GET', url: '/debug/pprof/heap?seconds=1' })).statusCode).toBe(200);
  expect(await get('/no')).toMatchObject({ statusCode: 404, body: 'Unknown profile\n' });
  expect((await get('/cmdline')).body).toBe(process.argv.join('\0'));
  expect((await get('/trace?seconds=30')).rawPayload).toEqual(Buffer.from('go 1.22 trace\0\0\0'));
});

it('takes no longer than the configuration allows, or is off', async () => {
  expect(await get('/profile?seconds=3')).toMatchObject({ statusCode: 400, body: 'profile duration exceeds web.max_profile_duration (2 s)\n' });
  for (const url of ['', '/', '/profile', '/heap', '/block', '/cmdline']) {
    expect(await get(url, makeHarness({ http: { maxProfileMs: 0 } }))).toMatchObject({ statusCode: 404 });
  }
});

it('makes one at a time, and the next one after it', async () => {
  const harness = await makeHarness();
  let finish = (_bytes: Uint8Array): void => undefined;
  Object.assign(harness.deps.profiles, { cpu: () => new Promise<Uint8Array>((resolve) => (finish = resolve)) });
  const first = harness.inject({ method: 'GET', url: '/debug/pprof/profile' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(await get('/heap', Promise.resolve(harness))).toMatchObject({ statusCode: 500, body: 'Could not enable profiling: a profile is being made already\n' });
  expect(await get('/block', Promise.resolve(harness))).toMatchObject({ statusCode: 200 });
  finish(Buffer.from('done'));
  expect((await first).statusCode).toBe(200);
  expect((await get('/heap', Promise.resolve(harness))).statusCode).toBe(200);
});
