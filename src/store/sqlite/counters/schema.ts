// The step of the schema that makes the counters; db/schema.ts puts it behind the others. Like them it
// is never edited.

// Beside them: the open messages that have more than one open recipient, few in most queues.
export const COUNTERS = `
-- Labels are a JSON list of their values (src/queue/counters.ts).
CREATE TABLE counter (
  name TEXT NOT NULL,
  labels TEXT NOT NULL,
  value REAL NOT NULL,
  PRIMARY KEY (name, labels)
) STRICT, WITHOUT ROWID;
CREATE INDEX many_open ON message (status, lane, n_open) WHERE n_open > 1;
`;
