// The step of the schema that is about reports to senders and mail that came back, as
// sqlite/db/report_steps.ts has it. Never edited once released; the steps' order is schema.ts's.

export const REPORTS = `
CREATE TABLE mailq.report (
  seq bigint NOT NULL REFERENCES mailq.message ON DELETE CASCADE,
  kind text COLLATE "C" NOT NULL,
  state text COLLATE "C" NOT NULL,
  since bigint NOT NULL,
  PRIMARY KEY (seq, kind)
);
CREATE INDEX report_open ON mailq.report (state, since) WHERE state <> 'done';
CREATE TABLE mailq.report_refused (
  address text COLLATE "C" PRIMARY KEY,
  at bigint NOT NULL
);
CREATE TABLE mailq.bounce (
  seq bigint NOT NULL REFERENCES mailq.message ON DELETE CASCADE,
  n integer NOT NULL,
  address text COLLATE "C" NOT NULL,
  at bigint NOT NULL,
  code integer,
  enhanced text,
  reply text,
  reporter text,
  is_hard smallint NOT NULL,
  PRIMARY KEY (seq, n)
);
CREATE INDEX bounces_of ON mailq.bounce (address);

CREATE FUNCTION mailq.message_ended() RETURNS trigger LANGUAGE plpgsql
SET search_path = mailq, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM meta WHERE key = 'reports') THEN
    INSERT INTO report (seq, kind, state, since) VALUES (NEW.seq, 'end', 'due', NEW.final_at)
      ON CONFLICT (seq, kind) DO UPDATE SET state = 'due', since = excluded.since;
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER message_ended AFTER UPDATE OF final_at ON mailq.message FOR EACH ROW
  WHEN (OLD.final_at IS NULL AND NEW.final_at IS NOT NULL
    AND (NEW.n_failed > 0 OR NEW.dsn IS NOT NULL))
  EXECUTE FUNCTION mailq.message_ended();
`;
