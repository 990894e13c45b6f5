// The step of the schema by which who cannot listen is told of every commit, too. Never edited once
// released; the steps' order is schema.ts's.

// `woken` has the time of the last NOTIFY: a commit just behind it is told nobody by that. `told` counts
// each.
export const WAKE = `
CREATE SEQUENCE mailq.told;
SELECT nextval('mailq.told');
CREATE OR REPLACE FUNCTION mailq.wake(who text) RETURNS void LANGUAGE plpgsql
SET search_path = mailq, pg_temp AS $$
DECLARE
  now_ms bigint := extract(epoch FROM clock_timestamp()) * 1000;
BEGIN
  PERFORM nextval('mailq.told');
  -- A NOTIFY takes a lock on the whole cluster at its commit. Who was woken of late looks again by
  -- itself.
  IF now_ms - (SELECT last_value FROM woken) BETWEEN 0 AND 49 THEN RETURN; END IF;
  PERFORM setval('mailq.woken', now_ms);
  PERFORM pg_notify('mailq', who);
END $$;
`;
