// The service on a queue in PostgreSQL: mail from SQL, listeners, hooks, tx, two versions.
import assert from "node:assert/strict";
import { mail } from "../../support/mailq.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { type PostgresMailq, postgresMailq } from "../support/postgres_mailq.ts";
import { Running } from "../support/running.ts";

const server = await postgresServer();

function test(behaviour: string, run: (queue: PostgresMailq, relay: SmtpServer) => Promise<void>) {
  if (server === null) return;
  Deno.test(`on PostgreSQL ${behaviour}`, async () => {
    await using relay = new SmtpServer();
    await using queue = await postgresMailq(server, {
      MAILQ_TRANSPORT: relay.url,
      MAILQ_LISTEN_SMTP: "127.0.0.1:0",
    });
    await run(queue, relay);
  });
}

test("the service sends what SQL commits, and what comes by SMTP", async (queue, relay) => {
  const { mailq, sql } = queue;
  await mailq.ok(["migrate"]);
  await using running = await Running.service(mailq);
  await running.said(/listening on 127\.0\.0\.1:\d+/);
  // By itself, and within a transaction that goes on.
  await sql.enqueue({ subject: "alone" });
  await running.meanwhile(relay.received(1));
  await sql.all("BEGIN");
  await sql.enqueue({ subject: "in a transaction" });
  await sql.all("COMMIT");
  await running.meanwhile(relay.received(2));
  const [place = ""] = running.stderr.match(/127\.0\.0\.1:\d+/) ?? [];
  using talk = await SmtpTalk.greeted(place);
  await talk.mail("Subject: hello\r\n\r\nHi\r\n");
  await running.meanwhile(relay.received(3));
  await talk.command("QUIT", 221);
  // Of a trigger, one that queues mail for each row of an application's table.
  await sql.all(`CREATE TABLE invoice (number int, email text);
    CREATE FUNCTION send_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM mailq.enqueue(recipients => NEW.email, subject => 'Invoice ' || NEW.number,
        text => 'Dear customer …', key => 'invoice-' || NEW.number);
      RETURN NULL;
    END $$;
    CREATE TRIGGER send_invoice AFTER INSERT ON invoice
      FOR EACH ROW EXECUTE FUNCTION send_invoice();
    INSERT INTO invoice SELECT n, 'customer' || n || '@example.org' FROM generate_series(1, 5) n`);
  await running.meanwhile(relay.received(8));
  await running.stop();
  assert.deepEqual(await mailq.json(["list", "--status", "queued"]), []);
});

test("a hook is told, and a tx is all or nothing", async ({ mailq }, relay) => {
  const out = `${mailq.folder}/told`;
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[[hook]]\nname = "log"\nevents = ["recipient.sent"]\ncommand = "cat >> ${out}"\n`,
  );
  await mailq.ok(["migrate"]);
  await Deno.writeTextFile(`${mailq.folder}/one.eml`, mail({ subject: "in tx" }));
  const program = (await import("../../support/mailq.ts")).PROGRAM;
  const shell = ["sh", "-c", '"$@" && exit 3', "sh", ...program, "enqueue", "one.eml"];
  assert.equal((await mailq.run(["tx", "--", ...shell])).code, 3);
  await mailq.ok(["tx", "--", ...program, "enqueue", "one.eml"]);
  await mailq.ok(["send"]);
  assert.equal(relay.messages.length, 1);
  assert.match(await Deno.readTextFile(out), /"type":"recipient\.sent"/);
});

test("an older program may only look once a newer one has broken with it", async (queue, relay) => {
  const { mailq, sql } = queue;
  await mailq.ok(["migrate"]);
  const id = await mailq.enqueue(mail({ subject: "One" }));
  await using running = await Running.service(mailq);
  await running.meanwhile(relay.received(1));
  await mailq.ok(["wait", "--timeout", "20s", id]);
  // What a newer program's step does, by `mailq migrate`.
  await sql.all(`BEGIN; LOCK TABLE mailq.migration IN ACCESS EXCLUSIVE MODE;
    ALTER TABLE mailq.message RENAME COLUMN key TO dedup_key;
    ALTER TABLE mailq.message ADD COLUMN key text;
    INSERT INTO mailq.migration SELECT max(version) + 1, true FROM mailq.migration; NOTIFY mailq; COMMIT`);
  await sql.enqueue();
  // The service leaves, for its manager to start the new program.
  const { code } = await running.child.status;
  assert.equal(code, 75);
  assert.match(await mailq.ok(["list"]), /One/);
  assert.match(await mailq.ok(["status"]), /^sent +1$/m);
  for (const args of [["pause"], ["enqueue"], ["send"], ["suppress", "add", "a@b.test"]]) {
    const ended = await mailq.run(args, { stdin: mail() });
    assert.equal(ended.code, 78, `${args}: ${ended.stderr}`);
    assert.match(ended.stderr, /a newer mailq has changed it .*update this program/);
  }
});
