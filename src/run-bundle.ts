/**
 * How an entry file of the build starts: our modules and the packages that they use lie in one script each (`tools/bundle.mjs`), and
 * beside it what V8 compiled of it when it was built. Loading 400 modules one by one takes three times the processor time.
 */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import v8 from 'node:v8';
import vm from 'node:vm';
import { mapStacksOf } from './bundle-stack.js';

/** The script of the thread that every other is started by. */
const MAIN = 'main';
/** Set while the code caches are made (`tools/prime.mjs`): each thread then writes what it has compiled when it ends. */
const PRIMING = 'NARTHEX_PRIME_CODE_CACHE';

type Bundle = (
  exports: object, require: NodeJS.Require, module: { exports: object }, fileName: string, folder: string,
  moduleUrl: (relative: string) => string, importModule: (url: string) => Promise<unknown>,
) => void;

/** Runs `bundle/<name>.cjs`, which is an expression: a function with the parameters of `Bundle`. */
export function runBundle(name: string): void {
  if (name === MAIN) keepYoungGenerationToMain();
  const folder = path.join(import.meta.dirname, 'bundle');
  const filename = path.join(folder, `${name}.cjs`);
  // The tag differs with V8's version, its flags and the processor: any other cache would be refused.
  const cacheFile = path.join(folder, `${name}.${v8.cachedDataVersionTag()}.cache`);
  const cachedData = fs.existsSync(cacheFile) ? fs.readFileSync(cacheFile) : undefined;
  // The bundler writes ASCII, which is faster to read as such.
  const script = new vm.Script(fs.readFileSync(filename, 'latin1'), {
    filename, ...(cachedData ? { cachedData } : {}),
  });
  if (process.sourceMapsEnabled) mapStacksOf(filename);
  const run: Bundle = script.runInThisContext();
  if (process.env[PRIMING] !== undefined) process.once('exit', () => writeAside(cacheFile, script.createCachedData()));
  const module = { exports: {} };
  // Modules ask for files relative to where they would lie one by one.
  const moduleUrl = (relative: string): string => new URL(relative, import.meta.url).href;
  run(module.exports, createRequire(filename), module, filename, folder, moduleUrl, (url) => import(url));
}

/**
 * `npm start` gives the thread that takes requests a large young generation, which its heap has by now. V8 puts that flag above the
 * limits of every heap that is made later (`threads/heap-limits.ts`): each worker would grow to 128 MiB and more.
 */
function keepYoungGenerationToMain(): void {
  v8.setFlagsFromString('--max-semi-space-size=0');
}

/** Several threads have the same script, and servers may start meanwhile. */
function writeAside(file: string, bytes: Uint8Array): void {
  const aside = `${file}.${process.pid}-${process.hrtime.bigint()}`;
  fs.writeFileSync(aside, bytes);
  fs.renameSync(aside, file);
}
