import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { Running } from "../e2e/support/running.ts";
import type { Ended } from "../support/child.ts";
import { mail, Mailq } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { SmallDisk } from "./small_disk.ts";

const DISK_BYTES = 8 * 1024 * 1024;

/** A queue on a disk of 8 MB. */
async function queueOn(disk: SmallDisk, transport = "null:"): Promise<Mailq> {
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: transport });
  mailq.env.MAILQ_QUEUE = `${disk.folder}/queue.db`;
  return mailq;
}

const ofSize = (subject: string, sizeBytes: number) =>
  mail({ subject, body: "All work and no play makes Jack a dull boy.\r\n".repeat(sizeBytes / 45) });

function assertFull(ended: Ended): void {
  assert.equal(ended.code, 74, ended.stderr);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^[^\n]*disk is full[^\n]*\n$/i, ended.stderr);
}

function assertIntact(disk: SmallDisk): void {
  using db = new DatabaseSync(`${disk.folder}/queue.db`);
  assert.deepEqual(db.prepare("PRAGMA integrity_check").all().map((row) => ({ ...row })), [
    { integrity_check: "ok" },
  ]);
  const orphans = db.prepare(
    "SELECT count(*) AS n FROM body WHERE part / 4096 NOT IN (SELECT seq FROM message)",
  ).get();
  assert.equal(orphans?.n, 0, "nothing is half stored");
}

for (
  const [name, subject, sizeBytes] of [
    ["a message in one commit", "large", 600_000],
    ["a message staged in many", "huge", 3_000_000],
  ] as const
) {
  Deno.test(`disk full: enqueue of ${name} is 74, and stores nothing`, async () => {
    await using disk = await SmallDisk.mount(DISK_BYTES);
    await using mailq = await queueOn(disk);
    await mailq.enqueue(mail({ subject: "earlier" }));
    disk.fill(sizeBytes / 2);
    assertFull(await mailq.run(["enqueue"], { stdin: ofSize(subject, sizeBytes) }));
    disk.free();
    assert.deepEqual(await mailq.statuses(), { earlier: "queued" });
    await mailq.enqueue(mail({ subject: "later" }));
    await mailq.ok(["send"]);
    assert.deepEqual(await mailq.statuses(), { earlier: "sent", later: "sent" });
    assertIntact(disk);
  });
}

Deno.test("disk full: with no byte left enqueue is 74, and the queue can still be read", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES);
  await using mailq = await queueOn(disk);
  await mailq.enqueue(mail({ subject: "earlier" }));
  disk.fill();
  assertFull(await mailq.run(["enqueue"], { stdin: mail({ subject: "small" }) }));
  const list = await mailq.run(["list", "--json"]);
  // SQLite needs a little room to read a WAL database that nobody has open.
  assert.ok(list.code === 0 || list.code === 74, list.stderr);
  disk.free();
  assert.deepEqual(await mailq.statuses(), { earlier: "queued" });
  assertIntact(disk);
});

Deno.test("disk full: a queue that cannot be made is 74 as well, and can be made later", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES);
  await using mailq = await queueOn(disk);
  disk.fill();
  assertFull(await mailq.run(["enqueue"], { stdin: mail() }));
  disk.free();
  await mailq.enqueue(mail({ subject: "later" }));
  assert.deepEqual(await mailq.statuses(), { later: "queued" });
});

Deno.test("disk full: send is 74, and sends nothing that it cannot record", async () => {
  let received = 0;
  await using server = new SmtpServer({ onAccepted: () => void received++ });
  await using disk = await SmallDisk.mount(DISK_BYTES);
  await using mailq = await queueOn(disk, server.url);
  await mailq.enqueue(mail({ subject: "one" }));
  disk.fill();
  assertFull(await mailq.run(["send"]));
  assert.equal(received, 0);
  disk.free();
  await mailq.ok(["send"]);
  assert.equal(received, 1);
  assert.deepEqual(await mailq.statuses(), { one: "sent" });
});

Deno.test("disk full: send that can no longer record is 74, and no mail is lost", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES);
  const deliveries = new Map<string, number>();
  let isFull = false;
  await using server = new SmtpServer({
    onAccepted({ data }) {
      const subject = /^Subject: (.*)\r$/m.exec(new TextDecoder().decode(data))?.[1] ?? "";
      deliveries.set(subject, (deliveries.get(subject) ?? 0) + 1);
      // The relay has the first message; from here on nothing can be written.
      if (!isFull) disk.fill();
      isFull = true;
    },
  });
  await using mailq = await queueOn(disk, server.url);
  const outbox = `${mailq.folder}/outbox`;
  await Deno.mkdir(outbox);
  const count = 300;
  for (let n = 0; n < count; n++) {
    await Deno.writeTextFile(`${outbox}/${n}.eml`, ofSize(`Mail ${n}`, 2_000));
  }
  await mailq.ok(["enqueue", outbox]);
  const ended = await mailq.run(["send"]);
  assertFull(ended);
  assert.ok(deliveries.size < count, "it did not go on");
  disk.free();
  await mailq.ok(["send"]);

  const messages = await mailq.json(["list", "--limit", "0"]);
  assert.equal(messages.length, count);
  for (const { id, subject, status } of messages) {
    assert.equal(status, "sent", subject);
    const times = deliveries.get(subject) ?? 0;
    assert.ok(times >= 1, `${subject} was lost`);
    if (times === 1) continue;
    const [{ attempts }] = await mailq.json(["show", id]);
    const results = attempts.map((attempt: { result: string }) => attempt.result);
    assert.ok(results.includes("uncertain"), `${subject} went out ${times} times: ${results}`);
  }
  assertIntact(disk);
});

