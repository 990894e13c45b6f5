import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";
import { runInShell } from "../support/shell.ts";

/** What lies in the folder of the queue under names of its own. */
function namesOf(mailq: Mailq, part: string): string[] {
  return [...Deno.readDirSync(mailq.folder)].map(({ name }) => name)
    .filter((name) => name.includes(part)).sort();
}

Deno.test("restore: nothing that has gone since goes twice, be it queued or deferred in the backup", async () => {
  const deferred = new Set(["later@x.test", "both@x.test"]);
  await using server = new SmtpServer({
    onRcpt: (address) => deferred.has(address) ? "451 4.2.0 Try again later" : null,
  });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "deferred", to: "later@x.test" }));
  await mailq.enqueue(mail({ subject: "half", to: "ann@x.test, both@x.test" }));
  await mailq.ok(["send"]);
  const queued = await mailq.enqueue(mail({ subject: "queued" }));
  await mailq.enqueue(mail({ subject: "waiting" }), "--send-at", "+3d");
  await mailq.ok(["backup", "backup.db"]);
  deferred.clear();
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ subject: "since" }));
  const before = server.messages.length;
  const [told] = await mailq.json(["restore", "backup.db"]);
  assert.deepEqual(
    [told.messages, told.open, told.compared, told.gone, told.later, told.later_open],
    [4, 4, true, 3, 1, 1],
  );
  const subjects = (found: { message: { subject: string }; since: { status: string } }[]) =>
    found.map(({ message, since }) => [message.subject, since.status]);
  assert.deepEqual(subjects(told.samples), [
    ["deferred", "sent"],
    ["half", "sent"],
    ["queued", "sent"],
  ]);
  assert.deepEqual(await mailq.statuses(), {
    deferred: "held",
    half: "held",
    queued: "held",
    waiting: "queued",
  });
  await mailq.ok(["send"]);
  await mailq.ok(["resume"]);
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, before, "nothing went again");
  await mailq.ok(["release", queued]);
  await mailq.ok(["send", queued]);
  assert.equal(server.messages.length, before + 1, "it sends again");
  // The queue that was there can be looked into, and what it alone has be taken over, as it says.
  const line = `mailq --queue '${told.kept}' export --since ${told.made_at} \\
    --status queued,deferred,held --maildir spool --envelope && mailq enqueue --maildir spool`;
  const { code, stderr } = await runInShell(mailq, line);
  assert.equal(code, 0, stderr);
  assert.equal((await mailq.statuses()).since, "queued");
  assert.deepEqual(namesOf(mailq, ".queue.db."), [], "no copy is left");
});

Deno.test("restore: says in words what it did, when the backup was made, and what to do next", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail({ subject: "Hello" }));
  await mailq.ok(["backup", "backup.db"]);
  await mailq.ok(["send"]);
  const told = await mailq.ok(["restore", "backup.db"]);
  const [first, kept, gone, sample, ...steps] = told.trim().split("\n");
  assert.match(
    first ?? "",
    /^Restored .*queue\.db from backup\.db, made \d{4}-\d\d-\d\d \d\d:\d\d:\d\d: 1 message, 1 to be sent; all sending is paused$/,
  );
  assert.match(kept ?? "", /^The queue that was there is .*queue\.db-replaced-\d{8}T\d{6}Z$/);
  assert.match(gone ?? "", /^1 message that wait in it have gone since/);
  assert.match(sample ?? "", new RegExp(`^  ${id}  sent \\d.*bob@receiver\\.test  Hello$`));
  assert.deepEqual(steps, [
    "→ mailq list --status held",
    "→ mailq cancel ID…  (or mailq release ID…)",
    "→ mailq resume",
  ]);
  assert.match(await mailq.ok(["status"]), /paused/);
});

Deno.test("restore: where there is no queue, or a damaged one, all that waits is listed", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ subject: "Hello" }));
  await mailq.ok(["backup", "backup.db"]);
  await Deno.writeFile(mailq.queue, crypto.getRandomValues(new Uint8Array(8192)));
  await Deno.writeTextFile(`${mailq.queue}-wal`, "a log");
  const [damaged] = await mailq.json(["restore", "backup.db"]);
  assert.deepEqual([damaged.compared, damaged.gone, damaged.samples.length], [false, 0, 1]);
  assert.ok(namesOf(mailq, "replaced").length > 0, "the damaged one is kept");
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" });
  await mailq.ok(["--queue", `${mailq.folder}/new/queue.db`, "restore", "backup.db"]);
  assert.match(
    await mailq.ok(["--queue", `${mailq.folder}/new/queue.db`, "list"]),
    /Hello/,
  );
});

Deno.test("restore: while a worker lives, or the queue is open elsewhere, nothing is done", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  await mailq.ok(["backup", "backup.db"]);
  {
    await using run = await Running.service(mailq);
    const ended = await mailq.run(["restore", "backup.db"]);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /process \d+ is sending from it; stop it \(`systemctl stop mailq`/);
    await run.stop();
  }
  const db = new DatabaseSync(mailq.queue);
  try {
    db.prepare("SELECT count(*) FROM message").get();
    const ended = await mailq.run(["restore", "backup.db"]);
    assert.equal(ended.code, 75, ended.stderr);
    assert.match(ended.stderr, /another process has it open; stop what sends and queues/);
  } finally {
    db.close();
  }
  assert.deepEqual(namesOf(mailq, "queue.db-replaced"), []);
  assert.deepEqual(namesOf(mailq, ".queue.db."), []);
});

