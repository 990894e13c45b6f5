import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { postgresServer } from "../../support/postgres_server.ts";
import { putNewQueue } from "../../support/queue_postgres.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

const server = await postgresServer();

Deno.test("copy: to PostgreSQL and back, killed in between: all mail goes once", {
  ignore: server === null,
}, async () => {
  if (server === null) return;
  await using relay = new SmtpServer();
  const MAILQ_QUEUE_PASSWORD = Deno.env.get("MAILQ_QUEUE_PASSWORD") ?? "";
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url, MAILQ_QUEUE_PASSWORD });
  await mailq.enqueueMany(2_000);
  await mailq.enqueue(mail({ subject: "held" }), "--hold");
  const url = server.url(await putNewQueue(server));
  const [source, back] = ["queue.db", "back.db"];
  const cut = await mailq.spawn(["copy", source, url]);
  const looks = async () => {
    const found = await mailq.run(["--queue", url, "status", "--json"]);
    return found.code === 0 ? JSON.parse(found.stdout).queued : 0;
  };
  while (await looks() === 0);
  cut.kill("SIGKILL");
  await cut.status;
  const told = await mailq.ok(["copy", source, url]);
  const [copied, ...steps] = told.trim().split("\n");
  assert.match(
    copied ?? "",
    /^Copied \d+ messages(, after \d+ earlier)? from queue\.db to postgres:.*, each compared; 2001 to be sent there\. All sending from both is paused$/,
  );
  assert.deepEqual(steps, [
    `→ queue = "${url}" for all that queue and send, then`,
    `→ mailq copy queue.db ${url}  (what came meanwhile)`,
    `→ mailq --queue ${url} resume`,
  ]);
  for (const queue of [source, url]) await mailq.ok(["--queue", queue, "send"]);
  assert.equal(relay.messages.length, 0, "both are paused");
  const [again] = await mailq.json(["copy", url, back]);
  assert.deepEqual([again.messages, again.earlier, again.open], [2_001, 0, 2_001]);
  await mailq.ok(["--queue", back, "resume"]);
  await mailq.ok(["--queue", back, "send"]);
  const subjects = relay.messages.map(({ data }) =>
    /^Subject: (\d+)/m.exec(new TextDecoder().decode(data))?.[1]
  );
  assert.deepEqual(new Set(subjects).size, 2_000);
  assert.equal(subjects.length, 2_000);
  assert.deepEqual((await mailq.statuses()).held, "held");
});

Deno.test("copy: what it cannot copy is told in one line", async () => {
  await using mailq = await Mailq.make();
  const { code, stderr } = await mailq.run(["copy", "nothing.db", "other.db"]);
  assert.deepEqual([code, stderr], [
    66,
    "mailq: Cannot copy the queue nothing.db: there is none\n",
  ]);
  await mailq.enqueue(mail());
  const itself = await mailq.run(["copy", "queue.db", `${mailq.folder}/queue.db`]);
  assert.equal(itself.code, 64);
  assert.match(
    itself.stderr,
    /^mailq: Cannot copy the queue queue\.db into .*: it is the same queue/,
  );
});
