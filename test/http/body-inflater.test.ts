/** What is decompressed at a time: bodies are small until they are inflated, so their number is what bounds memory. */
import zlib from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BodyInflater } from '../../src/http/body-inflater.js';
import { HttpError } from '../../src/http/error-table.js';

const BODY = zlib.gzipSync(Buffer.alloc(100_000, 'x'));

/** `bodies` at once, some broken; the largest number that had been begun and was not yet accounted for. */
async function inflateAll(bodies: Buffer[], hold: (bytes: number) => void = () => undefined) {
  const inflater = new BodyInflater({ maxDecodedBytes: 200_000, maxInflating: 2 });
  const done: number[] = [];
  const results = await Promise.allSettled(bodies.map((body, at) => inflater.inflate('gzip', body, (bytes) => {
    done.push(at);
    hold(bytes);
  })));
  return { done, results, again: await inflater.inflate('gzip', BODY, () => undefined) };
}

describe('a few bodies at a time', () => {
  it('in the order in which they came, and all of them', async () => {
    const { done, results } = await inflateAll(Array.from({ length: 40 }, () => BODY));
    expect(results.every((one) => one.status === 'fulfilled' && one.value.length === 100_000)).toBe(true);
    // With two at a time neighbours may change places, nobody else.
    expect(done.every((at, turn) => Math.abs(at - turn) <= 1)).toBe(true);
  });
  it('broken ones, too large ones and those that the gate refuses give their turn back', async () => {
    const bomb = zlib.gzipSync(Buffer.alloc(300_000));
    const refuse = (): void => {
      throw new HttpError('ingest_overloaded', 'too many bytes in flight');
    };
    const { results, again } = await inflateAll([Buffer.from('broken'), bomb, BODY, Buffer.from('broken'), bomb, BODY], refuse);
    expect(results.map((one) => one.status === 'rejected' && one.reason instanceof HttpError && one.reason.code)).toEqual([
      'corrupt_body', 'decoded_too_large', 'ingest_overloaded', 'corrupt_body', 'decoded_too_large', 'ingest_overloaded',
    ]);
    expect(again.length).toBe(100_000);
  });
  it('what is not compressed waits for nobody', async () => {
    const inflater = new BodyInflater({ maxDecodedBytes: 200_000, maxInflating: 0 });
    expect(await inflater.inflate('identity', BODY, () => undefined)).toBe(BODY);
  });
});
