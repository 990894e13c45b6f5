// Steps of the schema that are about reports to senders and mail that came back. Released steps are never
// edited; their order and the others are schema.ts's.

// `report` has a row for each report that may be owed (`due`), that waits for a digest (`waiting`), and
// for each message that was said to be late (`done`). `meta.reports` stands there while they are wanted.
// `bounce` has what other hosts returned of mail that a relay had taken; its addresses are in small
// letters.
export const REPORTS = `
CREATE TABLE report (
  seq INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (seq, kind)
) STRICT, WITHOUT ROWID;
CREATE INDEX report_open ON report (state, since) WHERE state <> 'done';
CREATE TABLE report_refused (
  address TEXT PRIMARY KEY,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE bounce (
  seq INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
  n INTEGER NOT NULL,
  address TEXT NOT NULL,
  at INTEGER NOT NULL,
  code INTEGER,
  enhanced TEXT,
  reply TEXT,
  reporter TEXT,
  is_hard INTEGER NOT NULL,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX bounces_of ON bounce (address);
CREATE TRIGGER message_ended AFTER UPDATE OF final_at ON message
WHEN OLD.final_at IS NULL AND NEW.final_at IS NOT NULL AND (NEW.n_failed > 0 OR NEW.dsn IS NOT NULL)
  AND EXISTS (SELECT 1 FROM meta WHERE key = 'reports') BEGIN
  DELETE FROM report WHERE seq = NEW.seq AND kind = 'end';
  INSERT INTO report (seq, kind, state, since) VALUES (NEW.seq, 'end', 'due', NEW.final_at);
END;
`;
