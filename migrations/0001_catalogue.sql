-- The catalogue: what narthex knows besides samples. One file, `catalogue.sqlite`, in the data directory.
-- Migrations only go forward; PRAGMA user_version is the number of the last one applied (src/catalogue/migrate.ts).
-- Times are milliseconds since the epoch. Label sets are JSON arrays ["name","value","name","value",…], sorted by
-- name in UTF-8 byte order: one text per set, readable with any SQLite tool, order kept (a JSON object would not).

CREATE TABLE setting (
  name       TEXT    NOT NULL PRIMARY KEY,
  value      TEXT    NOT NULL,
  updated_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Every (type, help, unit) that a metric family has had.
CREATE TABLE metric_metadata (
  id            INTEGER PRIMARY KEY,
  family        TEXT    NOT NULL,
  type          TEXT    NOT NULL,
  help          TEXT    NOT NULL,
  unit          TEXT    NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms  INTEGER NOT NULL,
  -- Rises with every write: tells the newest of a family where two arrived in the same millisecond.
  seen_order    INTEGER NOT NULL UNIQUE,
  UNIQUE (family, type, help, unit)
) STRICT;
CREATE INDEX metric_metadata_newest ON metric_metadata (family, seen_order DESC);

CREATE TABLE exemplar_series (
  id     INTEGER PRIMARY KEY,
  -- Value of __name__, '' if none: what nearly every query asks for.
  metric TEXT    NOT NULL,
  labels TEXT    NOT NULL UNIQUE,
  -- Exemplars stored for the series; a series without any is removed.
  stored INTEGER NOT NULL
) STRICT;
CREATE INDEX exemplar_series_metric ON exemplar_series (metric);

CREATE TABLE exemplar (
  -- Order of arrival: the lowest id is the next to go when the store is full.
  id           INTEGER PRIMARY KEY,
  series       INTEGER NOT NULL REFERENCES exemplar_series (id),
  timestamp_ms INTEGER NOT NULL,
  -- The double's 8 bytes, little-endian. A REAL column would turn NaN into NULL and -0 into 0.
  value        BLOB    NOT NULL CHECK (length(value) = 8),
  labels       TEXT    NOT NULL
) STRICT;
CREATE INDEX exemplar_by_series ON exemplar (series, timestamp_ms, id);

-- What was refused, by reason and source.
CREATE TABLE reject (
  id            INTEGER PRIMARY KEY,
  reason        TEXT    NOT NULL,
  source        TEXT    NOT NULL,
  points        INTEGER NOT NULL,
  first_seen_ms INTEGER NOT NULL,
  last_seen_ms  INTEGER NOT NULL,
  UNIQUE (reason, source)
) STRICT;

-- The newest examples of each.
CREATE TABLE reject_example (
  id      INTEGER PRIMARY KEY,
  reject  INTEGER NOT NULL REFERENCES reject (id),
  example TEXT    NOT NULL,
  points  INTEGER NOT NULL,
  at_ms   INTEGER NOT NULL,
  UNIQUE (reject, example)
) STRICT;
CREATE INDEX reject_example_newest ON reject_example (reject, at_ms, id);
