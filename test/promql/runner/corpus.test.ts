/**
 * The scripts of Prometheus itself, if the sibling folder with them is there, over a plain store in memory, real heads and blocks.
 * The list of minimum passes keeps what works working; raise it when more passes.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createBlockStorage } from '../../../src/tools/conformance/block-script-storage.js';
import { createHeadStorage } from '../../../src/tools/conformance/head-script-storage.js';
import { createMemoryStorage } from '../../../src/tools/conformance/memory-script-storage.js';
import { runScript } from '../../../src/tools/conformance/runner.js';
import minimum from './corpus-minimum.json' with { type: 'json' };

const folder = path.resolve(import.meta.dirname, '../../../../shared/conformance/promql');
const present = fs.existsSync(folder);

const note = present ? '' : ' (skipped: no ../shared/conformance/promql)';
const storages = [['memory', createMemoryStorage], ['heads', createHeadStorage], ['blocks', createBlockStorage]] as const;

describe.skipIf(!present).each(storages)(`scripts of Prometheus over storage "%s"${note}`, (_name, createStorage) => {
  test.each(Object.entries(minimum))('%s: at least %i pass', (file, passesMin) => {
    const report = runScript(fs.readFileSync(path.join(folder, file), 'utf8'), createStorage);
    const failed = report.failures.map(({ line, query, mode, message }) => `${file}:${line} ${query}\n  ${mode}: ${message}`);
    expect(report.passed, failed.join('\n')).toBeGreaterThanOrEqual(passesMin);
  });
});
