/**
 * A server whose disk fails in one way after another. Each time: what cannot be kept is answered 503 with Retry-After and the reason,
 * queries go on, it recovers without a restart once the disk works again, and nothing that was acknowledged is lost, also not by a kill.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { write } from '../support/remote-write-client.js';
import { FaultyDisk, type DiskFault } from './support/faulty-disk.js';
import { value } from './support/query.js';
import { Server, sleep } from './support/server.js';

const SERIES = 500;
const STEP_MS = 1000;
/** Requests without a pause. */
const BURST = 20;
const disk = FaultyDisk.make();
let server: Server | undefined;
afterEach(async () => {
  disk?.fail();
  await server?.remove();
});
afterAll(() => disk?.remove());

/** Writes step after step, and knows what was acknowledged. */
class Sender {
  private readonly firstMs = Date.now() - 3_600_000;
  private readonly acknowledged: number[] = [];
  step = 0;

  /** One request; the same samples again until they are acknowledged. */
  async send(metric = 'faults'): Promise<{ status: number; text: string; retryAfter: number }> {
    const series = Array.from({ length: SERIES }, (_, s) => ({
      labels: { __name__: metric, s: String(s) }, samples: [{ timestampMs: this.firstMs + this.step * STEP_MS, value: this.step + s / 7 }],
    }));
    const { status, text, headers } = await write(server!.url, 1, series);
    if (status === 204 && metric === 'faults') this.acknowledged.push(this.step++);
    return { status, text, retryAfter: Number(headers.get('retry-after')) };
  }

  /** Sends until an answer has this status, however many requests that takes: a log has room ahead, and is tried again in its own time. */
  async until(status: 204 | 503): Promise<{ text: string; retryAfter: number }> {
    let answer = await this.send();
    await happens(`an answer ${status}`, async () => {
      for (let i = 0; i < BURST && answer.status !== status; i++) {
        expect([204, 503], answer.text).toContain(answer.status);
        answer = await this.send();
      }
      return answer.status === status;
    });
    return answer;
  }

  /** Every acknowledged sample is there, with its value. */
  async check(): Promise<void> {
    // What was refused may be there, or not: it has a later time.
    const end = (this.firstMs + (this.step - 1) * STEP_MS) / 1000;
    expect(await value(server!.url, `count(count_over_time(faults[1h]) == ${this.acknowledged.length})`, end)).toBe(SERIES);
    const sum = this.acknowledged.reduce((total, one) => total + one, 0);
    expect(await value(server!.url, 'sum_over_time(faults{s="0"}[1h])', end)).toBe(sum);
  }

  /** The same after a kill, and after a start on a disk that works. */
  async checkKilled(): Promise<void> {
    await this.check();
    await server!.kill();
    server = await server!.again();
    await this.check();
  }
}

async function start(...flags: string[]): Promise<Sender> {
  server = await Server.start({ flags: ['--web.enable-admin-api', ...flags], environment: disk!.environment });
  return new Sender();
}

function configured(text: string): string {
  const file = path.join(fs.mkdtempSync(path.join(path.dirname(server?.directory ?? '/tmp/x'), 'narthex-config-')), 'narthex.yml');
  fs.writeFileSync(file, text);
  return `--config.file=${file}`;
}

async function admin(what: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`${server!.url}/api/v1/admin/tsdb/${what}`, { method: 'POST' });
  return { status: response.status, text: await response.text() };
}

/** Whatever changes anything. */
const everything = (errno: DiskFault['errno'], where: string): DiskFault[] =>
  (['write', 'rename', 'unlink', 'mkdir', 'link'] as const).map((call) => ({ call, errno, where }));

