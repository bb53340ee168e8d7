import { MemoryStorage } from './memory-storage.js';
import type { ScriptStorage } from './runner.js';

/** A fresh memory store for one script. */
export function createMemoryStorage(): ScriptStorage {
  const storage = new MemoryStorage();
  return {
    queryable: storage,
    append: (labels, samples) => storage.append(labels, samples),
    commit: () => {},
    clear: () => storage.clear(),
    close: () => {},
  };
}