Deno.test("restore: what is no backup is refused, and the queue stays", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  await mailq.ok(["backup", "backup.db"]);
  await Deno.writeTextFile(`${mailq.folder}/text`, "no backup");
  await Deno.copyFile(`${mailq.folder}/backup.db`, `${mailq.folder}/used.db`);
  await Deno.writeTextFile(`${mailq.folder}/used.db-wal`, "something");
  const damaged = Deno.readFileSync(`${mailq.folder}/backup.db`);
  crypto.getRandomValues(damaged.subarray(8192, 16384));
  await Deno.writeFile(`${mailq.folder}/damaged.db`, damaged);
  const cases: readonly (readonly [string, number, RegExp])[] = [
    ["none.db", 66, /Cannot restore none\.db: there is no such file/],
    ["queue.db", 66, /it is the queue itself/],
    ["used.db", 66, /it is a queue in use; `mailq --queue used\.db backup COPY`/],
    ["text", 78, /text: the file is no mailq queue/],
    ["damaged.db", 74, /damaged\.db: the file is damaged/],
  ];
  for (const [file, code, words] of cases) {
    const ended = await mailq.run(["restore", file]);
    assert.equal(ended.code, code, ended.stderr);
    assert.match(ended.stderr, words);
  }
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" });
  assert.deepEqual(namesOf(mailq, "replaced"), []);
});

Deno.test("restore: a queue that was replaced takes no mail but under the name it is kept by", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  await mailq.ok(["backup", "backup.db"]);
  const [{ kept }] = await mailq.json(["restore", "backup.db"]);
  await Deno.copyFile(kept, `${mailq.folder}/other.db`);
  const ended = await mailq.run(["--queue", "other.db", "enqueue"], { stdin: mail() });
  assert.equal(ended.code, 75);
  assert.match(ended.stderr, /a backup has just taken its place; try again/);
  assert.match(await mailq.ok(["--queue", kept, "list"]), /Hello/);
});

Deno.test("restore: a queue that was made anew tells nothing of the backup's mail", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ subject: "saved" }));
  await mailq.ok(["backup", "backup.db"]);
  for (const name of namesOf(mailq, "queue.db")) await Deno.remove(`${mailq.folder}/${name}`);
  await mailq.enqueue(mail({ subject: "new" }));
  const [told] = await mailq.json(["restore", "backup.db"]);
  assert.deepEqual([told.compared, told.gone, told.samples.length, told.later], [false, 0, 1, 1]);
  assert.deepEqual(await mailq.statuses(), { saved: "queued" });
});

Deno.test("restore: the queue that was there can be put back", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ subject: "first" }));
  await mailq.ok(["backup", "backup.db"]);
  await mailq.enqueue(mail({ subject: "second" }));
  const [{ kept }] = await mailq.json(["restore", "backup.db"]);
  assert.deepEqual(await mailq.statuses(), { first: "queued" });
  const [back] = await mailq.json(["restore", kept]);
  assert.deepEqual([back.compared, back.gone, back.messages], [true, 1, 2]);
  assert.deepEqual(await mailq.statuses(), { first: "queued", second: "held" });
});

Deno.test("restore: mail that is queued meanwhile is in the one queue or in the other", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail({ subject: "before" }));
  await mailq.ok(["backup", "backup.db"]);
  await Deno.writeTextFile(`${mailq.folder}/mail.eml`, mail({ subject: "meanwhile" }));
  const script = `for job in 1 2; do
  (for n in 1 2 3 4 5; do mailq enqueue mail.eml 2>> refused; done) > ids$job &
done
until mailq restore --json backup.db > restored 2> why; do cat why >> whys; done
wait
cat ids1 ids2`;
  const { code, stdout, stderr } = await runInShell(mailq, script);
  assert.equal(code, 0, stderr);
  const { kept } = JSON.parse(Deno.readTextFileSync(`${mailq.folder}/restored`));
  const idsIn = async (queue: string) =>
    (await mailq.json(["--queue", queue, "list", "--limit", "0"])).map(({ id }) => id);
  const found = new Set([...await idsIn(mailq.queue), ...await idsIn(kept)]);
  for (const id of stdout.trim().split("\n")) assert.ok(found.has(id), `${id} is lost`);
});

Deno.test("restore: who remembers a number misses no event, whatever queue it was of", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  await mailq.ok(["backup", "backup.db"]);
  const seen = [await newest(mailq)];
  for (let time = 0; time < 3; time++) {
    for (let n = 0; n < 4; n++) await mailq.enqueue(mail());
    seen.push(await newest(mailq));
    await mailq.ok(["restore", "backup.db"]);
  }
  const id = await mailq.enqueue(mail({ subject: "new" }));
  for (const number of seen) {
    // It is told that there is a gap, and where to go on: nothing behind that is another's.
    const gone = await mailq.run(["events", "--since", `${number}`]);
    assert.equal(gone.code, 75, `since ${number}`);
    const [, next = ""] = /--since (\d+) shows/.exec(gone.stderr) ?? [];
    const left = await mailq.json(["events", "--since", next]);
    assert.deepEqual(left.map(({ type }) => type), ["queue.paused", "message.enqueued"]);
    assert.equal(left[1]?.id, id);
  }
  const all = await mailq.json(["events"]);
  assert.deepEqual(all.map(({ type }) => type), [
    "message.enqueued",
    "queue.paused",
    "message.enqueued",
  ]);
});

const newest = async (mailq: Mailq): Promise<number> =>
  (await mailq.json(["events"])).at(-1)?.number;

Deno.test("restore: a backup whose own pause would end is paused until somebody ends that", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.ok(["enqueue"], { stdin: mail() });
  await mailq.ok(["pause", "--for", "1s"]);
  await mailq.ok(["backup", "backup.db"]);
  await mailq.ok(["restore", "backup.db"]);
  const [status] = await mailq.json(["status"]);
  assert.deepEqual([status.paused, status.paused_until], [true, null]);
});