describe.skipIf(disk === undefined)('a disk that fails', () => {
  it('fdatasync: a request that waits for it is not acknowledged; the log is written anew', async () => {
    const sender = await start(configured('wal:\n  sync: always\n'));
    await sender.until(204);
    disk!.fail({ call: 'sync', errno: 'EIO', where: '/heads/' });
    const refused = await sender.until(503);
    expect(refused.text).toMatch(/the log cannot be made durable: .*EIO/);
    expect(refused.retryAfter).toBeGreaterThan(0);
    expect((await sender.send()).status, 'a retry must not find its samples in memory and be acknowledged').toBe(503);
    expect(await value(server!.url, 'count(faults)', Date.now() / 1000 - 3600)).toBe(SERIES);
    disk!.fail();
    await sender.until(204);
    for (let i = 0; i < 5; i++) await sender.until(204);
    await happens('a log from memory', () => server!.log.includes('was written anew from memory'));
    await sender.checkKilled();
  });

  it('open: no descriptors are left when the log needs a new segment, a head its block, a snapshot its files', async () => {
    const sender = await start(configured('wal:\n  segment_size: 1MiB\n'));
    await sender.until(204);
    disk!.fail({ call: 'open', errno: 'EMFILE', where: server!.directory });
    const flushed = await admin('flush');
    expect([flushed.status, flushed.text]).toEqual([500, expect.stringMatching(/EMFILE|unable to open/)]);
    expect((await admin('snapshot')).status).toBe(500);
    const refused = await sender.until(503);
    expect(refused.text).toMatch(/the log cannot be (written|made durable): .*EMFILE/);
    expect(refused.retryAfter).toBeGreaterThan(0);
    await sender.check();
    disk!.fail();
    await sender.until(204);
    expect(await admin('flush')).toMatchObject({ status: 204 });
    expect((await admin('snapshot')).status).toBe(200);
    await sender.checkKilled();
  });

  it('a file system that became read-only', async () => {
    const sender = await start();
    for (let i = 0; i < 5; i++) await sender.until(204);
    disk!.fail(...everything('EROFS', server!.directory), { call: 'sync', errno: 'EROFS', where: server!.directory });
    const refused = await sender.until(503);
    expect(refused.text).toMatch(/the log cannot be (written|made durable): .*EROFS/);
    expect(refused.retryAfter).toBeGreaterThan(0);
    await sender.check();
    expect((await admin('flush')).status).toBe(500);
    expect((await admin('delete_series?match[]=none')).status).toBe(204);
    expect((await admin('delete_series?match[]=faults')).status).toBe(503);
    disk!.fail();
    await sender.until(204);
    await sender.checkKilled();
  });

  it.each(['ENOSPC', 'EIO'] as const)('the catalogue alone (%s): samples are stored, metadata and exemplars follow later', async (errno) => {
    const sender = await start();
    await sender.until(204);
    disk!.fail({ call: 'write', errno, where: '/catalogue.sqlite' }, { call: 'sync', errno, where: '/catalogue.sqlite' });
    await fetch(`${server!.url}/v1/metrics`, {
      method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [
        { name: 'described', description: 'told while the disk failed', gauge: { dataPoints: [{ timeUnixNano: `${Date.now()}000000`, asDouble: 1 }] } },
      ] }] }] }),
    }).then((response) => expect(response.status).toBe(200));
    for (let i = 0; i < 5; i++) await sender.until(204);
    await happens('a catalogue that cannot be written', () => server!.log.includes('catalogue write failed'));
    const help = async (): Promise<string> => (await fetch(`${server!.url}/api/v1/metadata?metric=described`)).text();
    expect(await help()).toBe('{"status":"success","data":{}}');
    disk!.fail();
    await happens('metadata', async () => (await help()).includes('told while the disk failed'));
    await sender.checkKilled();
    expect(await help()).toContain('told while the disk failed');
  });

  it.each(['EXDEV', 'EPERM'] as const)('a file system without hard links (%s): a snapshot has copies', async (errno) => {
    const sender = await start();
    for (let i = 0; i < 5; i++) await sender.until(204);
    expect((await admin('flush')).status).toBe(204);
    await sender.until(204);
    disk!.fail({ call: 'link', errno, where: '/snapshots/' });
    const { status, text } = await admin('snapshot');
    expect(status).toBe(200);
    const { data: { name } } = JSON.parse(text) as { data: { name: string } };
    const copy = path.join(server!.directory, 'snapshots', name);
    const blocks = fs.readdirSync(path.join(copy, 'blocks'));
    expect(blocks.map((block) => fs.statSync(path.join(copy, 'blocks', block)).nlink)).toEqual([1]);
    const first = server!;
    server = await Server.start({ directory: copy });
    await sender.check();
    await server.kill();
    server = first;
  });
});

describe('a data directory', () => {
  it('that is moved away: nothing is acknowledged that a restart would not find; queries go on; it is accepted back', async () => {
    server = await Server.start();
    const sender = new Sender();
    for (let i = 0; i < 5; i++) await sender.until(204);
    const [directory, aside] = [server.directory, `${server.directory}-aside`];
    fs.renameSync(directory, aside);
    await happens('a directory that is missed', () => server!.log.includes('was removed or replaced'));
    const refused = await sender.send();
    expect(refused).toMatchObject({ status: 503, text: expect.stringContaining('was removed or replaced') as string });
    expect(refused.retryAfter).toBeGreaterThan(0);
    await sender.check();
    fs.renameSync(aside, directory);
    await sender.until(204);
    await sender.checkKilled();
  });

  it('that is removed: 503 until the restart, with queries', async () => {
    server = await Server.start();
    const sender = new Sender();
    for (let i = 0; i < 5; i++) await sender.until(204);
    fs.rmSync(server.directory, { recursive: true });
    await happens('a directory that is missed', () => server!.log.includes('was removed or replaced'));
    expect((await sender.send()).status).toBe(503);
    await sender.check();
    expect((await fetch(`${server.url}/-/healthy`)).status).toBe(200);
    await server.kill();
    server = await server.again();
    expect((await sender.send()).status).toBe(204);
  });
});

/** Needs prlimit, which changes the limit of a process that runs. */
function limitDescriptors(pid: number, most: number | 'unlimited'): void {
  execFileSync('prlimit', ['--pid', String(pid), `--nofile=${most === 'unlimited' ? 4096 : most}:`]);
}

const hasPrlimit = process.platform === 'linux' && spawnSync('prlimit', ['--version']).status === 0;

describe.skipIf(!hasPrlimit)('file descriptors', () => {
  it('that are used up by connections keep nobody out who is in, and all come in later', async () => {
    server = await Server.start();
    const sender = new Sender();
    for (let i = 0; i < 5; i++) await sender.until(204);
    const inUse = fs.readdirSync(`/proc/${server.pid}/fd`).map(Number);
    limitDescriptors(server.pid, Math.max(...inUse) + 3);
    const sockets = await Promise.all(Array.from({ length: 60 }, () => connected(server!.port)));
    await sleep(200);
    // On the connection that is open.
    await sender.until(204);
    await sender.check();
    limitDescriptors(server.pid, 'unlimited');
    for (const socket of sockets) socket.destroy();
    await happens('a new connection', () => fetch(`${server!.url}/-/healthy`, { headers: { connection: 'close' } }).then(({ status }) => status === 200, () => false));
    await sender.checkKilled();
  });
});

function connected(port: number): Promise<net.Socket> {
  return new Promise((resolve) => {
    const socket = net.connect(port, '127.0.0.1', () => resolve(socket));
    socket.on('error', () => resolve(socket));
  });
}

const happens = (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => eventually(what, holds, () => server!.log);
