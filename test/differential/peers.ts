/** Real programs to compare with. They are not part of this repository: name their folder in NARTHEX_PEERS. */
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { freePort } from '../e2e/support/server.js';
import { eventually } from '../support/eventually.js';

const folder = process.env['NARTHEX_PEERS'];

/** Path of a peer's program, undefined if it cannot be had. */
export function peer(name: string): string | undefined {
  const file = folder === undefined ? '' : path.join(folder, 'usr/bin', name);
  return fs.existsSync(file) ? file : undefined;
}

export const peersMissing = peer('prometheus') === undefined;
/** For the name of a skipped suite. */
export const peersNote = peersMissing ? ' (skipped: NARTHEX_PEERS names no folder with usr/bin/prometheus)' : '';

/** A peer's process; ended by its pid. */
export class PeerProcess {
  private readonly exited: Promise<void>;
  private output = '';

  constructor(name: string, args: readonly string[], cwd: string) {
    this.child = spawn(peer(name)!, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.child.stdout, this.child.stderr]) stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exited = new Promise((resolve) => void this.child.once('exit', () => resolve()));
  }

  private readonly child: ChildProcess;

  get log(): string {
    return this.output;
  }

  async stop(): Promise<void> {
    if (this.child.exitCode === null) this.child.kill('SIGTERM');
    await this.exited;
  }
}

/** Waits until the URL answers 200. */
export function answers(url: string): Promise<void> {
  return eventually(`${url} answers`, () => fetch(url).then(async (response) => {
    await response.arrayBuffer();
    return response.status === 200;
  }, () => false));
}

export interface PeerServer {
  readonly url: string;
  readonly process: PeerProcess;
}

export interface PrometheusSetup {
  readonly flags?: readonly string[];
  readonly port?: number;
  /** What the flags make the prefix of all routes. */
  readonly prefix?: string;
}

/** Starts a Prometheus and waits until it is ready. It has to be stopped by the test. `name` is that of its files in `directory`. */
export async function startPrometheus(
  directory: string, name: string, config: object, { flags = [], port, prefix = '' }: PrometheusSetup = {},
): Promise<PeerServer> {
  fs.writeFileSync(path.join(directory, `${name}.yml`), JSON.stringify(config));
  const address = `127.0.0.1:${port ?? await freePort()}`;
  const process = new PeerProcess('prometheus', [
    `--config.file=${name}.yml`, `--web.listen-address=${address}`, `--storage.tsdb.path=${name}`, ...flags,
  ], directory);
  const url = `http://${address}`;
  try {
    await answers(`${url}${prefix}/-/ready`);
  } catch (error) {
    await process.stop();
    throw new Error(`no Prometheus: ${process.log}`, { cause: error });
  }
  return { url, process };
}
