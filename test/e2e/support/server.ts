import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const MAIN = path.join(ROOT, 'dist', 'main.js');
const READY_MS_MAX = 30_000;

/** Tests run side by side: without this, two servers would meet at OTLP's own ports. */
const OWN_PORT_ONLY = { NARTHEX_OTLP_GRPC_LISTEN_ADDRESS: 'off', NARTHEX_OTLP_HTTP_LISTEN_ADDRESS: 'off' };

export interface ServerOptions {
  /** Data directory; default: a new one, removed by `remove`. */
  readonly directory?: string;
  readonly port?: number;
  readonly flags?: readonly string[];
  /** What the flags make the prefix of all routes, `/prom`. */
  readonly prefix?: string;
  /** Variables beside those of the test's own environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A server in a process of its own, on the loopback interface. It has to be stopped, or killed, by the test. */
export class Server {
  private output = '';
  private readonly exited: Promise<void>;

  private constructor(
    private readonly child: ChildProcess,
    readonly directory: string,
    readonly port: number,
    private readonly options: ServerOptions,
  ) {
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => void child.once('exit', () => resolve()));
  }

  /** Starts a server and returns at once. */
  static async spawn(options: ServerOptions = {}): Promise<Server> {
    if (!fs.existsSync(MAIN)) throw new Error(`${MAIN} is missing: npm run build`);
    const directory = options.directory ?? fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-e2e-'));
    const port = options.port ?? (await freePort());
    const child = spawn(
      process.execPath,
      [MAIN, `--web.listen-address=127.0.0.1:${port}`, `--storage.tsdb.path=${directory}`, ...(options.flags ?? [])],
      { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'], env: { ...cleanEnvironment(), ...OWN_PORT_ONLY, ...options.environment } },
    );
    return new Server(child, directory, port, options);
  }

  /** Starts a server and waits until it is ready. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = await Server.spawn(options);
    await server.ready();
    return server;
  }

  /** Spawns it again on the same data, on another port. */
  spawnAgain(): Promise<Server> {
    const { port: _, ...options } = this.options;
    return Server.spawn({ ...options, directory: this.directory });
  }

  /** The same, and waits until it is ready. */
  async again(): Promise<Server> {
    const server = await this.spawnAgain();
    await server.ready();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** Everything it wrote to its standard output and error. */
  get log(): string {
    return this.output;
  }

  get running(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  get exitCode(): number | null {
    return this.child.exitCode;
  }

  /** Waits for /-/ready. @throws with the server's output if it exits or takes too long */
  async ready(): Promise<void> {
    const deadline = Date.now() + READY_MS_MAX;
    while (Date.now() < deadline) {
      if (!this.running) throw new Error(`the server exited with ${this.child.exitCode ?? this.child.signalCode}:\n${this.output}`);
      const status = await fetch(`${this.url}${this.options.prefix ?? ''}/-/ready`).then(async (response) => {
        await response.text();
        return response.status;
      }, () => 0);
      if (status === 200) return;
      await sleep(20);
    }
    throw new Error(`the server was not ready after ${READY_MS_MAX} ms:\n${this.output}`);
  }

  /** As an operator stops it. Returns the exit code. */
  async stop(): Promise<number | null> {
    if (this.running) this.child.kill('SIGTERM');
    await this.exit();
    return this.child.exitCode;
  }

  /** As the machine stops it. */
  async kill(): Promise<void> {
    if (this.running) this.child.kill('SIGKILL');
    await this.exit();
  }

  /** Waits until it is gone. */
  exit(): Promise<void> {
    return this.exited;
  }

  /** Kills it, if it still runs, and removes its data. For `afterAll`. */
  async remove(): Promise<void> {
    await this.kill();
    fs.rmSync(this.directory, { recursive: true, force: true });
  }
}

/** For `afterAll`. Some of them may have one directory, so that none is removed before all are gone. */
export async function removeAll(servers: readonly Server[]): Promise<void> {
  await Promise.all(servers.map((server) => server.kill()));
  await Promise.all(servers.map((server) => server.remove()));
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** A loopback port that nobody listens on now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => (typeof address === 'object' && address ? resolve(address.port) : reject(new Error('no port'))));
    });
  });
}

/** Without what configures a server, so that a developer's own settings do not change the tests. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(NARTHEX|OTEL|VITEST)_?/.test(name)));
}
