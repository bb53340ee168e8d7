/** Real programs that scrape a target and send what they find. */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { freePort } from '../e2e/support/server.js';
import { answers, PeerProcess, startPrometheus } from './peers.js';

/** Message of Prometheus' remote write, or vmagent, which has one of its own. */
export type SenderKind = 'prometheus.WriteRequest' | 'io.prometheus.write.v2.Request' | 'vmagent';
export const SENDERS: readonly SenderKind[] = ['prometheus.WriteRequest', 'io.prometheus.write.v2.Request', 'vmagent'];

export interface SenderSetup {
  /** Where it sends to. */
  readonly url: string;
  /** Host and port. */
  readonly target: string;
  /** `global` of the configuration. */
  readonly scrape: { readonly scrape_interval: string; readonly scrape_timeout?: string };
  /** `queue_config` of Prometheus. */
  readonly queue: object;
  readonly vmagentFlags: readonly string[];
}

/** Until the test has finished. */
export async function startSender(kind: SenderKind, { url, target, scrape, queue, vmagentFlags }: SenderSetup): Promise<void> {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), 'narthex-sender-'));
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }));
  const config = { global: scrape, scrape_configs: [{ job_name: 'target', static_configs: [{ targets: [target] }] }] };
  if (kind !== 'vmagent') {
    const remote_write = [{ url, protobuf_message: kind, queue_config: queue }];
    const { process } = await startPrometheus(directory, 'sender', { ...config, remote_write });
    onTestFinished(() => process.stop());
    return;
  }
  fs.writeFileSync(path.join(directory, 'sender.yml'), JSON.stringify(config));
  const port = await freePort();
  const process = new PeerProcess('vmagent', [
    '-promscrape.config=sender.yml', `-httpListenAddr=127.0.0.1:${port}`, `-remoteWrite.url=${url}`, '-remoteWrite.tmpDataPath=data',
    '-remoteWrite.flushInterval=200ms', ...vmagentFlags,
  ], directory);
  onTestFinished(() => process.stop());
  await answers(`http://127.0.0.1:${port}/health`);
}
