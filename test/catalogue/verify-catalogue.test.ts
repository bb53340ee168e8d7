/** `verifyCatalogue`: each way in which the file can be wrong is found, and looking at it changes nothing. */
import fs from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqlite } from '../../src/io/sqlite.js';
import { CatalogueReader } from '../../src/catalogue/catalogue-reader.js';
import { CatalogueWriter } from '../../src/catalogue/catalogue-writer.js';
import { verifyCatalogue } from '../../src/catalogue/verify-catalogue.js';
import { batch, exemplar, metadata, temporaryDirectory } from './fixture.js';

let folder: string;
let file: string;
beforeEach(() => {
  folder = temporaryDirectory();
  file = path.join(folder, 'catalogue.sqlite');
  const catalogue = CatalogueWriter.open(file);
  const exemplars = Array.from({ length: 500 }, (_, i) => exemplar({ __name__: 'x', i: String(i % 9) }, i, i, `trace ${i}`));
  catalogue.apply(batch({ metadata: [[metadata('x', 'help'), 1]], exemplars }));
  catalogue.close();
});
afterEach(() => fs.rmSync(folder, { recursive: true, force: true }));

function verify(): { damages: string[]; notes: string[] } {
  const damages: string[] = [];
  const notes: string[] = [];
  verifyCatalogue(file, { damage: (line) => damages.push(line.replace(`${file}: `, '')), note: (line) => notes.push(line) });
  return { damages, notes };
}

function change(sql: string): void {
  const database = openSqlite(file);
  database.pragma('foreign_keys = OFF');
  database.exec(sql);
  database.close();
}

describe('verifying a catalogue', () => {
  it('finds nothing in a whole one, makes no file and needs no right to write', () => {
    const before = fs.readFileSync(file);
    fs.chmodSync(file, 0o444);
    fs.chmodSync(folder, 0o555);
    try {
      expect(verify()).toEqual({ damages: [], notes: [] });
      const reader = CatalogueReader.look(file);
      expect(reader.metadataHistory().length).toBe(1);
      reader.close();
    } finally {
      fs.chmodSync(folder, 0o755);
    }
    expect(fs.readdirSync(folder)).toEqual(['catalogue.sqlite']);
    expect(fs.readFileSync(file).equals(before)).toBe(true);
  });

  it('beside a writer sees what is in the write-ahead log, and the writer goes on', () => {
    const writer = CatalogueWriter.open(file);
    writer.apply(batch({ metadata: [[metadata('y', 'new'), 2]] }));
    expect(verify()).toEqual({ damages: [], notes: [] });
    const reader = CatalogueReader.look(file);
    expect(reader.metadataHistory().map((one) => one.family)).toEqual(['x', 'y']);
    writer.apply(batch({ metadata: [[metadata('z', 'newer'), 3]] }));
    reader.close();
    writer.close();
    expect(fs.readdirSync(folder)).toEqual(['catalogue.sqlite']);
  });

  it('says whether there is one', () => {
    const report = { damage: () => expect.unreachable(), note: () => expect.unreachable() };
    expect(verifyCatalogue(path.join(folder, 'other.sqlite'), report)).toBe(false);
  });

  it.each([
    ['a schema of a later version', 'PRAGMA user_version = 99', /schema version 99, this narthex knows/],
    ['a table that is missing', 'DROP TABLE ha_election', /^table ha_election is not what the migrations make/],
    ['an index that is missing', 'DROP INDEX exemplar_by_series', /^index exemplar_by_series is not what/],
    ['a table of others', 'CREATE TABLE other (x)', /^table other is not in the migrations/],
    ['exemplars without their series', 'DELETE FROM exemplar_series WHERE id = 3', /refers to a row of exemplar_series that is not there/],
    ['a wrong count', 'UPDATE exemplar_series SET stored = 1 WHERE id = 2', /^exemplar_series 2: 1 exemplars are said to be stored, 56 are/],
    ['labels that are none', "UPDATE exemplar_series SET labels = '[\"a\"]' WHERE id = 2", /^exemplar_series 2: its labels are no label set/],
    ['another metric', "UPDATE exemplar_series SET metric = 'y' WHERE id = 2", /^exemplar_series 2: its labels are not of the metric y/],
    ['labels of an exemplar', "UPDATE exemplar SET labels = '{}' WHERE id = 5", /^exemplar 5: its labels are no label set/],
    ['a type', "UPDATE metric_metadata SET type = 'tally'", /^metric_metadata 1: tally is no type/],
    ['times', 'UPDATE metric_metadata SET last_seen_ms = 0', /^metric_metadata 1: it was last seen before/],
  ])('finds %s', (_, sql, expected) => {
    change(sql);
    expect(verify().damages[0]).toMatch(expected);
  });

  it('an older schema is no damage', () => {
    change('PRAGMA user_version = 1');
    expect(verify()).toEqual({ damages: [], notes: [expect.stringContaining('older schema')] });
  });

  it('finds bytes that were changed, wherever they matter, and never fails', () => {
    const whole = fs.readFileSync(file);
    let found = 0;
    for (let at = 0; at < whole.length; at += 4096) {
      const bytes = Buffer.from(whole);
      // The header of a page: its kind, its cells.
      bytes.fill(0xa5, at, at + 8);
      fs.writeFileSync(file, bytes);
      if (verify().damages.length > 0) found++;
    }
    expect(found).toBe(Math.ceil(whole.length / 4096));
  });
});
