import assert from "node:assert/strict";
import { mail } from "../support/mailq.ts";
import { LOGIN, Postfix } from "./postfix.ts";
import { recipientsOf, relayingTo } from "./postfix_queue.ts";

/** One Postfix serves all tests of this file. */
let postfix: Postfix;
Deno.test.beforeAll(async () => {
  postfix = await Postfix.start();
});
Deno.test.afterAll(async () => {
  await postfix[Symbol.asyncDispose]();
});

Deno.test("Postfix: a host without a full name says its address, and its mail goes", async () => {
  await using mailq = await relayingTo(postfix, "strictNames");
  mailq.env.MAILQ_HOSTNAME = "15b0717dc4c2";
  const id = await mailq.enqueue(mail({ to: "ann@receiver.test", from: "root@sender.test" }));
  await mailq.ok(["send", "--strict"]);
  assert.deepEqual(await recipientsOf(mailq, id), ["ann sent 250 2.0.0"]);
});

Deno.test("Postfix: a relay that takes two connections gets all mail in one pass", async () => {
  await using mailq = await relayingTo(postfix, "fewConnections");
  const lines = Array.from(
    { length: 60 },
    (_, n) => JSON.stringify({ from: "a@sender.test", to: "ann@receiver.test", subject: `n ${n}` }),
  );
  await mailq.ok(["enqueue", "--jsonl"], { stdin: lines.join("\n") });
  const [result] = await mailq.json(["send", "--strict"]);
  assert.deepEqual([result.sent, result.deferred, result.failed], [60, 0, 0]);
  const [status] = await mailq.json(["status"]);
  assert.deepEqual([status.sent, status.deferred], [60, 0]);
});

Deno.test("Postfix: more recipients than a transaction may have go in several", async () => {
  await using mailq = await relayingTo(postfix, "fewRecipients");
  const names = ["ann", "bob", "cat", "dsn", "reply", "big", "bytes", "utf8", "late"];
  const to = ["receiver.test", "sender.test"].flatMap((domain) =>
    names.map((name) => `${name}@${domain}`)
  );
  const id = await mailq.enqueue(mail({ to: to.join(", ") }));
  await mailq.ok(["send", "--strict"]);
  const states = (await recipientsOf(mailq, id)).map((one) => one.split(" ")[1]);
  assert.deepEqual(states, to.map(() => "sent"));
});

Deno.test("Postfix: a sender that is not the user's waits, and the others go on", async () => {
  await using mailq = await relayingTo(postfix, "ownSenders", { password: LOGIN.password });
  const bad = await mailq.enqueue(mail({ to: "ann@receiver.test", from: "other@sender.test" }));
  const worse = await mailq.enqueue(mail({ to: "bob@receiver.test", from: "other@sender.test" }));
  const good = await mailq.enqueue(mail({ to: "ann@receiver.test", from: "own@sender.test" }));
  await mailq.ok(["send"]);
  assert.deepEqual(await recipientsOf(mailq, good), ["ann sent 250 2.0.0"]);
  for (const id of [bad, worse]) {
    const [recipient = ""] = await recipientsOf(mailq, id);
    assert.match(recipient, / deferred /);
  }
  const [{ pauses }] = await mailq.json(["status"]);
  assert.deepEqual(
    pauses.map((one: Record<string, unknown>) => [one.scope, one.value, one.automatic]),
    [["sender", "other@sender.test", true]],
  );
  assert.match(pauses[0].reason, /not owned by user/);
});
