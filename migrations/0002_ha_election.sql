-- Of each cluster of identical senders the replica that is stored (src/ingest/ha-tracker.ts).

CREATE TABLE ha_election (
  cluster     TEXT    NOT NULL PRIMARY KEY,
  replica     TEXT    NOT NULL,
  elected_ms  INTEGER NOT NULL,
  -- When the replica was last heard, as far as it was written down.
  received_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
