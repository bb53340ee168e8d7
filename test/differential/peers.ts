/** Real programs to compare with. They are not part of this repository: name their folder in NARTHEX_PEERS. */
import { spawn, type ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

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

/** Polls until the URL answers 200. */
export async function answers(url: string, timeoutMs = 30_000): Promise<void> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; ) {
    const status = await fetch(url).then(async (response) => {
      await response.arrayBuffer();
      return response.status;
    }, () => 0);
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`${url} did not answer`);
}
