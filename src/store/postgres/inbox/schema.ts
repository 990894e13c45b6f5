// The step of the schema that lets SQL queue mail: the inbox, what was refused of it, the views, and
// what roles with fewer rights than the owner need. db/schema.ts has it in its order; the functions that
// fill the inbox are functions.ts's.

import { NUMBER_EVENTS, NUMBER_LOCK } from "../events/read.ts";
import { CANCEL_FUNCTION } from "./cancel_function.ts";
import { ENQUEUE_FUNCTIONS } from "./functions.ts";

// `inbox` has mail as it was handed over by SQL, until a worker takes it in: `line` is what a JSON line
// says (src/intake/jsonl), `message` the bytes of a whole message. `inbox_woken` is when its workers
// were told last.
//
// To the views mail in the inbox is `incoming`, and what could not be taken in `refused`.
export const INBOX = `
CREATE SEQUENCE mailq.inbox_woken MINVALUE 0 START 0;

CREATE TABLE mailq.inbox (
  n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id text COLLATE "C" NOT NULL UNIQUE,
  at bigint NOT NULL,
  submitter text COLLATE "C" NOT NULL,
  key text COLLATE "C",
  line jsonb NOT NULL,
  message bytea,
  size bigint NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE UNIQUE INDEX inbox_key_once ON mailq.inbox (key) WHERE key IS NOT NULL;
ALTER TABLE mailq.inbox ALTER COLUMN message SET STORAGE EXTERNAL;

CREATE TABLE mailq.refused (
  n bigint PRIMARY KEY,
  id text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  submitter text COLLATE "C" NOT NULL,
  key text COLLATE "C",
  line jsonb NOT NULL,
  message bytea,
  size bigint NOT NULL,
  refused_at bigint NOT NULL,
  reason text NOT NULL
);
CREATE INDEX refused_since ON mailq.refused (refused_at);
ALTER TABLE mailq.refused ALTER COLUMN message SET STORAGE EXTERNAL;

CREATE FUNCTION mailq.as_time(ms bigint) RETURNS timestamptz LANGUAGE sql IMMUTABLE
RETURN to_timestamp(ms / 1000.0);

CREATE VIEW mailq.messages AS
  SELECT id, status, CASE priority WHEN 0 THEN 'now' WHEN 1 THEN 'high' WHEN 2 THEN 'normal'
      ELSE 'low' END AS priority,
    held = 1 AS held, sender, n_total AS recipients, n_sent AS sent, n_failed AS failed,
    n_open AS open, subject, message_id, size, submitter, key,
    ARRAY(SELECT jsonb_array_elements_text(coalesce(tags, '[]')::jsonb)) AS tags,
    mailq.as_time(created_at) AS created_at, mailq.as_time(send_at) AS send_at,
    mailq.as_time(expires_at) AS expires_at, mailq.as_time(next_at) AS next_attempt_at,
    mailq.as_time(sent_at) AS sent_at, attempts, last_reply
  FROM mailq.message WHERE lane NOT IN (SELECT id FROM mailq.batch)
  UNION ALL
  SELECT id, 'incoming', line ->> 'priority', false, NULL, NULL, 0, 0, NULL, line ->> 'subject', NULL,
    size, submitter, key, ARRAY(SELECT jsonb_array_elements_text(coalesce(line -> 'tags', '[]'))),
    mailq.as_time(at), (line ->> 'send_at')::timestamptz, NULL, NULL, NULL, 0, NULL
  FROM mailq.inbox
  UNION ALL
  SELECT id, 'refused', NULL, false, NULL, NULL, 0, 0, NULL, line ->> 'subject', NULL,
    size, submitter, key, NULL,
    mailq.as_time(at), NULL, NULL, NULL, NULL, 0, reason
  FROM mailq.refused;

CREATE VIEW mailq.recipients AS
  SELECT message.id, recipient.address, recipient.state, recipient.reason, recipient.tries,
    mailq.as_time(recipient.next_at) AS next_attempt_at,
    mailq.as_time(recipient.sent_at) AS sent_at,
    recipient.code, recipient.enhanced, recipient.reply
  FROM mailq.recipient JOIN mailq.message USING (seq)
  WHERE message.lane NOT IN (SELECT id FROM mailq.batch);

CREATE VIEW mailq.problems AS
  SELECT id, address, state, next_attempt_at, code, enhanced, reply FROM mailq.recipients
  WHERE state IN ('deferred', 'failed')
  UNION ALL
  SELECT id, NULL, 'refused', NULL, NULL, NULL, reason FROM mailq.refused;

-- Events get their numbers from whoever reads them first, also from one who may only read.
CREATE FUNCTION mailq.number_events() RETURNS void LANGUAGE sql SECURITY DEFINER
SET search_path = mailq, pg_temp AS $$
  ${NUMBER_LOCK};
  ${NUMBER_EVENTS};
$$;

${ENQUEUE_FUNCTIONS}
${CANCEL_FUNCTION}
-- Whoever may use the schema may not yet do these: \`mailq grant\` gives it.
REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA mailq FROM PUBLIC;`;