Deno.test("disk full: the service waits until there is room, and sends all then", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES);
  let isFull = false;
  await using server = new SmtpServer({
    onAccepted() {
      // The relay has the first message; from here on nothing can be written.
      if (!isFull) disk.fill();
      isFull = true;
    },
  });
  await using mailq = await queueOn(disk, server.url);
  mailq.env.MAILQ_INTERVAL = "1s";
  for (let n = 0; n < 3; n++) await mailq.enqueue(mail());
  await using run = await Running.start(mailq, ["run"]);
  await run.said(/disk is full[^\n]*; trying again/i);
  disk.free();
  await server.received(4);
  await run.stop();
  const messages = await mailq.json(["list", "--limit", "0"]);
  assert.deepEqual(messages.map(({ status }) => status), ["sent", "sent", "sent"]);
  assert.equal(server.messages.length, 4, "the one that could not be recorded went out again");
  assertIntact(disk);
});

Deno.test("disk full: purge works with no byte left, and gives the space back", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES);
  await using mailq = await queueOn(disk);
  const outbox = `${mailq.folder}/outbox`;
  await Deno.mkdir(outbox);
  for (let n = 0; n < 300; n++) {
    await Deno.writeTextFile(`${outbox}/${n}.eml`, ofSize(`Mail ${n}`, 8_000));
  }
  await mailq.ok(["enqueue", outbox]);
  await mailq.ok(["send"]);
  disk.fill();
  assertFull(await mailq.run(["enqueue"], { stdin: mail({ subject: "before" }) }));
  assert.equal((await mailq.json(["purge", "--all"]))[0].purged, 300);
  await mailq.enqueue(mail({ subject: "after" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { after: "sent" });
  assertIntact(disk);
});

for (const args of [["send"], ["send", "--no-lock"], ["run", "--once"]]) {
  Deno.test(`disk full: ${args.join(" ")} is 74 in one line, and leaves no empty lock file`, async () => {
    await using disk = await SmallDisk.mount(DISK_BYTES);
    await using mailq = await queueOn(disk);
    await mailq.enqueue(mail({ subject: "one" }));
    disk.fill();
    assertFull(await mailq.run(args));
    const left = [...Deno.readDirSync(disk.folder)].map(({ name }) => name);
    assert.deepEqual(left.filter((name) => name.includes("-worker-")), []);
    disk.free();
    await mailq.ok(["send"]);
    assert.deepEqual(await mailq.statuses(), { one: "sent" });
  });
}

Deno.test("disk full: without room for one more file, mail is refused with what to free", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES, { files: 12 });
  await using mailq = await queueOn(disk);
  await mailq.enqueue(mail({ subject: "one" }));
  const fillers: string[] = [];
  try {
    for (let n = 0; n < 20; n++) {
      const path = `${disk.folder}/filler-${n}`;
      Deno.writeTextFileSync(path, "");
      fillers.push(path);
    }
  } catch {
    // No file can be made any more.
  }
  for (const args of [["enqueue"], ["send"], ["run", "--once"]]) {
    const ended = await mailq.run(args, { stdin: mail({ subject: "two" }) });
    assertFull(ended);
    assert.match(ended.stderr, /df -i/);
  }
  for (const path of fillers) Deno.removeSync(path);
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { one: "sent" });
});

Deno.test("read-only disk: a queue can be looked into, and every write says why it cannot be", async () => {
  await using disk = await SmallDisk.mount(DISK_BYTES);
  await using mailq = await queueOn(disk);
  mailq.env.MAILQ_QUEUE = `${disk.folder}/a queue?#%41.db`;
  const id = await mailq.enqueue(mail({ subject: "one" }));
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ subject: "two" }));
  await disk.makeReadOnly();
  assert.deepEqual(await mailq.statuses(), { one: "sent", two: "queued" });
  assert.match(await mailq.ok(["show", id]), /one/);
  assert.equal((await mailq.json(["status"]))[0].queued, 1);
  assert.equal((await mailq.json(["list", "--search", "one"])).length, 1);
  await mailq.ok(["export", "--all", "--maildir", `${mailq.folder}/out`]);
  assert.equal([...Deno.readDirSync(`${mailq.folder}/out/new`)].length, 2);
  for (
    const args of [["enqueue"], ["hold", "--all"], ["send"], ["run", "--once"], ["purge", "--all"]]
  ) {
    const ended = await mailq.run(args, { stdin: mail() });
    assert.equal(ended.code, 77, `${args.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, /^mailq: [^\n]*read-only[^\n]*\n$/, args.join(" "));
  }
});
