/** What the kernels leave of a remote write body to the decoder: it is read once, and before anything of the body is stored. */
import { afterEach, describe, expect, it } from 'vitest';
import { countsByReason, Door } from '../support/ingest-fixture.js';
import { compress, encodeWrite, zeroHistogram, type WriteSeries } from '../support/remote-write-client.js';
import { clockAt, HOUR, openStore, readAll, T0 } from '../support/store-fixture.js';
import { Stores } from '../support/stores.js';

const stores = new Stores(openStore);
afterEach(() => stores.closeAll());

async function door(): Promise<Door> {
  const clock = clockAt(T0 + 2 * HOUR);
  return new Door(await stores.open({}, clock), clock);
}

const up: WriteSeries = { labels: { __name__: 'up' }, samples: [{ timestampMs: T0, value: 1 }] };
const body = (...others: readonly Uint8Array[]): Uint8Array => compress(Buffer.concat([encodeWrite(1, [up]), ...others]));
/** Field 3 of the request, metadata. */
const metadata = (...bytes: readonly number[]): Uint8Array => Uint8Array.of(0x1a, bytes.length, ...bytes);

describe('remote write 1.0', () => {
  it('refuses a body with a part that cannot be read, and stores nothing of it', async () => {
    const one = await door();
    // A name that would be longer than the message around it.
    await expect(one.remoteWrite(1, body(metadata(0x12, 9, 0x61)))).rejects.toMatchObject({ name: 'IngestError', code: 'corrupt_body' });
    expect(readAll(one.store)).toEqual({});
    expect(await one.remoteWrite(1, body(metadata(0x12, 1, 0x61)))).toMatchObject({ samplesWritten: 1 });
  });

  it('decodes a body in full if it leaves something aside and has more samples than one walk takes', async () => {
    const one = await door();
    await one.remoteWrite(1, body());
    const long = (name: string) => ({ labels: { __name__: name }, samples: Array.from({ length: 100_000 }, (_, i) => ({ timestampMs: T0 + i, value: 1 })) });
    const many = body(metadata(0x12, 1, 0x61), encodeWrite(1, ['a', 'b', 'c'].map(long)), metadata(0x12, 1, 0x62));
    let asked = 0;
    expect(await one.store.db.appendRemoteWriteV1(many, undefined, () => (asked++, []))).toBe('general');
    expect(asked).toBe(0);
    expect(await one.remoteWrite(1, many)).toMatchObject({ samplesWritten: 300_001, rejects: [] });
    expect([one.appender.reports, one.appender.batches]).toMatchObject([[{}, 'general'], 1]);
  });

  it('leaves the kernels their part although a series beside it is refused', async () => {
    const one = await door();
    const histogram = (t: number): WriteSeries => ({ labels: { __name__: 'h' }, samples: [], histograms: [zeroHistogram(t)] });
    const float = (name: string, t: number): WriteSeries => ({ labels: { __name__: name }, samples: [{ timestampMs: t, value: 1 }] });
    const outcome = [await one.write(1, float('up', T0 + 1.9 * HOUR), histogram(T0 + 1.9 * HOUR))];
    outcome.push(await one.write(1, float('old', T0), histogram(T0 + 1.9 * HOUR + 1), float('up', T0 + 1.9 * HOUR)));
    expect(outcome.map(({ rejects }) => countsByReason(rejects))).toEqual([{}, { too_old: 1 }]);
    expect(one.appender.general).toBe(0);
  });
});
