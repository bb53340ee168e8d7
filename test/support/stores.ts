import fs from 'node:fs';
import { tempDirectory, type OpenStore } from './store-fixture.js';

/**
 * The stores of a test, which are closed and whose directories are removed after it:
 *
 *   const stores = new Stores(openStore);
 *   afterEach(() => stores.closeAll());
 *
 * `Args` is what the function that opens one takes beside the directory.
 */
export class Stores<Args extends unknown[], Store extends OpenStore = OpenStore> {
  private readonly opened = new Set<Store>();
  private readonly directories = new Set<string>();

  constructor(private readonly openOne: (directory: string, ...args: Args) => Promise<Store>) {}

  /** A new directory, for what is to be there before a store. */
  directory(): string {
    const directory = tempDirectory();
    this.directories.add(directory);
    return directory;
  }

  /** In a directory of its own. */
  open(...args: Args): Promise<Store> {
    return this.openIn(this.directory(), ...args);
  }

  async openIn(directory: string, ...args: Args): Promise<Store> {
    this.directories.add(directory);
    const store = await this.openOne(directory, ...args);
    this.opened.add(store);
    return store;
  }

  /** Stops the store in order and opens what it leaves. */
  async reopen(store: Store, ...args: Args): Promise<Store> {
    await this.close(store);
    return this.openIn(store.directory, ...args);
  }

  /** A directory with the files as they are at this moment: what another process finds after kill -9. */
  copyOf({ directory }: OpenStore): string {
    const copy = this.directory();
    fs.cpSync(directory, copy, { recursive: true });
    return copy;
  }

  async close(store: Store): Promise<void> {
    this.opened.delete(store);
    store.heads.close();
    await store.db.close();
  }

  /** Closes those that are open, and removes all directories that a store was opened in or that were asked for. */
  async closeAll(): Promise<void> {
    for (const store of this.opened) await this.close(store);
    for (const directory of this.directories) fs.rmSync(directory, { recursive: true, force: true });
    this.directories.clear();
  }
}
