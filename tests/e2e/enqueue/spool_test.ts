// Mail that is handed in while its queue's database is away, where the settings say that it may wait here.
import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { postgresPrograms, startPostgres, TEST_PASSWORD } from "../../support/postgres_server.ts";
import { putNewQueue } from "../../support/queue_postgres.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";

const programs = postgresPrograms();

Deno.test("spool: mail waits here while the database is away, and goes once it is back", {
  ignore: programs === null,
}, async () => {
  Deno.env.set("MAILQ_QUEUE_PASSWORD", TEST_PASSWORD);
  const server = await startPostgres(programs ?? "");
  const queue = server.url(await putNewQueue(server));
  await using relay = new SmtpServer();
  const env = {
    MAILQ_QUEUE: queue,
    MAILQ_QUEUE_PASSWORD: TEST_PASSWORD,
    MAILQ_TRANSPORT: relay.url,
  };
  await using mailq = await Mailq.make(env);
  await Deno.mkdir(`${mailq.folder}/state`);
  Object.assign(mailq.env, { XDG_STATE_HOME: `${mailq.folder}/state` });
  await mailq.ok(["migrate"]);
  const spool = { env: { MAILQ_SPOOL: "true" } };
  const direct = (await mailq.ok(["enqueue"], { ...spool, stdin: mail({ subject: "0" }) })).trim();
  server.process?.kill("SIGINT");
  await server.process?.status;
  const [one, other, refused] = await Promise.all([
    mailq.run(["enqueue", "--key", "k"], { ...spool, stdin: mail({ subject: "1" }) }),
    mailq.run(["sendmail", "bob@receiver.test"], { ...spool, stdin: mail({ subject: "2" }) }),
    mailq.run(["enqueue"], { stdin: mail({ subject: "never" }) }),
  ]);
  assert.deepEqual([one.code, one.stderr], [0, ""], "as if it were queued");
  assert.deepEqual([other.code, other.stderr], [0, ""]);
  assert.equal(refused.code, 75);
  const folder = `${mailq.folder}/state/mailq/drop`;
  const drops = [...Deno.readDirSync(folder)].filter(({ name }) => name.endsWith(".drop"));
  assert.equal(drops.length, 2);
  await server.start();
  await mailq.ok(["send"], spool);
  const subjects = () =>
    relay.messages.map(({ data }) =>
      /^Subject: (.*)\r$/m.exec(new TextDecoder().decode(data))?.[1]
    );
  assert.deepEqual(subjects().sort(), ["0", "1", "2"]);
  const ids = (await mailq.json(["list"])).map(({ id }) => id);
  assert.ok(
    ids.includes(one.stdout.trim()) && ids.includes(direct),
    "the id that was told is its id",
  );
  // What it knows by its key it knows from there, too.
  const again = await mailq.ok(["enqueue", "--key", "k"], { ...spool, stdin: mail() });
  assert.equal(again.trim(), one.stdout.trim());

  Object.assign(mailq.env, { MAILQ_SPOOL: "true", MAILQ_INTERVAL: "1s" });
  await using service = await Running.service(mailq);
  server.process?.kill("SIGINT");
  await server.process?.status;
  await mailq.ok(["enqueue"], { stdin: mail({ subject: "3" }) });
  await server.start();
  await service.meanwhile(relay.received(4));
  assert.equal(subjects().at(-1), "3");
  await service.stop();
});
