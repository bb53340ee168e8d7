import { readFileSync } from 'node:fs';

/**
 * The compiled kernels. The build puts them at dist/kernel; the path is the same seen from src/tsdb and dist/tsdb.
 * @throws Error with the path if the build has not been run
 */
export function loadKernelModule(): WebAssembly.Module {
  const url = new URL('../../dist/kernel/narthex.wasm', import.meta.url);
  return new WebAssembly.Module(readFileSync(url));
}

/** The codec of blocks, compiled; one instance and memory for each thread. @throws Error with the path if the build has not been run */
export function loadCodecModule(): WebAssembly.Module {
  const url = new URL('../../dist/kernel/codec.wasm', import.meta.url);
  return new WebAssembly.Module(readFileSync(url));
}
