import { handleApiRequest } from '../api/handler-table.js';
import { CatalogueReader } from '../catalogue/catalogue-reader.js';
import { cachedEngine } from '../promql/cache/cached-engine.js';
import { createEngine, syntaxOf } from '../promql/engine/engine.js';
import { HeadSet } from '../tsdb/head-set.js';
import { ThreadMemory } from './query-memory.js';
import type { QueryRuntime, QueryRuntimeSettings } from './query-runtime.js';

/**
 * The runtime of the product: PromQL and the API handlers over the heads in shared memory and the catalogue.
 * @throws CatalogueError if the catalogue cannot be read; the maintenance worker has to open it first
 */
export function createQueryRuntime(settings: QueryRuntimeSettings, readerSlot: number): QueryRuntime {
  const storage = new HeadSet(settings.kernels, readerSlot, settings.blocks);
  const catalogue = CatalogueReader.open(settings.catalogueFile);
  const engine = cachedEngine(createEngine, settings.engine, storage.changes, settings.resultCacheBytes ?? 0);
  const { limits, externalLabels, searchApi = false } = settings;
  const memory = settings.memory && new ThreadMemory(settings.memory, readerSlot);
  const syntax = syntaxOf(settings.engine);
  return {
    setHeads: (heads) => storage.update(heads),
    run: (request, stopRequested) => {
      const reply = handleApiRequest(request, {
        storage, cardinality: storage, engine, metadata: catalogue, exemplars: catalogue,
        limits, externalLabels, searchApi, syntax, stopRequested, memory,
      });
      // The answer goes to the main thread, where `query.max_unsent_size` counts it.
      memory?.end();
      return reply;
    },
    // Loaded when it is asked for: it brings the writing side of a head along.
    rehearse: async (shortOnly) => (await import('./rehearsal.js')).rehearsal(
      settings, { metadata: catalogue, exemplars: catalogue }, shortOnly,
    ),
    close: () => {
      storage.close();
      catalogue.close();
    },
  };
}
