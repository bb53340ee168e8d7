/** Tells a story to a real store on a simulated disk and to the model, and compares them after every operation. */
import { AdminRequests } from './admin-requests.js';
import { Comparison } from './comparison.js';
import { Doors } from './doors.js';
import { rowOf, rowsOfRun } from './spec-rows.js';
import { Starts } from './starts.js';
import { StoreModel } from './store-model.js';
import type { Operation, Story } from './story.js';
import { MAX_FUTURE_MS, ToldStore } from './told-store.js';

export class Telling {
  private readonly store: ToldStore;
  private readonly model: StoreModel;
  private readonly comparison: Comparison;
  private readonly doors: Doors;
  private readonly admin: AdminRequests;
  private readonly starts: Starts;

  constructor(private readonly story: Story) {
    const store = (this.store = new ToldStore(story));
    const model = (this.model = new StoreModel({ windowMs: story.windowMs, maxFutureMs: MAX_FUTURE_MS, keepStarts: story.keepStarts }));
    const comparison = (this.comparison = new Comparison(store, model, story.retentionMs));
    this.doors = new Doors(story, store, model, comparison);
    this.admin = new AdminRequests(story, store, model, comparison);
    this.starts = new Starts(story, store, model, comparison);
  }

  get crashes(): number {
    return this.starts.crashes;
  }

  /** Blocks that were there at some time, by id. */
  get blocksSeen(): ReadonlySet<number> {
    return this.store.blocksSeen;
  }

  async tell(): Promise<void> {
    await this.store.open();
    for (const operation of this.story.operations) {
      await this.step(operation);
      if (this.store.stopped) await this.starts.recover();
      else this.comparison.expectSame();
      // From here on the model has nothing to say.
      if (this.starts.unmarked) return;
    }
    await this.starts.restart();
  }

  /** Gives everything back; for `finally`. */
  async end(): Promise<void> {
    return this.store.end();
  }

  private async step(operation: Operation): Promise<void> {
    const { store, model, doors, admin } = this;
    switch (operation.kind) {
      case 'write': {
        const present = { model, nowMs: store.nowMs() };
        return doors.write(operation.rows.map((spec) => rowOf(spec, present)), operation.door);
      }
      case 'repeat':
        return doors.repeat(operation.door);
      case 'run':
        return doors.write(rowsOfRun(operation, store.nowMs()), operation.door);
      case 'delete':
        return admin.deleteSamples(operation.job, operation.fromMs, operation.lengthMs);
      case 'clean':
        return admin.clean();
      case 'flush':
        return admin.flush();
      case 'copy':
        return admin.copy();
      case 'check':
        return this.comparison.expectRange(operation.job, operation.fromMs, operation.lengthMs);
      case 'clock':
        return store.moveClock(operation.byMs);
      case 'sync':
        await store.passSyncInterval();
        if (!store.mayFail) model.syncAll();
        return;
      case 'maintain':
        return store.maintain();
      case 'hold':
        return store.gate.close(operation.what);
      case 'letGo':
        return store.gate.open();
      case 'restart':
        return this.starts.restart();
      case 'crash':
        return this.starts.crashAfter(operation.after, operation.how);
      case 'tail':
        return this.starts.crashWithTail(operation.bytes);
      case 'fault':
        return store.fail(operation);
      case 'fsync':
        return store.failSync();
      case 'heal':
        return store.heal();
    }
  }
}
