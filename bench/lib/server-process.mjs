// The real server as a process of its own, with a data directory that goes with it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export const WRITE_HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'snappy' };

export function freePort() {
  return new Promise((resolve) => {
    const server = net.createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export async function startServer(environment = {}) {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-bench-'));
  const port = await freePort();
  const flags = [`--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${directory}`];
  const child = spawn(process.execPath, [MAIN, ...flags], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, NARTHEX_OTLP_GRPC_LISTEN_ADDRESS: 'off', NARTHEX_OTLP_HTTP_LISTEN_ADDRESS: 'off', ...environment },
  });
  const lines = createInterface({ input: child.stderr });
  // A preloaded monitor answers a signal with a line of JSON; everything else is passed on.
  let answered;
  lines.on('line', (line) => (answered !== undefined && line.startsWith('{') ? answered(line) : console.error(line)));
  const url = `http://127.0.0.1:${port}`;
  for (let i = 0; ; i++) {
    const ready = await fetch(`${url}/-/ready`).then((answer) => answer.ok, () => false);
    if (ready) break;
    if (i > 300 || child.exitCode !== null) throw new Error('the server did not start');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url,
    pid: child.pid,
    /** Sends a remote write 1.0 body. @throws unless it is stored; a status that `mayBe` names is returned */
    write: async (body, mayBe = []) => {
      const answer = await fetch(`${url}/api/v1/write`, { method: 'POST', body, headers: WRITE_HEADERS });
      const text = await answer.text();
      if (answer.status !== 204 && !mayBe.includes(answer.status)) throw new Error(`write: ${answer.status} ${text}`);
      return answer.status;
    },
    /** CPU time of the process since it began, in steps of 10 ms. */
    cpuMs: () => {
      const fields = fs.readFileSync(`/proc/${child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    /** The same of its main thread alone, which takes requests and sends answers. */
    mainThreadCpuMs: () => {
      const fields = fs.readFileSync(`/proc/${child.pid}/task/${child.pid}/stat`, 'utf8').replace(/^.*\) /, '').split(' ');
      return (Number(fields[11]) + Number(fields[12])) * 10;
    },
    /** Resident bytes. */
    rss: () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024,
    /** The most there ever were. */
    peakRss: () => Number(/VmHWM:\s+(\d+)/.exec(fs.readFileSync(`/proc/${child.pid}/status`, 'utf8'))[1]) * 1024,
    /** Sends a signal to a preloaded monitor and resolves with its line. */
    signal: async (name) => {
      const line = await new Promise((resolve) => {
        answered = resolve;
        child.kill(name);
      });
      answered = undefined;
      return line;
    },
    /** Resident bytes of its mappings of 4 GiB and more: arenas, also those that nobody uses any more. */
    arenas: () => {
      let resident = 0;
      let count = 0;
      let isArena = false;
      for (const line of fs.readFileSync(`/proc/${child.pid}/smaps`, 'utf8').split('\n')) {
        const size = /^Size:\s+(\d+)/.exec(line);
        if (size) {
          isArena = Number(size[1]) >= 4 * 2 ** 20;
          continue;
        }
        const rss = isArena && /^Rss:\s+(\d+)/.exec(line);
        if (!rss) continue;
        resident += Number(rss[1]) * 1024;
        if (Number(rss[1]) > 0) count++;
      }
      return { count, resident };
    },
    /** Value of a metric without labels, or the sum over its labels. */
    metric: async (name) => {
      const text = await (await fetch(`${url}/metrics`)).text();
      return text.split('\n').filter((line) => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
    },
    query: async (expression, seconds) => {
      const answer = await fetch(`${url}/api/v1/query?${new URLSearchParams({ query: expression, time: String(seconds) })}`);
      const { data, error } = await answer.json();
      if (error) throw new Error(`${expression}: ${error}`);
      return Number(data.result[0]?.value[1]);
    },
    stop: async () => {
      child.kill('SIGTERM');
      await new Promise((resolve) => (child.exitCode === null ? child.once('exit', resolve) : resolve()));
      fs.rmSync(directory, { recursive: true, force: true });
    },
  };
}
