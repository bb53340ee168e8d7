/**
 * Work in other threads takes time, and queries hold what they read: while the gate is closed, jobs wait before their work or with
 * their results, and readers release nothing. So a story can put anything else in between.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';

export type Held = 'start' | 'result' | 'readers';

export class Gate {
  private held: Held | undefined;
  private waiting: { readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];
  /** What was begun while the gate was closed and is not awaited; never rejects. */
  private readonly pending = new Set<Promise<unknown>>();
  private ended = false;

  /** Jobs that still wait have failed, and so will all others. */
  get isEnded(): boolean {
    return this.ended;
  }

  get isClosed(): boolean {
    return this.held !== undefined;
  }

  close(what: Held): void {
    this.held = what;
  }

  /** Lets everything pass and waits for what was begun. */
  async open(): Promise<void> {
    this.held = undefined;
    for (const { resolve } of this.waiting.splice(0)) resolve();
    await Promise.all(this.pending);
  }

  /** For the end of a process: jobs are ended, nobody reads any more. */
  end(): void {
    this.ended = true;
    this.held = undefined;
    for (const { reject } of this.waiting.splice(0)) reject(new Error('the thread was ended'));
  }

  /** Does a job of another thread. */
  async job<T>(work: () => T): Promise<T> {
    await this.pass('start');
    const result = work();
    await this.pass('result');
    return result;
  }

  /** A release by the readers. */
  async release(): Promise<void> {
    await this.pass('readers').catch(() => undefined);
  }

  /** Notes something that may wait for the gate. */
  private later(work: Promise<unknown>): void {
    const settled = work.catch(() => undefined).finally(() => this.pending.delete(settled));
    this.pending.add(settled);
  }

  /** Waits for something, unless the gate may keep it. */
  async begun(work: Promise<unknown>): Promise<void> {
    if (!this.isClosed) return void (await work);
    this.later(work);
    await settle();
  }

  /** Waits for something, and opens the gate if it does not end otherwise. */
  async through<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const noted = work.finally(() => (done = true));
    this.later(noted);
    await settle();
    if (!done) await this.open();
    return noted;
  }

  private async pass(what: Held): Promise<void> {
    // A thread answers in a later turn of the event loop.
    await new Promise((resolve) => void setImmediate(resolve));
    if (this.ended && what !== 'readers') throw new Error('the thread was ended');
    if (this.held === what) await new Promise<void>((resolve, reject) => void this.waiting.push({ resolve, reject }));
  }
}

/** Lets what waits for the simulated disk go on. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await nextTurn();
}
