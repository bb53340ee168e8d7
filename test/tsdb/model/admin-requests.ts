/** What the admin API is asked for in a story: deletions, cleaning behind them, flushes and copies, and what must come of each. */
import path from 'node:path';
import { expect } from 'vitest';
import { Matcher } from '../../../src/model/matcher.js';
import { HOUR } from '../../support/store-fixture.js';
import { readSamples, type Comparison } from './comparison.js';
import { readCopy } from './copy-of-store.js';
import type { StoreModel } from './store-model.js';
import type { Story } from './story.js';
import { MODULES, type ToldStore } from './told-store.js';

export class AdminRequests {
  constructor(
    private readonly story: Story, private readonly store: ToldStore, private readonly model: StoreModel,
    private readonly comparison: Comparison,
  ) {}

  /** Deletes a range of the series of a job. `fromMs` is measured from the newest sample. */
  async deleteSamples(job: string, fromMs: number, lengthMs: number): Promise<void> {
    // In a narrower window the time of a deleted newest sample would decide about others.
    if (this.story.windowMs < 3 * HOUR || this.model.newest === -Infinity) return;
    const { store } = this;
    const mint = this.model.newest + fromMs;
    const maxt = mint + lengthMs;
    let failed = false;
    try {
      await store.gate.through(store.db.administration.deleteSeries([[new Matcher('=', 'job', job)]], mint, maxt));
    } catch (error) {
      if (store.stopped) return this.model.deleted(job, mint, maxt, undefined);
      if (!store.faulty) throw error;
      failed = true;
    }
    this.model.deleted(job, mint, maxt, failed || store.stopped ? this.comparison.read() : new Map());
  }

  /** Changes nothing that can be read. */
  async clean(): Promise<void> {
    const { store } = this;
    const { gate } = store;
    const cleaning = store.db.administration.cleanTombstones().catch((error: unknown) => {
      // Nobody waits for it behind a closed gate, and a stop ends its thread.
      if (!store.mayFail && !gate.isEnded) store.complaints.push(`clean: ${String(error)}`);
    });
    return gate.begun(cleaning);
  }

  /** Changes nothing that can be read. */
  async flush(): Promise<void> {
    const { store } = this;
    await store.gate.through(store.db.administration.flush()).catch((error: unknown) => {
      if (!store.mayFail) throw error;
    });
  }

  /** A copy of the store has what the store has, and opens without a complaint. */
  async copy(): Promise<void> {
    const { store } = this;
    let name: string;
    try {
      name = await store.gate.through(store.db.administration.snapshot(true));
    } catch (error) {
      if (!store.mayFail) throw error;
      return;
    }
    if (store.stopped) return;
    const { found, notes } = await readCopy(path.join(store.directory, 'snapshots', name), store.options(), MODULES, readSamples);
    this.comparison.expectCopy(found);
    if (!store.damaged && !store.faulty) expect(notes, 'notes of the copy').toEqual([]);
  }
}
