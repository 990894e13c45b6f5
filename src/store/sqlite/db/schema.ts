// The schema, step by step. Released steps are never edited; a new one goes to the end, and
// SCHEMA_VERSION (layout.ts) counts them.

import { COUNTERS } from "../counters/schema.ts";
import { EVENTS, HOOKS } from "./event_steps.ts";
import { PARTS_PER_MESSAGE } from "./layout.ts";
import { REPORTS } from "./report_steps.ts";

/** One step of the schema. Released steps are never edited. */
interface Migration {
  /** Programs that know only earlier steps can go on using the queue after this one. */
  readonly isAdditive: boolean;
  readonly sql: string;
}

// `message` has one row a message, with everything that a listing shows; `recipient` one for each
// envelope recipient; `attempt` one for each try to hand a message over, its outcomes as JSON; `body`
// the bytes, in rows of at most 256 KB. `tally` has the counts by status, kept by triggers, so that
// they cost a reader nothing.
//
// A lane is the batch a message came in with; 0 is mail without one. Mail of a lane whose batch
// is still staged is invisible. Claims walk one lane at a time, so a large batch being staged
// costs them nothing, and one row's update makes all of it visible.
//
// The tally has a row for each lane and status from the start, and whoever writes to `message`
// says OR ROLLBACK: a write with a trigger that could fail on its own keeps a journal of its own,
// which costs twice the write itself. (A whole transaction is rolled back on any error anyway.)
//
// The words of message `seq`, folded by ourselves (words.ts), are row `seq` of `words`, up to the
// mark `searched_to`: the index is brought up to date off the enqueue path, since at enqueue it
// would cost a third of its speed. It has no indexes of prefixes: they made it four times as large,
// and where a beginning is that of many words a listing finds them near its start (search.ts).
const FIRST = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
INSERT INTO meta VALUES ('compatible_from', '1'), ('claim_token', '0'), ('searched_to', '0');

CREATE TABLE worker (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  host TEXT NOT NULL,
  pid INTEGER NOT NULL,
  lock_file TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  heartbeat_at INTEGER NOT NULL
) STRICT;

