// Builds dist/: the kernels (AssemblyScript -> one .wasm) and the TypeScript. Removes what an earlier build left.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundle } from './bundle.mjs';
import { prime } from './prime.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const dist = path.join(root, 'dist');
const bin = (name) => path.join(root, 'node_modules', name);

function node(script, args) {
  const result = spawnSync(process.execPath, [script, ...args], { cwd: root, stdio: 'inherit' });
  if (result.error) throw result.error;
  if (result.status !== 0) process.exit(result.status ?? 1);
}

// Build aside and swap in at the end, so that a failed build does not leave half of one.
const next = path.join(root, `dist.tmp-${process.pid}`);
fs.rmSync(next, { recursive: true, force: true });
fs.mkdirSync(path.join(next, 'kernel'), { recursive: true });

// 65536 pages = 4 GiB reserved; memory is committed by the system when touched. No runtime: kernels allocate nothing,
// all their state lies in the memory that they are given.
node(bin('assemblyscript/bin/asc.js'), [
  'src/kernel/index.ts', '--outFile', path.join(next, 'kernel/narthex.wasm'),
  '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,threads,bulk-memory',
  '--importMemory', '--sharedMemory', '--initialMemory', '65536', '--maximumMemory', '65536', '--memoryBase', '64', '--use', 'abort=',
]);
// The codec of blocks is a module of its own: its users have no arena, only a small memory each.
node(bin('assemblyscript/bin/asc.js'), [
  'src/kernel/codec.ts', '--outFile', path.join(next, 'kernel/codec.wasm'),
  '-O3', '--noAssert', '--runtime', 'stub', '--enable', 'simd,bulk-memory',
  '--importMemory', '--initialMemory', '16', '--maximumMemory', '16', '--memoryBase', '64', '--use', 'abort=',
]);
node(bin('typescript/bin/tsc'), ['-p', 'src/tsconfig.json', '--outDir', next]);
await bundle(root, next);
fs.writeFileSync(path.join(next, '.built'), '');
fs.rmSync(dist, { recursive: true, force: true });
fs.renameSync(next, dist);
await prime(dist);
