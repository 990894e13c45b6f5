// The functions by which SQL queues mail: `mailq.enqueue` and `mailq.enqueue_raw`. They put it into the
// inbox and refuse at once what can be told cheaply; who takes it in judges all of it (app/inbox). They
// run in the caller's session, whatever its settings: no text of theirs has a backslash.

import { ID_ALPHABET } from "../../../queue/ids.ts";
import { PRIORITIES } from "../../../queue/message.ts";
import { INBOX_CHANNEL, MOST_BYTES } from "./layout.ts";

const PATH = "SET search_path = mailq, pg_temp";

/** Bytes of a random UUID of version 4 whose low five bits are all random. */
const RANDOM_BYTES = [0, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12];

const ID = RANDOM_BYTES
  .map((at) => `substr('${ID_ALPHABET}', (get_byte(random, ${at}) & 31) + 1, 1)`)
  .join(" || ");

export const ENQUEUE_FUNCTIONS =
  `CREATE FUNCTION mailq.refuse(place text, reason text) RETURNS void LANGUAGE plpgsql
${PATH} AS $$
BEGIN
  RAISE EXCEPTION USING ERRCODE = '22023', MESSAGE = place || ': ' || reason;
END $$;

-- A value that stands in one line; null where there is none.
CREATE FUNCTION mailq.in_a_line(place text, value text) RETURNS text LANGUAGE plpgsql
${PATH} AS $$
BEGIN
  IF value ~ ('[' || chr(1) || '-' || chr(31) || chr(127) || ']') THEN
    PERFORM refuse(place, 'Cannot use ' || to_json(left(value, 60))
      || ': expected a text without line ends and control characters');
  END IF;
  RETURN value;
END $$;

-- Whether a role may change the queue itself, and not only hand mail in.
CREATE FUNCTION mailq.may_operate(role text) RETURNS boolean LANGUAGE sql STABLE
${PATH} AS $$ SELECT has_table_privilege(role, 'mailq.message', 'UPDATE') $$;

CREATE FUNCTION mailq.put_in_inbox(jsonb, bytea, text) RETURNS text LANGUAGE plpgsql
${PATH} AS $$
#variable_conflict use_column
DECLARE
  given_line ALIAS FOR $1;
  given_bytes ALIAS FOR $2;
  -- A role that may only hand mail in has keys of its own: nobody can take those of others.
  own_key text := CASE WHEN $3 IS NULL OR may_operate(session_user) THEN $3
    ELSE session_user || ':' || $3 END;
  random bytea := uuid_send(gen_random_uuid());
  new_id text := ${ID};
  known_id text;
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
  bytes bigint := pg_column_size(given_line) + coalesce(octet_length(given_bytes), 0);
BEGIN
  IF bytes > ${MOST_BYTES} THEN
    PERFORM refuse('message', 'Cannot queue ' || bytes ||
      ' bytes by SQL: expected at most ${MOST_BYTES}');
  END IF;
  LOOP
    SELECT id INTO known_id FROM message WHERE key = own_key;
    IF FOUND THEN RETURN known_id; END IF;
    INSERT INTO inbox (id, at, submitter, key, line, message, size)
      VALUES (new_id, now_ms, session_user, own_key, given_line, given_bytes, bytes)
      ON CONFLICT (key) WHERE key IS NOT NULL DO NOTHING;
    IF FOUND THEN
      EXIT WHEN own_key IS NULL;
      -- The mail that had the key may just have been taken in.
      SELECT id INTO known_id FROM message WHERE key = own_key;
      EXIT WHEN NOT FOUND;
      DELETE FROM inbox WHERE id = new_id;
      RETURN known_id;
    END IF;
    SELECT id INTO known_id FROM inbox WHERE key = own_key;
    IF FOUND THEN RETURN known_id; END IF;
  END LOOP;
  -- A NOTIFY takes a lock on the whole cluster at its commit. The commit of a statement by itself
  -- comes at once, and whoever was told of late looks again; of any other nobody knows when it comes.
  IF statement_timestamp() <> transaction_timestamp() THEN
    PERFORM pg_notify('${INBOX_CHANNEL}', '');
  ELSIF now_ms - (SELECT last_value FROM inbox_woken) NOT BETWEEN 0 AND 49 THEN
    PERFORM setval('mailq.inbox_woken', now_ms);
    PERFORM pg_notify('${INBOX_CHANNEL}', '');
  END IF;
  RETURN new_id;
END $$;

-- What both ways of queueing say of how a message is queued, as a JSON line has it.
CREATE FUNCTION mailq.queue_fields(timestamptz, interval, text, text[], boolean) RETURNS jsonb
LANGUAGE plpgsql ${PATH} AS $$
DECLARE
  at ALIAS FOR $1;
  life ALIAS FOR $2;
  seconds numeric;
BEGIN
  IF at IS NOT NULL AND NOT at BETWEEN '1970-01-01' AND '9999-12-31' THEN
    PERFORM refuse('send_at', 'Cannot use ' || at || ': expected a time before the year 10000');
  END IF;
  seconds := floor(extract(epoch FROM life));
  IF seconds < 1 THEN
    PERFORM refuse('expires_in', 'Cannot use ' || life || ': expected at least a second');
  END IF;
  IF lower($3) NOT IN (${PRIORITIES.map((name) => `'${name}'`).join(", ")}) THEN
    PERFORM refuse('priority', 'Cannot use ' || to_json(left($3, 60))
      || ': expected one of ${PRIORITIES.join(", ")}');
  END IF;
  PERFORM in_a_line('tags', tag) FROM unnest($4) AS tag;
  IF '' = ANY(SELECT btrim(coalesce(tag, '')) FROM unnest($4) AS tag) THEN
    PERFORM refuse('tags', 'Cannot use an empty tag');
  END IF;
  RETURN jsonb_strip_nulls(jsonb_build_object(
    'send_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
    'expires_in', seconds || 's', 'priority', lower($3), 'tags', to_jsonb($4), 'hold', $5));
END $$;

CREATE FUNCTION mailq.checked_key(text) RETURNS text LANGUAGE plpgsql ${PATH} AS $$
BEGIN
  IF btrim($1) = '' THEN PERFORM refuse('key', 'Cannot use an empty key'); END IF;
  RETURN in_a_line('key', $1);
END $$;

CREATE FUNCTION mailq.enqueue(
  recipients text DEFAULT NULL,
  subject text DEFAULT NULL,
  text text DEFAULT NULL,
  html text DEFAULT NULL,
  sender text DEFAULT NULL,
  cc text DEFAULT NULL,
  bcc text DEFAULT NULL,
  reply_to text DEFAULT NULL,
  headers jsonb DEFAULT NULL,
  attachments jsonb DEFAULT NULL,
  send_at timestamptz DEFAULT NULL,
  expires_in interval DEFAULT NULL,
  priority text DEFAULT NULL,
  key text DEFAULT NULL,
  tags text[] DEFAULT NULL,
  hold boolean DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER ${PATH} AS $$
DECLARE
  one record;
  line jsonb;
BEGIN
  IF btrim(concat(recipients, cc, bcc)) = '' THEN
    PERFORM refuse('recipients', 'expected an address in recipients, cc or bcc');
  END IF;
  IF coalesce(jsonb_typeof(headers), 'object') <> 'object' THEN
    PERFORM refuse('headers', 'expected a JSON object');
  END IF;
  FOR one IN SELECT * FROM jsonb_each(headers) LOOP
    PERFORM in_a_line('headers', one.key);
    PERFORM in_a_line('headers', value) FROM jsonb_array_elements_text(
      CASE jsonb_typeof(one.value) WHEN 'array' THEN one.value
      ELSE jsonb_build_array(one.value) END) AS value;
  END LOOP;
  IF coalesce(jsonb_typeof(attachments), 'array') <> 'array' THEN
    PERFORM refuse('attachments', 'expected a JSON list');
  END IF;
  FOR one IN SELECT value FROM jsonb_array_elements(attachments) LOOP
    IF one.value -> 'base64' IS NULL OR one.value -> 'path' IS NOT NULL THEN
      PERFORM refuse('attachments', 'expected objects with name and base64');
    END IF;
  END LOOP;
  line := jsonb_strip_nulls(jsonb_build_object(
    'to', in_a_line('recipients', nullif(btrim(recipients), '')),
    'cc', in_a_line('cc', nullif(btrim(cc), '')),
    'bcc', in_a_line('bcc', nullif(btrim(bcc), '')),
    'from', in_a_line('sender', nullif(btrim(sender), '')),
    'reply_to', in_a_line('reply_to', nullif(btrim(reply_to), '')),
    'subject', in_a_line('subject', subject), 'text', text, 'html', html));
  IF headers IS NOT NULL THEN line := line || jsonb_build_object('headers', headers); END IF;
  IF attachments IS NOT NULL THEN
    line := line || jsonb_build_object('attachments', attachments);
  END IF;
  RETURN put_in_inbox(
    line || queue_fields(send_at, expires_in, priority, tags, hold), NULL, checked_key(key));
END $$;

CREATE FUNCTION mailq.enqueue_raw(
  message bytea,
  recipients text DEFAULT NULL,
  sender text DEFAULT NULL,
  send_at timestamptz DEFAULT NULL,
  expires_in interval DEFAULT NULL,
  priority text DEFAULT NULL,
  key text DEFAULT NULL,
  tags text[] DEFAULT NULL,
  hold boolean DEFAULT NULL
) RETURNS text LANGUAGE plpgsql SECURITY DEFINER ${PATH} AS $$
BEGIN
  IF coalesce(octet_length(message), 0) = 0 THEN
    PERFORM refuse('message', 'Cannot queue nothing: expected the bytes of a message');
  END IF;
  IF btrim(recipients) = '' THEN
    PERFORM refuse('recipients', 'expected an address, or NULL for those of the header');
  END IF;
  RETURN put_in_inbox(
    jsonb_strip_nulls(jsonb_build_object('to', in_a_line('recipients', btrim(recipients)),
      'sender', in_a_line('sender', sender)))
      || queue_fields(send_at, expires_in, priority, tags, hold), message, checked_key(key));
END $$;
`;
