import assert from "node:assert/strict";
import { Listening } from "./listening.ts";
import { attemptOf, newMessage } from "../../support/queue_messages.ts";

const RETURNED = await Deno.readTextFile(
  new URL("../../fixtures/bounced/postfix.eml", import.meta.url),
);

/** Hands a mail over; the reply to its end. */
async function handed(listening: Listening, to: string, text: string): Promise<string> {
  using talk = await listening.talk();
  await talk.codes("EHLO x.test", "MAIL FROM:<>", `RCPT TO:<${to}>`, "DATA");
  await talk.send(`${text.replaceAll("\n", "\r\n")}.\r\n`);
  return await talk.reply();
}

Deno.test("listener: mail to bounce.address is noted with its message, and not queued", async () => {
  await using listening = await Listening.start({ "bounce.address": "Bounces@app.example" });
  const message = newMessage({ recipients: ["gone@postfix.example"] });
  await listening.app.look(async (store) => {
    await store.enqueue([message]);
    const worker = await store.registerWorker("test");
    const { claims: [claim] } = await store.claimDue({ worker, limit: 1, onlyUntried: false });
    assert(claim !== undefined);
    await store.record([attemptOf(claim, "sent")]);
    await worker.close();
  });
  const reply = await handed(listening, `bounces+${message.id}@app.example`, RETURNED);
  assert.match(reply, /^250 /);
  const [noted, ...others] = await listening.app.messages();
  assert.equal(others.length, 0);
  assert.equal(noted?.recipients[0]?.bounce?.enhanced, "5.1.1");
  assert.match(
    await handed(listening, "bounces@app.example", "Subject: hi\n\nhello\n"),
    /^554 .*it is no mail that came back/,
  );
  assert.match(await handed(listening, "bouncer@app.example", "Subject: hi\n\nhello\n"), /^250 /);
  assert.equal((await listening.app.messages()).length, 2);
});
