/** `npm run conformance -- DIR [--storage=memory|heads|blocks]`: runs every script of a folder, prints what passed and each failure. */
import fs from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createBlockStorage } from './block-script-storage.js';
import { createHeadStorage } from './head-script-storage.js';
import { createMemoryStorage } from './memory-script-storage.js';
import { type ScriptReport, type ScriptStorage, runScript } from './runner.js';

const STORAGES: Readonly<Record<string, () => ScriptStorage>> = { 
  memory: createMemoryStorage, heads: createHeadStorage, blocks: createBlockStorage,
};
const DEFAULT_STORAGES = ['heads', 'blocks'];

function report(file: string, { total, passed, failures }: ScriptReport): void {
  console.log(`${passed === total ? 'ok  ' : 'FAIL'} ${file}: ${passed} of ${total}`);
  for (const { line, query, mode, message } of failures) console.log(`  ${file}:${line} ${query}\n    ${mode}: ${message}`);
}

/** Returns whether all passed. */
function runAll(files: readonly string[], storage: string, create: () => ScriptStorage): boolean {
  let total = 0;
  let passed = 0;
  for (const file of files) {
    const result = runScript(fs.readFileSync(file, 'utf8'), create);
    report(path.basename(file), result);
    total += result.total;
    passed += result.passed;
  }
  console.log(`${storage}: ${passed} of ${total} evaluations passed`);
  return passed === total;
}

function main(args: readonly string[]): number {
  const options = { storage: { type: 'string', multiple: true } } as const;
  const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
  const names = values.storage ?? DEFAULT_STORAGES;
  const [target] = positionals;
  if (target === undefined || names.some((name) => STORAGES[name] === undefined)) {
    console.error(`usage: npm run conformance -- DIR|FILE [--storage=${Object.keys(STORAGES).join('|')}]`);
    return 2;
  }
  const files = fs.statSync(target).isDirectory()
    ? fs.readdirSync(target).filter((name) => name.endsWith('.test')).sort().map((name) => path.join(target, name))
    : [target];
  const outcomes = names.map((name) => runAll(files, name, STORAGES[name]!));
  return outcomes.every(Boolean) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
