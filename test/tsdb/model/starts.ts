/** The ends of a store, orderly ones and crashes, and what the start behind each of them must find. */
import fs from 'node:fs';
import path from 'node:path';
import { expect } from 'vitest';
import { DATA_START } from '../../../src/tsdb/log/format.js';
import { SYNC_FAILED } from '../../../src/tsdb/log/log-writer.js';
import type { Comparison } from './comparison.js';
import { settle } from './gate.js';
import { keyOf, missing, valueText, withoutStarts, type Samples, type StoreModel } from './store-model.js';
import type { Story } from './story.js';
import type { ToldStore } from './told-store.js';

export class Starts {
  crashes = 0;
  private crashKind: 'power' | 'process' = 'process';
  private isUnmarked = false;

  constructor(
    private readonly story: Story, private readonly store: ToldStore, private readonly model: StoreModel,
    private readonly comparison: Comparison,
  ) {}

  /**
   * The process was killed in the moment between a failed sync and the mark that tells the next one. What such a log has on the medium
   * nobody can know, and the start cannot see it: a power failure may take any of it.
   */
  get unmarked(): boolean {
    return this.isUnmarked;
  }

  /** Ends the store in good order and starts it; then as after a crash, if the machine stops meanwhile. */
  async restart(): Promise<void> {
    const { store } = this;
    store.disk.sim.heal();
    try {
      await store.close();
      await store.open();
    } catch (error) {
      if (!store.stopped) throw error;
    }
    if (store.stopped) return this.recover();
    const found = this.comparison.readAfterRetention();
    this.comparison.expectAll(found, 'lost by a clean restart');
    this.comparison.expectNothingElse(found, 'invented by a clean restart');
    this.begin(found);
  }

  /** The machine stops in the middle of the n-th disk operation from here (0: at once); `recover` is what follows. */
  crashAfter(operations: number, how: 'power' | 'process'): void {
    this.crashKind = how;
    this.store.disk.sim.crashAfter(operations);
  }

  /** A crash of the process at once, with bytes behind the end of a log, as a torn write leaves them. */
  async crashWithTail(bytes: number): Promise<void> {
    this.crashKind = 'process';
    await this.store.kill();
    this.addTail(bytes);
  }

  /** The start after a crash. */
  async recover(): Promise<void> {
    const { store } = this;
    await store.kill();
    await settle();
    this.crashes++;
    this.isUnmarked = this.crashKind === 'process' && store.disk.sim.failedSyncs > 0 && !this.hasMark();
    store.loseUnwritten(this.crashKind);
    await store.open();
    const found = this.comparison.readAfterRetention();
    this.expectPromised(found);
    this.expectSent(found);
    if (this.crashKind === 'process') this.expectGone(found);
    this.begin(found);
    if (this.crashKind === 'process' && this.story.powerFailsAfterStart === true && !this.isUnmarked) {
      this.crashKind = 'power';
      await this.recover();
    }
  }

  // ---- What a start after a crash must find -----------------------------------------------------------------------------

  private expectPromised(found: Samples): void {
    const { acknowledged, synced } = this.model;
    // A lost record can leave what follows it with the start before.
    const lost = this.crashKind === 'power' ? missing(withoutStarts(synced), withoutStarts(found)) : missing(acknowledged, found);
    expect(lost, `lost by a crash (${this.crashKind})`).toEqual([]);
  }

  private expectSent(found: Samples): void {
    for (const [series, times] of found) {
      for (const [t, value] of times) {
        if (!this.model.ever.has(keyOf(series, t, valueText(value)))) expect.fail(`never sent: ${keyOf(series, t, value)}`);
      }
    }
  }

  private expectGone(found: Samples): void {
    const back = this.model.returned(found);
    if (back !== undefined) expect.fail(`deleted, and back after a crash: series ${back.series} at ${back.t}`);
  }

  /** The model goes on with what was found at a start. */
  private begin(found: Samples): void {
    const { model } = this;
    const before = model.newest;
    model.restart(found);
    // Deleted samples are gone, but the head or block that had them may remember their times.
    const { newestMs } = this.store.db.stats();
    if (model.gone.size > 0 && newestMs > model.newest && newestMs <= before) model.newest = newestMs;
  }

  // ---- Files of logs ----------------------------------------------------------------------------------------------------

  private hasMark(): boolean {
    const { sim } = this.store.disk;
    const heads = path.join(this.store.directory, 'heads');
    return sim.stat(heads) !== undefined && sim.list(heads).some((head) => sim.stat(path.join(heads, head, SYNC_FAILED)) !== undefined);
  }

  /** Bytes that nobody promised anything about, behind the newest segment of the newest head. */
  private addTail(bytes: number): void {
    const { sim } = this.store.disk;
    const heads = path.join(this.store.directory, 'heads');
    const head = newestOf(heads, (name) => /^\d+_/.test(name));
    const segment = head === undefined ? undefined : newestOf(head, (name) => name.endsWith('.log'));
    // One whose header could not be written has no records, and no torn ones.
    if (segment === undefined || fs.statSync(segment).size < DATA_START) return;
    sim.extend(segment, Uint8Array.from({ length: bytes }, () => sim.random(256)));
  }
}

/** The last by name of what a directory has of a kind. */
function newestOf(directory: string, isOfKind: (name: string) => boolean): string | undefined {
  if (!fs.existsSync(directory)) return undefined;
  const name = fs.readdirSync(directory).filter(isOfKind).sort().at(-1);
  return name === undefined ? undefined : path.join(directory, name);
}
