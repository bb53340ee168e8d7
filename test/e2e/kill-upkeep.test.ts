/**
 * kill -9 at random moments, and now and then an orderly stop, while everything goes on at once: all protocols with late samples and
 * series that come and go, heads of ten minutes in very little memory that are closed early and become blocks, compaction, deletions,
 * cleaning, snapshots. After every start no stored sample is lost or altered, and nothing that was deleted is back.
 *
 * A long run, and one that failed again:
 *
 *   KILL_ROUNDS=200 npx vitest run test/e2e/kill-upkeep.test.ts
 *   SEED=12345 npx vitest run test/e2e/kill-upkeep.test.ts
 */
import fs from 'node:fs';
import path from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Random } from '../support/random.js';
import { admin, LedgerLane } from './support/ledger.js';
import { PROTOCOLS } from './support/protocol.js';
import { removeAll, Server, sleep } from './support/server.js';

const rounds = Number(process.env['KILL_ROUNDS'] ?? 4);
const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000);
const ENVIRONMENT = {
  NARTHEX_STORAGE_HEAD_RANGE: '10m', NARTHEX_STORAGE_HEAD_MEMORY: '8MiB', NARTHEX_STORAGE_HEAD_CLOSE_MIN_AGE: '1m',
  NARTHEX_STORAGE_TSDB_MAX_BLOCK_DURATION: '2h', NARTHEX_STORAGE_TSDB_RETENTION_TIME: '30d', NARTHEX_QUERY_WORKERS: '1',
  NARTHEX_WEB_ENABLE_ADMIN_API: 'true',
};

const servers: Server[] = [];
afterAll(() => removeAll(servers));

/** Deletes, cleans and copies until the server is gone. */
async function administer(server: Server, lanes: readonly LedgerLane[], random: Random): Promise<void> {
  try {
    while (server.running) {
      await sleep(random.below(200));
      const what = random.below(10);
      if (what < 7) await lanes[random.below(lanes.length)]!.deleteSome(server);
      else if (what < 9) await admin(server, 'clean_tombstones');
      else await admin(server, 'snapshot');
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error; // no connection
  }
}

function countFiles(server: Server, folder: string): number {
  return fs.readdirSync(path.join(server.directory, folder)).length;
}

it('kill -9 during upkeep loses nothing, alters nothing, and brings nothing deleted back', async () => {
  const random = new Random(seed);
  const startMs = Math.floor(Date.now() / 3_600_000) * 3_600_000 - 20 * 24 * 3_600_000;
  const lanes: LedgerLane[] = [];
  for (const [i, protocol] of PROTOCOLS.entries()) lanes.push(new LedgerLane(`${i}`, protocol, startMs, new Random(seed + i), lanes));
  let server = await Server.start({ environment: ENVIRONMENT });
  servers.push(server);
  try {
    for (let round = 0; round < rounds; round++) {
      const working = [...lanes.map((lane) => lane.run(server)), administer(server, lanes, random)];
      await sleep(1000 + random.below(2500));
      if (random.below(4) === 0) expect(await server.stop()).toBe(0);
      else await server.kill();
      await Promise.all(working);
      expect(server.log).not.toMatch(/BUG|level="?(error|fatal)/i);
      fs.rmSync(path.join(server.directory, 'snapshots'), { recursive: true, force: true });
      server = await server.again();
      servers.push(server);
      for (const lane of lanes) await lane.settle(server);
      let samples = 0;
      for (const lane of lanes) samples += await lane.check(server);
      if (rounds > 10) console.info(`round ${round}: ${samples} samples, ${countFiles(server, 'blocks')} files of blocks`);
    }
    // How many blocks there were by now is a matter of time: at the end all of it is blocks, and is compared once more.
    await admin(server, 'flush');
    expect(countFiles(server, 'blocks'), 'heads that became blocks').toBeGreaterThan(0);
    for (const lane of lanes) await lane.check(server);
  } catch (error) {
    throw new Error(`SEED=${seed} npx vitest run test/e2e/kill-upkeep.test.ts\n${server.log.slice(-5000)}`, { cause: error });
  }
}, 120_000 + rounds * 60_000);
