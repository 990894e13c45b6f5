// The function by which SQL cancels mail: `mailq.cancel`. The same as Operator.cancel, in the caller's
// transaction: what is in the inbox goes, of what is in the queue that which waits is given up.

import { CANCEL } from "../act/actions.ts";
import { refreshSql } from "../claims/refresh_messages.ts";

export const CANCEL_FUNCTION = `
CREATE FUNCTION mailq.cancel(id text) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
SET search_path = mailq, pg_temp AS $$
#variable_conflict use_column
DECLARE
  may_all boolean := may_operate(session_user);
  found_seq bigint;
  cancelled integer;
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  -- Waits for whoever is taking it in.
  DELETE FROM inbox WHERE id = cancel.id AND (may_all OR submitter = session_user);
  IF FOUND THEN RETURN true; END IF;
  SELECT seq INTO found_seq FROM message
    WHERE id = cancel.id AND (may_all OR submitter = session_user) AND final_at IS NULL
      AND lane NOT IN (SELECT id FROM batch) FOR UPDATE;
  IF NOT FOUND THEN RETURN false; END IF;
  ${CANCEL.replace("?", "ARRAY[found_seq]").replace(/ RETURNING seq$/, "")};
  GET DIAGNOSTICS cancelled = ROW_COUNT;
  IF cancelled = 0 THEN RETURN false; END IF;
  ${refreshSql({ now: "now_ms", seqs: "ARRAY[found_seq]" })};
  INSERT INTO event_new (lane, n, at, events) VALUES (0, 1, now_ms,
    jsonb_build_array(jsonb_build_array('message.cancelled', '["id", "recipients"]'::jsonb,
      jsonb_build_array(cancel.id, cancelled)))::text);
  INSERT INTO counter VALUES ('recipients', '["none", "cancelled", "none"]', cancelled);
  RETURN true;
END $$;
`;
