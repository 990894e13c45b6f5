// Steps of the schema that are about events and hooks. Released steps are never edited; their order and
// the others are schema.ts's.

// Events; what a row holds is told in events/write.ts. The table of that name that the first step makes
// was never written to. A queue has a name of its own, by which its events are told from another's.
export const EVENTS = `
DROP TABLE event;
CREATE TABLE event (
  last INTEGER PRIMARY KEY,
  n INTEGER NOT NULL,
  at INTEGER NOT NULL,
  events TEXT,
  part INTEGER
) STRICT;
CREATE TABLE event_part (
  id INTEGER PRIMARY KEY,
  lane INTEGER NOT NULL,
  n INTEGER NOT NULL,
  events TEXT NOT NULL
) STRICT;
CREATE INDEX event_parts_of ON event_part (lane, n);
INSERT INTO meta VALUES ('queue_id', lower(hex(randomblob(8))));
`;

// Up to which event each hook was told, and how it fares. `batch_to` is the last event of a batch that
// was begun: when it is tried again it is the same one.
export const HOOKS = `
CREATE TABLE hook (
  name TEXT PRIMARY KEY,
  position INTEGER NOT NULL,
  batch_to INTEGER,
  told INTEGER NOT NULL,
  told_at INTEGER,
  failures INTEGER NOT NULL,
  failing_since INTEGER,
  next_at INTEGER,
  last_error TEXT
) STRICT, WITHOUT ROWID;
`;
