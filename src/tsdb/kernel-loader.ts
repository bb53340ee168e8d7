import { readFileSync } from 'node:fs';
import { arenaFormat } from './snapshot/arena-parts.js';

const KERNELS = new URL('../../dist/kernel/narthex.wasm', import.meta.url);

/**
 * The compiled kernels. The build puts them at dist/kernel; the path is the same seen from src/tsdb and dist/tsdb.
 * @throws Error with the path if the build has not been run
 */
export function loadKernelModule(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(KERNELS));
}

/** Tells what the bytes of an arena mean to these kernels. */
export function kernelArenaFormat(): number {
  return arenaFormat(readFileSync(KERNELS));
}

/** The codec of blocks, compiled; one instance and memory for each thread. @throws Error with the path if the build has not been run */
export function loadCodecModule(): WebAssembly.Module {
  const url = new URL('../../dist/kernel/codec.wasm', import.meta.url);
  return new WebAssembly.Module(readFileSync(url));
}
