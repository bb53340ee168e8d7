/**
 * The scripts of Prometheus itself, if the sibling folder with them is there, over a plain store in memory and over real heads.
 * The lists of minimum passes keep what works working; raise them when more passes. Heads store no start timestamps: that costs
 * them start_timestamps.test, where all but three evaluations depend on these.
 */
import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { createHeadStorage } from '../../../src/tools/conformance/head-script-storage.js';
import { createMemoryStorage } from '../../../src/tools/conformance/memory-script-storage.js';
import { runScript } from '../../../src/tools/conformance/runner.js';
import minimum from './corpus-minimum.json' with { type: 'json' };

const folder = path.resolve(import.meta.dirname, '../../../../shared/conformance/promql');
const present = fs.existsSync(folder);

const note = present ? '' : ' (skipped: no ../shared/conformance/promql)';
const storages = [['memory', createMemoryStorage], ['head', createHeadStorage]] as const;

describe.skipIf(!present).each(storages)(`scripts of Prometheus over storage "%s"${note}`, (name, createStorage) => {
  test.each(Object.entries(minimum[name]))('%s: at least %i pass', (file, passesMin) => {
    const report = runScript(fs.readFileSync(path.join(folder, file), 'utf8'), createStorage);
    const failed = report.failures.map(({ line, query, mode, message }) => `${file}:${line} ${query}\n  ${mode}: ${message}`);
    expect(report.passed, failed.join('\n')).toBeGreaterThanOrEqual(passesMin);
  });
});
