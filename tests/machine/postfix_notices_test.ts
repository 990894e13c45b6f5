import assert from "node:assert/strict";
import type { DsnRequest } from "../../src/queue/dsn.ts";
import { openQueue } from "../e2e/support/running.ts";
import { mail } from "../support/mailq.ts";
import { newMessage } from "../support/queue_messages.ts";
import { Postfix } from "./postfix.ts";
import { relayingTo, subjectOf } from "./postfix_queue.ts";

/** One Postfix serves all tests of this file. */
let postfix: Postfix;
Deno.test.beforeAll(async () => {
  postfix = await Postfix.start();
});
Deno.test.afterAll(async () => {
  await postfix[Symbol.asyncDispose]();
});

/** Queues a message that asks for notices, from a sender of its own, and sends it. */
async function sendAsking(to: string, sender: string, dsn: DsnRequest): Promise<void> {
  await using mailq = await relayingTo(postfix, "open");
  const store = await openQueue(mailq);
  const content = new TextEncoder().encode(
    `From: ${sender}\r\nTo: ${to}\r\nSubject: ${subjectOf("dsn")}\r\n\r\nThe body of it\r\n`,
  );
  await store.enqueue([newMessage({
    createdAt: Date.now(),
    recipients: [to],
    sender,
    dsn,
    content,
    sizeBytes: content.length,
  })]);
  await store.close();
  await mailq.ok(["send", "--strict"]);
}

Deno.test("Postfix DSN: NOTIFY=SUCCESS with ENVID and ORCPT brings a notice that names both", async () => {
  await sendAsking("dsn@receiver.test", "reply@sender.test", {
    ret: "headers",
    envid: "order+1 of=2",
    recipients: [{ notify: ["success"], orcpt: "rfc822;once+was@old.test" }],
  });
  const [notice] = await postfix.mailbox("reply", 1);
  const text = new TextDecoder().decode(notice);
  assert.match(text, /^Original-Envelope-Id: order\+1 of=2$/m);
  assert.match(text, /^Original-Recipient: rfc822;once\+was@old\.test$/m);
  assert.match(text, /^Action: delivered$/m);
});

for (
  const [ret, sender, returns, box] of [
    ["headers", "cat@sender.test", /^Content-Type: text\/rfc822-headers/m, "cat"],
    ["full", "bob@sender.test", /^Content-Type: message\/rfc822[^]*The body of it/m, "bob"],
  ] as const
) {
  Deno.test(`Postfix DSN: RET=${ret} decides what a failure notice returns`, async () => {
    await sendAsking("late@receiver.test", sender, { ret, envid: null, recipients: [null] });
    const [notice] = await postfix.mailbox(box, 1);
    const text = new TextDecoder().decode(notice);
    assert.match(text, /^Action: failed$/m);
    assert.match(text, returns);
    assert.equal(text.includes("The body of it"), ret === "full");
  });
}

Deno.test("Postfix DSN: sendmail's -N and -V arrive there", async () => {
  await using mailq = await relayingTo(postfix, "open");
  const args = ["-N", "success,failure", "-V", "from-sendmail", "-f", "ann@sender.test"];
  await mailq.ok(["sendmail", ...args, "dsn@receiver.test"], { stdin: mail() });
  await mailq.ok(["send", "--strict"]);
  const [notice] = await postfix.mailbox("ann", 1);
  const text = new TextDecoder().decode(notice);
  assert.match(text, /^Original-Envelope-Id: from-sendmail$/m);
  assert.match(text, /^Action: delivered$/m);
});

Deno.test("Postfix DSN: NOTIFY=NEVER brings no notice of the failure", async () => {
  await sendAsking("late@receiver.test", "never@sender.test", {
    ret: null,
    envid: null,
    recipients: [{ notify: ["never"], orcpt: null }],
  });
  const [, id = ""] = await postfix.logged(/(\w+): from=<never@sender\.test>, size=/);
  await postfix.logged(RegExp(`${id}: removed`));
  assert.doesNotMatch(await postfix.log(), RegExp(`${id}: sender non-delivery notification`));
});
