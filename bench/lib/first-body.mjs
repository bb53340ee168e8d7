// A store has no head before its first sample: making one is not what is measured.
import { Labels } from '../../dist/model/labels.js';
import { SampleBatch } from '../../dist/model/sample-batch.js';

export async function openFirstHead(db) {
  const batch = new SampleBatch();
  batch.addFloat(batch.addSeries(Labels.fromObject({ __name__: 'first' })), Date.now() - 3_600_000, 1);
  await db.appendBatch(batch, new Uint8Array(1));
}
