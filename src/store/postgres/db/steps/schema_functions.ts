// The triggers and functions of the schema's first step. Like the steps (schema.ts) they are never
// edited once released: a later step replaces a function.

export const FIRST_FUNCTIONS =
  `CREATE FUNCTION mailq.message_added() RETURNS trigger LANGUAGE plpgsql
SET search_path = mailq, pg_temp AS $$
BEGIN
  INSERT INTO tally SELECT lane, status, count(*) FROM new_rows GROUP BY lane, status;
  INSERT INTO unindexed SELECT seq FROM new_rows;
  INSERT INTO ready SELECT seq, priority, queued_at FROM new_rows
    WHERE status = 'queued' AND lane = 0;
  RETURN NULL;
END $$;

CREATE FUNCTION mailq.message_changed() RETURNS trigger LANGUAGE plpgsql
SET search_path = mailq, pg_temp AS $$
BEGIN
  INSERT INTO tally SELECT lane, status, sum(n) FROM (
      SELECT lane, status, -1 AS n FROM old_rows UNION ALL SELECT lane, status, 1 FROM new_rows
    ) AS change GROUP BY lane, status HAVING sum(n) <> 0;
  DELETE FROM ready USING old_rows AS o JOIN new_rows AS n ON n.seq = o.seq
    WHERE ready.seq = o.seq AND o.status = 'queued'
      AND (n.status <> 'queued' OR n.queued_at <> o.queued_at);
  INSERT INTO ready SELECT n.seq, n.priority, n.queued_at
    FROM new_rows AS n JOIN old_rows AS o ON n.seq = o.seq
    WHERE n.status = 'queued' AND (o.status <> 'queued' OR n.queued_at <> o.queued_at)
      AND (n.lane = 0 OR NOT EXISTS (SELECT FROM batch WHERE batch.id = n.lane));
  RETURN NULL;
END $$;

CREATE FUNCTION mailq.message_gone() RETURNS trigger LANGUAGE plpgsql
SET search_path = mailq, pg_temp AS $$
BEGIN
  INSERT INTO tally SELECT lane, status, -count(*) FROM old_rows GROUP BY lane, status;
  DELETE FROM ready USING old_rows AS o WHERE ready.seq = o.seq;
  DELETE FROM recipient USING old_rows AS o WHERE recipient.seq = o.seq;
  DELETE FROM body USING old_rows AS o WHERE body.seq = o.seq;
  DELETE FROM tag USING old_rows AS o WHERE tag.seq = o.seq;
  DELETE FROM attempt USING old_rows AS o WHERE attempt.seq = o.seq;
  DELETE FROM unindexed USING old_rows AS o WHERE unindexed.seq = o.seq;
  DELETE FROM words USING old_rows AS o WHERE words.seq = o.seq;
  DELETE FROM staged_key USING old_rows AS o WHERE staged_key.seq = o.seq;
  RETURN NULL;
END $$;

CREATE TRIGGER message_added AFTER INSERT ON mailq.message
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION mailq.message_added();
CREATE TRIGGER message_changed AFTER UPDATE ON mailq.message
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION mailq.message_changed();
CREATE TRIGGER message_gone AFTER DELETE ON mailq.message
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION mailq.message_gone();

CREATE FUNCTION mailq.wake(who text) RETURNS void LANGUAGE plpgsql
SET search_path = mailq, pg_temp AS $$
DECLARE
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  -- A NOTIFY takes a lock on the whole cluster at its commit. Who was woken of late looks again by
  -- itself.
  IF now_ms - (SELECT last_value FROM woken) BETWEEN 0 AND 49 THEN RETURN; END IF;
  PERFORM setval('mailq.woken', now_ms);
  PERFORM pg_notify('mailq', who);
END $$;
`;
