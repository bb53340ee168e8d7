import { afterAll, beforeAll, expect, it } from 'vitest';
import { write } from '../support/remote-write-client.js';
import { get, value } from './support/query.js';
import { removeAll, Server } from './support/server.js';

const servers: Server[] = [];
beforeAll(async () => {
  servers.push(...(await Promise.all([Server.start(), Server.start()])));
});
afterAll(() => removeAll(servers));

it('two servers from flags alone do not see each other', async () => {
  const now = Date.now();
  for (const [i, { url }] of servers.entries()) {
    const answer = await write(url, 1, [{ labels: { __name__: 'whose', server: String(i) }, samples: [{ timestampMs: now, value: i + 1 }] }]);
    expect(answer.status).toBe(204);
  }
  for (const [i, { url }] of servers.entries()) {
    expect(await value(url, 'sum(whose)')).toBe(i + 1);
    expect(await get<string[]>(url, 'label/server/values')).toEqual([String(i)]);
  }
});

it('a third on the data of the first is refused, and says who has it', async () => {
  const third = await Server.spawn({ directory: servers[0]!.directory });
  await third.exit();
  expect(third.exitCode).toBeGreaterThan(0);
  expect(third.log).toContain(`process ${servers[0]!.pid}`);
  expect(third.log).toContain(servers[0]!.directory);
});

it('a third on the port of the first is refused, and says which', async () => {
  const third = await Server.spawn({ port: servers[0]!.port });
  await third.exit();
  expect(third.exitCode).toBeGreaterThan(0);
  expect(third.log).toContain(String(servers[0]!.port));
  await third.remove();
});

it('stopping one does not touch the other, and its data can be used again', async () => {
  expect(await servers[0]!.stop()).toBe(0);
  expect(await value(servers[1]!.url, 'whose')).toBe(2);
  servers[0] = await servers[0]!.again();
  expect(await value(servers[0].url, 'whose')).toBe(1);
});
