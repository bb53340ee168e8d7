/** zstd bodies: whole or refused, never shorter than what was sent. Node.js alone loses data here (see src/http/zstd-frames.ts). */
import zlib from 'node:zlib';
import { describe, expect, it, test } from 'vitest';
import { ZSTD_FRAMES_MAX, zstdFrames } from '../../src/http/zstd-frames.js';
import { Status } from '../../src/wire/schemas.js';
import { makeHarness } from './harness.js';

const HEADERS = { 'content-type': 'application/x-protobuf', 'content-encoding': 'zstd' };
const hex = (text: string): Buffer => Buffer.from(text, 'hex');
/** Made with Node.js 22; what they hold is in their names. */
const HELLO = hex('28b52ffd200631000068656c6c6f20');
const WORLD_WITH_CHECKSUM = hex('28b52ffd2405290000776f726c64ef51ee66');
const EMPTY = hex('28b52ffd2000010000');
/** 5000 times `a`: a block of one repeated byte after a compressed one, content size of two bytes. */
const REPEATED = hex('28b52ffd6088124d0000106161010083d3032c');
const SKIPPABLE = hex('5e2a4d1803000000ffffff');
const FRAMES = { HELLO, WORLD_WITH_CHECKSUM, EMPTY, REPEATED };

describe('frames', () => {
  test.each(Object.entries(FRAMES))('%s is one frame, whatever stands before and behind it', (_name, frame) => {
    expect(zstdFrames(frame)).toEqual([frame]);
    expect(zstdFrames(Buffer.concat([SKIPPABLE, frame, SKIPPABLE, HELLO, SKIPPABLE]))).toEqual([frame, HELLO]);
  });
  test.each(Object.entries(FRAMES))('%s cut off anywhere, or with a byte behind it, is refused', (_name, frame) => {
    for (let length = 0; length < frame.length; length++) {
      expect(() => zstdFrames(frame.subarray(0, length)), `${length} bytes`).toThrow('unexpected end');
      expect(() => zstdFrames(Buffer.concat([HELLO, frame.subarray(0, Math.max(length, 1))])), `${length} bytes behind`).toThrow('unexpected end');
    }
    expect(() => zstdFrames(Buffer.concat([frame, hex('00000000')]))).toThrow(`no frame at byte ${frame.length}`);
  });
  it('a skippable frame cut off, a block of the reserved type', () => {
    expect(() => zstdFrames(SKIPPABLE.subarray(0, -1))).toThrow('unexpected end');
    expect(() => zstdFrames(hex('28b52ffd2006370000'))).toThrow('no block at byte 6');
  });
  it('so many and no more', () => {
    expect(zstdFrames(Buffer.concat(Array.from({ length: ZSTD_FRAMES_MAX }, () => EMPTY)))).toHaveLength(ZSTD_FRAMES_MAX);
    expect(() => zstdFrames(Buffer.concat(Array.from({ length: ZSTD_FRAMES_MAX + 1 }, () => EMPTY)))).toThrow('more than 1024 frames');
  });
});

async function post(body: Buffer) {
  const { stored, gate, inject } = await makeHarness();
  const reply = await inject({ method: 'POST', url: '/api/v1/otlp/v1/metrics', headers: HEADERS, payload: body });
  expect([gate.inFlightRequests, gate.inFlightBytes]).toEqual([0, 0]);
  return { status: reply.statusCode, bodies: stored.map((one) => one.body.toString()), message: Status.decode(reply.rawPayload).message };
}

/** Node.js 20 has none; what it says there is as much a promise as what newer ones do. */
const native: unknown = 'zstdCompressSync' in zlib ? zlib.zstdCompressSync : undefined;
it.runIf(native === undefined)('bodies, without zstd in Node.js: 415 names what is accepted', async () => {
  expect(await post(HELLO)).toEqual({
    status: 415, bodies: [], message: 'Content-Encoding zstd is not supported; use one of identity, gzip, deflate',
  });
});

describe.skipIf(typeof native !== 'function')('bodies (skipped where Node.js has no zstd: before 22.15)', () => {
  // Names of skipped cases are made too.
  const compress = (content: string | Buffer): Buffer => typeof native === 'function' ? native(Buffer.from(content)) : EMPTY;
  test.each<[string, Buffer, string]>([
    ['one frame', HELLO, 'hello '],
    ['with a checksum', WORLD_WITH_CHECKSUM, 'world'],
    ['frames one behind the other', Buffer.concat([HELLO, WORLD_WITH_CHECKSUM, EMPTY, HELLO]), 'hello worldhello '],
    ['skippable frames', Buffer.concat([SKIPPABLE, HELLO, SKIPPABLE]), 'hello '],
    ['nothing but a skippable frame', SKIPPABLE, ''],
    ['an empty frame', EMPTY, ''],
    ['the largest allowed', compress('x'.repeat(8192)), 'x'.repeat(8192)],
    ['the largest allowed in two frames', Buffer.concat([compress('x'.repeat(8190)), compress('yz')]), `${'x'.repeat(8190)}yz`],
  ])('%s', async (_name, body, content) => expect(await post(body)).toEqual({ status: 200, bodies: [content], message: '' }));

  const flipped = Buffer.from(WORLD_WITH_CHECKSUM);
  flipped[10]! ^= 1;
  test.each<[string, Buffer, number, string]>([
    ['a bomb', compress(Buffer.alloc(1 << 22)), 413, 'larger than the limit of 8192 bytes'],
    ['one byte too many', compress('x'.repeat(8193)), 413, 'larger than the limit of 8192 bytes'],
    ['one byte too many in the second frame', Buffer.concat([compress('x'.repeat(8192)), compress('y')]), 413, 'larger than the limit'],
    ['a bomb in the second frame', Buffer.concat([HELLO, compress(Buffer.alloc(1 << 22))]), 413, 'larger than the limit'],
    ['cut off', HELLO.subarray(0, -1), 400, 'not valid zstd: unexpected end of the body'],
    ['cut off in the second frame', Buffer.concat([HELLO, HELLO.subarray(0, -1)]), 400, 'not valid zstd: unexpected end of the body'],
    ['other bytes behind the frame', Buffer.concat([HELLO, Buffer.from('more')]), 400, 'not valid zstd: no frame at byte 15'],
    ['a wrong checksum', flipped, 400, 'not valid zstd'],
    ['no zstd at all', Buffer.from('not zstd'), 400, 'not valid zstd: no frame at byte 0'],
    ['nothing', Buffer.alloc(0), 400, 'not valid zstd'],
  ])('%s is refused as a whole', async (_name, body, status, message) => {
    const reply = await post(body);
    expect([reply.status, reply.bodies]).toEqual([status, []]);
    expect(reply.message).toContain(message);
  });

  it('damaged anywhere: refused, or what was sent is there', async () => {
    const sent = 'the same words, '.repeat(40);
    const frame = compress(sent);
    for (let at = 0; at < frame.length; at++) {
      const damaged = Buffer.from(frame);
      damaged[at]! ^= 0xff;
      const { status, bodies } = await post(damaged);
      expect(status === 200 ? bodies[0]!.length : status, `byte ${at}`).toSatisfy((result) => [400, 413, sent.length].includes(result));
    }
  });
});
