import fs from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CatalogueReader } from '../../src/catalogue/catalogue-reader.js';
import { CatalogueWriter, DEFAULT_CATALOGUE_LIMITS } from '../../src/catalogue/catalogue-writer.js';
import { batch, exemplar, temporaryDirectory } from './fixture.js';

interface Entry {
  readonly series: string;
  readonly timestampMs: number;
  readonly value: number;
  readonly trace: string;
}

const LIMITS = { ...DEFAULT_CATALOGUE_LIMITS, maxExemplars: 12, maxExemplarsPerSeries: 5, outOfOrderWindowMs: 3 };

/** The rules again, on one array in order of arrival. */
class Model {
  ring: Entry[] = [];

  write(entries: readonly Entry[]): void {
    for (const entry of entries) if (this.accepts(entry)) this.ring.push(entry);
    for (const series of new Set(entries.map((entry) => entry.series))) {
      const own = this.inTime(series);
      const excess = new Set(own.slice(0, Math.max(0, own.length - LIMITS.maxExemplarsPerSeries)));
      this.ring = this.ring.filter((entry) => !excess.has(entry));
    }
    this.ring = this.ring.slice(-LIMITS.maxExemplars);
  }

  inTime(series: string): Entry[] {
    return this.ring.filter((entry) => entry.series === series).sort((a, b) => a.timestampMs - b.timestampMs);
  }

  private accepts(entry: Entry): boolean {
    const own = this.inTime(entry.series);
    const newest = own.at(-1);
    if (!newest) return true;
    const same = (other: Entry) => other.timestampMs === entry.timestampMs && other.value === entry.value && other.trace === entry.trace;
    if (own.some(same)) return false;
    if (entry.timestampMs < newest.timestampMs - LIMITS.outOfOrderWindowMs) return false;
    return entry.timestampMs !== newest.timestampMs || entry.value >= newest.value;
  }
}

const entry = fc.record<Entry>({
  series: fc.constantFrom('a', 'b', 'c', 'd'),
  timestampMs: fc.integer({ min: 0, max: 12 }),
  value: fc.integer({ min: 0, max: 2 }),
  trace: fc.constantFrom('x', 'y'),
});

test('any sequence of batches leaves what the plain model keeps, reopening included', () => {
  fc.assert(fc.property(fc.array(fc.array(entry, { maxLength: 15 }), { maxLength: 8 }), (batches) => {
    const directory = temporaryDirectory();
    const file = path.join(directory, 'catalogue.sqlite');
    const model = new Model();
    try {
      for (const entries of batches) {
        // Opened anew for each batch: the counts must come back from the file.
        const writer = CatalogueWriter.open(file, LIMITS);
        writer.apply(batch({ exemplars: entries.map((e) => exemplar({ __name__: 'm', s: e.series }, e.timestampMs, e.value, e.trace)) }));
        writer.close();
        model.write(entries);
      }
      if (batches.length === 0) return;
      const reader = CatalogueReader.open(file);
      const stored = reader.exemplars([[]], 0, 100);
      reader.close();
      for (const series of ['a', 'b', 'c', 'd']) {
        const found = stored.find((candidate) => candidate.series.get('s') === series)?.exemplars ?? [];
        expect(found.map((e) => [e.timestampMs, e.value, e.labels.get('trace_id')]))
          .toEqual(model.inTime(series).map((e) => [e.timestampMs, e.value, e.trace]));
      }
    } finally {
      fs.rmSync(directory, { recursive: true, force: true });
    }
  }), { numRuns: 30 });
});
