/** `npm run conformance -- DIR`: runs every script of a folder, prints what passed and each failure. */
import fs from 'node:fs';
import path from 'node:path';
import { createMemoryStorage } from './memory-script-storage.js';
import { type ScriptReport, runScript } from './runner.js';

function report(file: string, { total, passed, failures }: ScriptReport): void {
  console.log(`${passed === total ? 'ok  ' : 'FAIL'} ${file}: ${passed} of ${total}`);
  for (const { line, query, mode, message } of failures) console.log(`  ${file}:${line} ${query}\n    ${mode}: ${message}`);
}

function main(args: readonly string[]): number {
  const [target] = args;
  if (target === undefined) {
    console.error('usage: npm run conformance -- DIR|FILE');
    return 2;
  }
  const files = fs.statSync(target).isDirectory()
    ? fs.readdirSync(target).filter((name) => name.endsWith('.test')).sort().map((name) => path.join(target, name))
    : [target];
  let total = 0;
  let passed = 0;
  for (const file of files) {
    const result = runScript(fs.readFileSync(file, 'utf8'), createMemoryStorage);
    report(path.basename(file), result);
    total += result.total;
    passed += result.passed;
  }
  console.log(`${passed} of ${total} evaluations passed`);
  return passed === total ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