CREATE TABLE batch (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  state TEXT NOT NULL CHECK (state IN ('staged', 'visible')),
  owner INTEGER NOT NULL,
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE message (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  lane INTEGER NOT NULL,
  status TEXT NOT NULL,
  held INTEGER NOT NULL,
  priority INTEGER NOT NULL,
  queued_at INTEGER NOT NULL,
  life_from INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  send_at INTEGER,
  expires_at INTEGER,
  next_at INTEGER,
  sent_at INTEGER,
  final_at INTEGER,
  final_reason TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  attempts INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0,
  claim_token INTEGER,
  claim_worker INTEGER,
  claimed_at INTEGER,
  last_worker INTEGER,
  n_total INTEGER NOT NULL,
  n_open INTEGER NOT NULL,
  n_sent INTEGER NOT NULL DEFAULT 0,
  n_failed INTEGER NOT NULL DEFAULT 0,
  size INTEGER NOT NULL,
  dot_lines INTEGER NOT NULL,
  eight_bit INTEGER NOT NULL,
  body_kept INTEGER NOT NULL DEFAULT 1,
  sender TEXT NOT NULL,
  first_recipient TEXT NOT NULL,
  subject TEXT,
  header_from TEXT,
  header_to TEXT,
  message_id TEXT,
  tags TEXT,
  key TEXT,
  submitter TEXT,
  replaces TEXT,
  dsn TEXT,
  last_reply TEXT
) STRICT;
CREATE INDEX claim_order ON message (lane, priority, queued_at, seq) WHERE status = 'queued';
CREATE INDEX by_status ON message (status, seq);
CREATE INDEX by_lane ON message (lane, seq) WHERE lane <> 0;
CREATE INDEX scheduled_for ON message (send_at) WHERE status = 'scheduled';
CREATE INDEX next_due ON message (next_at) WHERE next_at IS NOT NULL;
CREATE INDEX expiring ON message (expires_at) WHERE expires_at IS NOT NULL AND final_at IS NULL;
CREATE INDEX final_since ON message (status, final_at) WHERE final_at IS NOT NULL;
CREATE INDEX held_claims ON message (claim_worker)
  WHERE status = 'held' AND claim_worker IS NOT NULL;
CREATE INDEX exhausted ON message (seq) WHERE final_reason = 'retries';
CREATE UNIQUE INDEX by_key ON message (key) WHERE key IS NOT NULL;

CREATE TABLE recipient (
  seq INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
  n INTEGER NOT NULL,
  address TEXT NOT NULL,
  state TEXT NOT NULL,
  reason TEXT,
  tries INTEGER NOT NULL DEFAULT 0,
  failures INTEGER NOT NULL DEFAULT 0,
  next_at INTEGER,
  sent_at INTEGER,
  code INTEGER,
  enhanced TEXT,
  reply TEXT,
  dsn TEXT,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE body (part INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

CREATE TABLE tag (
  tag TEXT NOT NULL,
  seq INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
  PRIMARY KEY (tag, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX tags_of ON tag (seq);

CREATE TABLE attempt (
  seq INTEGER NOT NULL REFERENCES message ON DELETE CASCADE,
  n INTEGER NOT NULL,
  started_at INTEGER NOT NULL,
  duration_ms INTEGER NOT NULL,
  relay TEXT,
  host TEXT,
  tls TEXT,
  result TEXT NOT NULL,
  code INTEGER,
  enhanced TEXT,
  reply TEXT,
  error TEXT,
  traceback TEXT,
  transcript TEXT,
  outcomes TEXT NOT NULL,
  PRIMARY KEY (seq, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE tally (
  lane INTEGER NOT NULL,
  status TEXT NOT NULL,
  n INTEGER NOT NULL,
  PRIMARY KEY (lane, status)
) STRICT, WITHOUT ROWID;

INSERT INTO tally VALUES (0, 'queued', 0), (0, 'sending', 0), (0, 'deferred', 0), (0, 'held', 0),
  (0, 'sent', 0), (0, 'partial', 0), (0, 'failed', 0), (0, 'cancelled', 0), (0, 'suppressed', 0),
  (0, 'scheduled', 0);

CREATE VIRTUAL TABLE words USING fts5(
  subject_words, address_words, id_words,
  content='', contentless_delete=1, tokenize='ascii'
);

CREATE TABLE suppression (
  address TEXT PRIMARY KEY,
  reason TEXT,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE relay (
  name TEXT PRIMARY KEY,
  failures INTEGER NOT NULL,
  down_since INTEGER,
  open_until INTEGER,
  last_error TEXT,
  changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE rate (
  scope TEXT PRIMARY KEY,
  newest_from INTEGER NOT NULL,
  counts TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message TEXT,
  detail TEXT
) STRICT;

CREATE TRIGGER message_added AFTER INSERT ON message BEGIN
  UPDATE tally SET n = n + 1 WHERE lane = NEW.lane AND status = NEW.status;
END;
CREATE TRIGGER message_moved AFTER UPDATE OF status, lane ON message
WHEN OLD.status <> NEW.status OR OLD.lane <> NEW.lane BEGIN
  UPDATE tally SET n = n - 1 WHERE lane = OLD.lane AND status = OLD.status;
  UPDATE tally SET n = n + 1 WHERE lane = NEW.lane AND status = NEW.status;
END;
CREATE TRIGGER message_gone AFTER DELETE ON message BEGIN
  UPDATE tally SET n = n - 1 WHERE lane = OLD.lane AND status = OLD.status;
  DELETE FROM body
    WHERE part >= OLD.seq * ${PARTS_PER_MESSAGE} AND part < (OLD.seq + 1) * ${PARTS_PER_MESSAGE};
  DELETE FROM words WHERE rowid = OLD.seq;
END;
`;

// The keys of mail in a batch that several processes add to. They stand in `message` only once it
// is visible: should the batch be dropped, nobody may have taken one of it for mail in the queue.
const STAGED_KEYS = `
CREATE TABLE staged_key (
  seq INTEGER PRIMARY KEY REFERENCES message ON DELETE CASCADE,
  key TEXT NOT NULL
) STRICT;
CREATE INDEX staged_by_key ON staged_key (key);
`;

// What is not a message's fault: pauses of parts of the mail, and refusals of relays that may be
// theirs. `times` counts automatic pauses in a row; a row whose time is over remembers that.
const REFUSALS = `
CREATE TABLE pause (
  scope TEXT NOT NULL,
  value TEXT NOT NULL,
  reason TEXT,
  since INTEGER NOT NULL,
  until INTEGER,
  automatic INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (scope, value)
) STRICT, WITHOUT ROWID;
CREATE TABLE suspicion (
  relay TEXT NOT NULL,
  key TEXT NOT NULL,
  reply TEXT NOT NULL,
  since INTEGER NOT NULL,
  suspects TEXT NOT NULL,
  PRIMARY KEY (relay, key)
) STRICT, WITHOUT ROWID;
ALTER TABLE relay ADD COLUMN refusal TEXT;
ALTER TABLE relay ADD COLUMN hint TEXT;
`;

// What relays were found to bear, and by which settings (a fingerprint) that and their faults are
// known. Rates are messages a second.
const RELAY_LIMITS = `
CREATE TABLE relay_limit (
  relay TEXT PRIMARY KEY,
  settings TEXT,
  connections INTEGER,
  of_connections INTEGER,
  rate REAL,
  learned_at INTEGER,
  back_offs INTEGER NOT NULL,
  since INTEGER,
  until INTEGER,
  reply TEXT
) STRICT, WITHOUT ROWID;
`;

// What intake changed of a message's bytes, as a JSON list of texts; NULL where it changed nothing.
const CHANGES = `
ALTER TABLE message ADD COLUMN changes TEXT;
`;

// Which family of addresses reached a relay last: where IPv6 leads nowhere only one process waits.
const FAMILIES = `
CREATE TABLE relay_family (
  relay TEXT PRIMARY KEY,
  family INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

// The messages, by seq, whose refusals brought an automatic pause about; NULL for other pauses.
const REFUSED_MESSAGES = `
ALTER TABLE pause ADD COLUMN refused TEXT;
`;

export const MIGRATIONS: readonly Migration[] = [
  { isAdditive: true, sql: FIRST },
  { isAdditive: true, sql: STAGED_KEYS },
  { isAdditive: true, sql: REFUSALS },
  { isAdditive: true, sql: RELAY_LIMITS },
  { isAdditive: true, sql: CHANGES },
  { isAdditive: true, sql: FAMILIES },
  { isAdditive: true, sql: REFUSED_MESSAGES },
  { isAdditive: true, sql: EVENTS },
  { isAdditive: true, sql: COUNTERS },
  { isAdditive: true, sql: HOOKS },
  { isAdditive: true, sql: REPORTS },
];
