-- A block: samples of one time range, written once, never changed. src/tsdb/block/format.md describes every blob.
-- Ids are dense, so that a missing row is damage and not an answer. No indexes: every table is read by its key.

CREATE TABLE block (key TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;

-- __name__ first, then in UTF-8 order. The pairs of a name are first_pair .. first_pair + pairs - 1.
CREATE TABLE label_name (id INTEGER PRIMARY KEY, name TEXT NOT NULL, first_pair INTEGER NOT NULL, pairs INTEGER NOT NULL) STRICT;
-- In the order of names, then of values (UTF-8): looking up is a binary search, a prefix is a range.
CREATE TABLE label_value_page (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;

CREATE TABLE postings_page (first_pair INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE label_set_page (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE series_page (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;

CREATE TABLE time_column (
  id INTEGER PRIMARY KEY, crc INTEGER NOT NULL,
  count INTEGER NOT NULL, min INTEGER NOT NULL, max INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE TABLE start_column (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE value_page (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
CREATE TABLE histogram_page (id INTEGER PRIMARY KEY, crc INTEGER NOT NULL, data BLOB NOT NULL) STRICT;
