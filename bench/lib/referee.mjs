// The side-by-side benchmark as a bench here uses it: its servers, its queries, and the data of its experiment `day`, of which each run
// gets a copy. `referee` is its folder (servers file, queries, start and stop of servers), `work` the one where `day` left data for each
// server.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

/** @param only names of servers, joined by commas; all if undefined */
export async function openReferee(referee, work, only) {
  const load = (file) => import(pathToFileURL(path.resolve(referee, file)).href);
  const { readServers, Server } = await load('lib/server.mjs');
  const { queries, toRequest, compare } = await load('queries.mjs');
  const set = JSON.parse(fs.readFileSync(path.resolve(work, 'set-day.json'), 'utf8'));

  /** Starts one on a copy of its data, and removes both afterwards. */
  async function withServer(spec, act) {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-bench-'));
    fs.cpSync(path.resolve(work, `run-${spec.name}-day`), directory, { recursive: true });
    const server = new Server(spec, directory);
    try {
      await server.start();
      await act(server);
    } finally {
      await server.stop();
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }

  return {
    set, toRequest, compare, withServer,
    servers: readServers(path.resolve(referee, 'servers.json'), only),
    list: queries(set),
    /** The last time that is asked for: aligned, and within the data. */
    lastSeconds: Math.floor((set.maxTs / 1000 - 60) / 300) * 300,
  };
}

/** Ends the process if a bench is started without the benchmark that it needs: with success in a smoke test. */
export function needReferee(name, { referee, work, smoke }) {
  if (referee !== undefined && work !== undefined) return;
  console.log(`${name}: needs --referee and --work, see its first lines`);
  process.exit(smoke ? 0 : 2);
}
