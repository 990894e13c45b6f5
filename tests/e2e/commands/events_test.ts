import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { alterQueue } from "../support/queue_file.ts";

const ENV = { MAILQ_TRANSPORT: "null:" };

/** The objects that a command that goes on prints, one by one. */
async function* objectsOf(child: Deno.ChildProcess): AsyncGenerator<Record<string, unknown>> {
  let rest = "";
  for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield JSON.parse(line);
  }
}

Deno.test("events: one JSON object a line, of a message, of types, since a number", async () => {
  await using mailq = await Mailq.make(ENV);
  const id = await mailq.enqueue(mail({ subject: "Rechnung" }), "--tag", "may");
  const other = await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  await mailq.ok(["pause"]);
  const events = (await mailq.ok(["events"])).trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual(events.map(({ type, id }) => [type, id]), [
    ["message.enqueued", id],
    ["message.enqueued", other],
    ["recipient.sent", id],
    ["recipient.sent", other],
    ["queue.paused", undefined],
  ]);
  const [enqueued, , sent] = events;
  assert.deepEqual([enqueued.subject, enqueued.tags, enqueued.send_at], [
    "Rechnung",
    ["may"],
    null,
  ]);
  assert.ok(Math.abs(Date.parse(enqueued.at) - Date.now()) < 3_600_000);
  assert.deepEqual([sent.address, sent.relay, sent.code], ["bob@receiver.test", "default", null]);
  const typesOf = async (...args: string[]) =>
    (await mailq.json(["events", ...args])).map(({ type }) => type);
  assert.deepEqual(await typesOf("--id", id.slice(0, 8)), ["message.enqueued", "recipient.sent"]);
  assert.deepEqual(await typesOf("--type", "queue.*", "--type", "recipient.failed"), [
    "queue.paused",
  ]);
  assert.deepEqual(await typesOf("--since", String(sent.number)), [
    "recipient.sent",
    "queue.paused",
  ]);
  await mailq.ok(["purge", "--all"]);
  assert.deepEqual(await typesOf("--id", id), [
    "message.enqueued",
    "recipient.sent",
    "message.purged",
  ]);
});

Deno.test("events: a wrong type, and a queue that is not there", async () => {
  await using mailq = await Mailq.make(ENV);
  assert.equal(await mailq.ok(["events"]), "");
  const wrong = await mailq.run(["events", "--type", "recipient.lost"]);
  assert.equal(wrong.code, 64);
  assert.match(wrong.stderr, /Cannot use the type "recipient.lost".*recipient\.sent/s);
});

Deno.test("events: what was deleted is told with 75, and what the queue never had", async () => {
  await using mailq = await Mailq.make({ ...ENV, MAILQ_RETENTION_EVENTS: "1h" });
  for (let n = 0; n < 3; n++) await mailq.enqueue(mail());
  alterQueue(mailq, "UPDATE event SET at = at - 7200000 WHERE last <= 2");
  await mailq.ok(["send"]);
  const gone = await mailq.run(["events", "--since", "1"]);
  assert.equal(gone.code, 75);
  assert.match(gone.stderr, /since 1: those up to 2 are gone .*--since 2 shows/);
  const left = await mailq.json(["events", "--since", "2"]);
  assert.deepEqual(left.map(({ number }) => number), [3, 4, 5, 6]);
  assert.deepEqual((await mailq.json(["events"])).length, 4);
  const ahead = await mailq.run(["events", "--since", "7"]);
  assert.equal(ahead.code, 75);
  assert.match(ahead.stderr, /since 7: the newest of this queue is 6/);
  // The numbers go on where nothing is left but the newest.
  alterQueue(mailq, "UPDATE event SET at = at - 7200000");
  await mailq.ok(["purge", "--older-than", "1h"]);
  await mailq.enqueue(mail());
  const last = await mailq.json(["events"]);
  assert.equal(last.at(-1)?.number, 7);
});

Deno.test("events --follow: tells what happens, until it is told to stop", async () => {
  await using mailq = await Mailq.make(ENV);
  const before = await mailq.enqueue(mail());
  const child = await mailq.spawn(["events", "--follow", "--id", before]);
  const objects = objectsOf(child);
  assert.equal((await objects.next()).value?.type, "message.enqueued");
  await mailq.enqueue(mail());
  await mailq.ok(["hold", before]);
  assert.deepEqual((await objects.next()).value?.type, "message.held");
  child.kill("SIGTERM");
  assert.equal((await objects.next()).done, true);
  assert.equal((await child.status).code, 0);
  await child.stderr.cancel();
});

Deno.test("events --follow: a reader that is killed and started again misses nothing", async () => {
  await using mailq = await Mailq.make(ENV);
  const WRITERS = 3, CALLS = 12;
  let isOver = false;
  const queued: string[] = [];
  const write = async (writer: number) => {
    for (let call = 0; call < CALLS; call++) {
      if ((writer + call) % 4 === 0) {
        const folder = await Deno.makeTempDir({ dir: mailq.folder });
        for (let n = 0; n < 3; n++) await Deno.writeTextFile(`${folder}/${n}.eml`, mail());
        queued.push(...(await mailq.ok(["enqueue", folder])).trim().split("\n"));
      } else queued.push(await mailq.enqueue(mail()));
    }
  };
  const seen: Record<string, unknown>[] = [];
  const read = async () => {
    for (let run = 1; !isOver || seen.length < queued.length; run++) {
      const since = seen.at(-1)?.number ?? 0;
      const child = await mailq.spawn(["events", "--follow", "--since", String(since)]);
      const stderr = child.stderr.cancel();
      for await (const event of objectsOf(child)) {
        seen.push(event);
        const hasAll = isOver && seen.length >= queued.length;
        if (hasAll || seen.length % (run % 3 + 2) === 0) break;
      }
      child.kill("SIGKILL");
      await child.status;
      await stderr;
    }
  };
  const reading = read();
  await Promise.all(Array.from({ length: WRITERS }, (_, writer) => write(writer)));
  isOver = true;
  await mailq.enqueue(mail()).then((id) => queued.push(id));
  await reading;
  assert.deepEqual(seen.map(({ id }) => String(id)).toSorted(), queued.toSorted());
  const numbers = seen.map(({ number }) => Number(number));
  assert.deepEqual(numbers, numbers.toSorted((a, b) => a - b));
});
