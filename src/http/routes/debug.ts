/**
 * /debug/pprof/*: profiles of this process where Prometheus has those of Go, so that `promtool debug`, `go tool pprof` and continuous
 * profilers work. As there it needs no flag; one profile is made at a time, for `web.max_profile_duration` at most.
 */
import zlib from 'node:zlib';
import { promisify } from 'node:util';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { FormParams } from '../../api/form.js';
import type { HttpDeps } from '../deps.js';
import { defineRoute, sendText } from '../route.js';

const gzip = promisify(zlib.gzip);
/** Answered while the server starts, too: that is when one wants to know what it does. */
const KIND = { api: false, gated: false } as const;
/** Go's default; promtool asks for as much. */
const CPU_SECONDS_DEFAULT = 30;
const HEAP_SECONDS_DEFAULT = 5;
/** What an execution trace of Go begins with. There is no scheduler to trace here, so nothing follows. */
const TRACE_HEADER = Buffer.from('go 1.22 trace\0\0\0');

const PROFILES: readonly (readonly [name: string, what: string])[] = [
  ['allocs', `What is allocated on the heaps of JavaScript within ?seconds= (${HEAP_SECONDS_DEFAULT}).`],
  ['block', 'Empty: threads here do not wait for locks.'],
  ['cmdline', 'The command line.'],
  ['goroutine', 'The threads that run JavaScript, one sample each.'],
  ['heap', `What is allocated within ?seconds= (${HEAP_SECONDS_DEFAULT}) and still reachable then. The engine knows nothing of before.`],
  ['mutex', 'Empty, like block.'],
  ['profile', `What the threads do for ?seconds= (${CPU_SECONDS_DEFAULT}), 100 samples a second each.`],
  ['threadcreate', 'The same as goroutine.'],
  ['trace', 'Empty: there is no scheduler of Go to trace.'],
];

export async function debugRoutes(app: FastifyInstance, deps: HttpDeps): Promise<void> {
  const { maxProfileMs, routePrefix } = deps.options;
  const offOr = (answer: (request: FastifyRequest, reply: FastifyReply) => Promise<FastifyReply> | FastifyReply) =>
    (request: FastifyRequest, reply: FastifyReply) => (maxProfileMs > 0 ? answer(request, reply)
      : sendText(reply, 404, '404 page not found: profiles are off (web.max_profile_duration)\n'));
  defineRoute(app, deps, '/debug/pprof', KIND, { GET: offOr((_request, reply) => reply.redirect(`${routePrefix}debug/pprof/`, 301)) });
  defineRoute(app, deps, '/debug/pprof/', KIND, {
    GET: offOr((_request, reply) => reply.header('content-type', 'text/html; charset=utf-8').send(indexPage())),
  });
  const profiles = new ProfileMaker(deps);
  defineRoute(app, deps, '/debug/pprof/:name', KIND, { GET: offOr((request, reply) => profiles.answer(request, reply)) });
}

class ProfileMaker {
  private running = false;

  constructor(private readonly deps: HttpDeps) {}

  async answer(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const name = nameOf(request.params);
    switch (name) {
      case 'cmdline':
        return sendText(reply, 200, process.argv.join('\0'));
      case 'trace':
        return sendBytes(reply, name, TRACE_HEADER);
      case 'profile':
        return this.timed(request, reply, name, CPU_SECONDS_DEFAULT, (seconds, signal) => this.deps.profiles.cpu(seconds, signal));
      case 'heap':
      case 'allocs':
        return this.timed(request, reply, name, HEAP_SECONDS_DEFAULT, (seconds, signal) => this.deps.profiles.heap(name, seconds, signal));
      default: {
        const bytes = await this.deps.profiles.instant(name);
        return bytes === undefined ? sendText(reply, 404, 'Unknown profile\n') : sendBytes(reply, name, await gzip(bytes));
      }
    }
  }

  /** A profile that takes its time. It ends with the connection of the client. */
  private async timed(
    request: FastifyRequest, reply: FastifyReply, name: string, defaultSeconds: number,
    make: (seconds: number, signal: AbortSignal) => Promise<Uint8Array>,
  ): Promise<FastifyReply> {
    const maxSeconds = this.deps.options.maxProfileMs / 1000;
    const asked = Number(formOf(request).get('seconds'));
    // As Go reads it: whatever is no number above 0 is the default.
    const seconds = asked > 0 && Number.isInteger(asked) ? asked : Math.min(defaultSeconds, maxSeconds);
    if (seconds > maxSeconds) return sendText(reply, 400, `profile duration exceeds web.max_profile_duration (${maxSeconds} s)\n`);
    if (this.running) return sendText(reply, 500, 'Could not enable profiling: a profile is being made already\n');
    this.running = true;
    const gone = new AbortController();
    const leave = (): void => gone.abort();
    reply.raw.once('close', leave);
    try {
      return sendBytes(reply, name, await gzip(await make(seconds, gone.signal)));
    } finally {
      reply.raw.off('close', leave);
      this.running = false;
    }
  }
}

function sendBytes(reply: FastifyReply, name: string, bytes: Buffer): FastifyReply {
  return reply.header('content-type', 'application/octet-stream').header('x-content-type-options', 'nosniff')
    .header('content-disposition', `attachment; filename="${name}"`).send(bytes);
}

function nameOf(params: unknown): string {
  return typeof params === 'object' && params !== null && 'name' in params ? String(params.name) : '';
}

function formOf({ raw: { url = '' } }: FastifyRequest): FormParams {
  const mark = url.indexOf('?');
  return new FormParams(mark < 0 ? '' : url.slice(mark + 1));
}

function indexPage(): string {
  const rows = PROFILES.map(([name, what]) => `<tr><td><a href="${name}">${name}</a></td><td>${what}</td></tr>`);
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>/debug/pprof/</title></head>
<body><h1>/debug/pprof/</h1>
<p>Profiles of this server in pprof's format, for <code>go tool pprof</code> and <code>promtool debug</code>.</p>
<table>${rows.join('\n')}</table>
</body></html>
`;
}
