/** Both servers of a run, each with a data directory of its own, on loopback ports. */
import { type ChildProcess, spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../dist/main.js', import.meta.url));
const FEATURES = '--enable-feature=promql-experimental-functions,promql-per-step-stats';
const READY_MS_MAX = 30_000;
const OUTPUT_MAX = 20_000;

export class TestServer {
  private output = '';
  private child!: ChildProcess;
  private exited!: Promise<void>;

  private constructor(private readonly command: readonly string[], readonly base: string, private readonly directory: string) {
    this.spawn();
  }

  private spawn(): void {
    const [program, ...args] = this.command;
    const child = spawn(program!, args, { cwd: this.directory, stdio: ['ignore', 'pipe', 'pipe'] });
    const keep = (chunk: Buffer): void => {
      this.output = (this.output + chunk.toString()).slice(-OUTPUT_MAX);
    };
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    // A run that is interrupted leaves no server behind.
    const end = (): void => void child.kill('SIGTERM');
    process.once('exit', end);
    this.exited = new Promise((resolve) => void child.once('exit', () => {
      process.off('exit', end);
      resolve();
    }));
    this.child = child;
  }

  static narthex(): Promise<TestServer> {
    return TestServer.start((port, directory) => [
      process.execPath, MAIN, `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${directory}`, FEATURES,
      '--web.enable-admin-api',
    ]);
  }

  static prometheus(program: string): Promise<TestServer> {
    return TestServer.start((port, directory) => {
      fs.writeFileSync(path.join(directory, 'prometheus.yml'), 'global: {}\n');
      return [
        program, `--config.file=${path.join(directory, 'prometheus.yml')}`, `--web.listen-address=127.0.0.1:${port}`,
        `--storage.tsdb.path=${path.join(directory, 'data')}`, `${FEATURES},native-histograms,promql-duration-expr`,
        '--web.enable-remote-write-receiver',
        '--web.remote-write-receiver.accepted-protobuf-messages=prometheus.WriteRequest',
        '--web.remote-write-receiver.accepted-protobuf-messages=io.prometheus.write.v2.Request',
      ];
    });
  }

  private static async start(command: (port: number, directory: string) => string[]): Promise<TestServer> {
    const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-differential-'));
    const port = await freePort();
    const server = new TestServer(command(port, directory), `http://127.0.0.1:${port}`, directory);
    try {
      await server.ready();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  private async ready(): Promise<void> {
    for (const deadline = Date.now() + READY_MS_MAX; Date.now() < deadline; ) {
      if (this.child.exitCode !== null) throw new Error(`${this.child.spawnfile} exited: ${this.output}`);
      const status = await fetch(`${this.base}/-/ready`).then(async (response) => {
        await response.arrayBuffer();
        return response.status;
      }, () => 0);
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`${this.child.spawnfile} was not ready after ${READY_MS_MAX} ms: ${this.output}`);
  }

  /** Makes blocks of all heads of a narthex. @throws Error if it refuses */
  async flush(): Promise<void> {
    const response = await fetch(`${this.base}/api/v1/admin/tsdb/flush`, { method: 'POST' });
    if (response.status !== 204) throw new Error(`${this.base}: flush answered ${response.status}: ${await response.text()}`);
  }

  /** Ends it and starts it again with the same data. @throws Error if it does not become ready */
  async restart(): Promise<void> {
    await this.end();
    this.spawn();
    await this.ready();
  }

  /** Ends it and removes its data. */
  async remove(): Promise<void> {
    await this.end();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }

  private async end(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGTERM');
    await this.exited;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}
