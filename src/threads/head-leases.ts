import { invariant } from '../invariant.js';
import { sameContent, type SourceDescriptor } from '../tsdb/head/descriptor.js';

/** What to tell the readers after a change. */
export interface HeadChange {
  readonly epoch: number;
  readonly ids: readonly number[];
  /** New ones, and blocks from which something was deleted. */
  readonly added: readonly SourceDescriptor[];
}

/**
 * Which heads readers may still be using. Every change of the set of heads has a number, the epoch. A reader that
 * acknowledged an epoch uses none of the heads dropped in it or before; a head is released once all readers have
 * acknowledged the epoch that dropped it. (A count of changes instead of a lock per query: readers never write.)
 */
export class HeadLeases<Reader> {
  private epoch = 0;
  private heads = new Map<number, SourceDescriptor>();
  private readonly acknowledged = new Map<Reader, number>();
  private readonly droppedIn = new Map<number, number>();
  private readonly waiting = new Map<number, { promise: Promise<void>; resolve: () => void }>();

  /** All heads from now on. */
  set(heads: readonly SourceDescriptor[]): HeadChange {
    this.epoch++;
    const next = new Map(heads.map((head) => [head.id, head]));
    invariant(next.size === heads.length, 'a head is named twice');
    const added = heads.filter((head) => {
      const before = this.heads.get(head.id);
      return before === undefined || !sameContent(before, head);
    });
    for (const head of added) invariant(!this.droppedIn.has(head.id), `head ${head.id} comes back after it was dropped`);
    for (const id of this.heads.keys()) if (!next.has(id)) this.droppedIn.set(id, this.epoch);
    this.heads = next;
    this.release();
    return { epoch: this.epoch, ids: [...next.keys()], added };
  }

  /** A new reader, which is to be told everything. */
  join(reader: Reader): HeadChange {
    this.acknowledged.set(reader, this.epoch);
    return { epoch: this.epoch, ids: [...this.heads.keys()], added: [...this.heads.values()] };
  }

  acknowledge(reader: Reader, epoch: number): void {
    if (!this.acknowledged.has(reader)) return;
    this.acknowledged.set(reader, epoch);
    this.release();
  }

  /** The reader is gone and with it all that it used. */
  leave(reader: Reader): void {
    this.acknowledged.delete(reader);
    this.release();
  }

  /** Resolves when the head has been dropped and no reader uses it; at once for a head that nobody was told of. */
  whenReleased(id: number): Promise<void> {
    if (!this.heads.has(id) && !this.droppedIn.has(id)) return Promise.resolve();
    let entry = this.waiting.get(id);
    if (!entry) {
      let resolve: () => void = () => {};
      const promise = new Promise<void>((settle) => (resolve = settle));
      this.waiting.set(id, (entry = { promise, resolve }));
    }
    return entry.promise;
  }

  private release(): void {
    let oldest = this.epoch;
    for (const epoch of this.acknowledged.values()) oldest = Math.min(oldest, epoch);
    for (const [id, epoch] of this.droppedIn) {
      if (epoch > oldest) continue;
      this.droppedIn.delete(id);
      this.waiting.get(id)?.resolve();
      this.waiting.delete(id);
    }
  }
}
