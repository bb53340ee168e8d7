/** Modules that are started in a worker thread. */
export type WorkerModule = 'query-worker' | 'maintenance-worker' | 'block-worker' | 'admin-worker';

/**
 * Where a worker's module lies: beside this one when built. Tests run the TypeScript sources, but a worker takes only
 * JavaScript (Node 20 strips no types), so that from src/ the built file in dist/ is used.
 */
export function workerEntry(name: WorkerModule): URL {
  const beside = new URL(`./${name}.js`, import.meta.url);
  return import.meta.url.endsWith('.ts') ? new URL(`../../dist/threads/${name}.js`, import.meta.url) : beside;
}
