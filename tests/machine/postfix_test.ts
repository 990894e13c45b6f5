import assert from "node:assert/strict";
import { mail } from "../support/mailq.ts";
import { Postfix } from "./postfix.ts";
import { belowTrace, OWN_CA, recipientsOf, relayingTo, shown, subjectOf } from "./postfix_queue.ts";

/** One Postfix serves all tests of this file. */
let postfix: Postfix;
Deno.test.beforeAll(async () => {
  postfix = await Postfix.start();
});
Deno.test.afterAll(async () => {
  await postfix[Symbol.asyncDispose]();
});

Deno.test("Postfix SMTPUTF8: a UTF-8 address is delivered to", async () => {
  await using mailq = await relayingTo(postfix, "open");
  const subject = subjectOf("utf8");
  const id = await mailq.enqueue(
    mail({ to: "utf8@receiver.test", subject }),
    "--to",
    "j\u00f6rg@receiver.test",
    "--to",
    "utf8@receiver.test",
  );
  await mailq.ok(["send", "--strict"]);
  assert.deepEqual(await recipientsOf(mailq, id), [
    "j\u00f6rg sent 250 2.0.0",
    "utf8 sent 250 2.0.0",
  ]);
  const [message] = await postfix.mailbox("jorg", 1);
  assert.ok(message !== undefined && belowTrace(message).includes(subject));
});

Deno.test("Postfix without SMTPUTF8: the UTF-8 recipient alone fails", async () => {
  await using mailq = await relayingTo(postfix, "withoutUnicode");
  const id = await mailq.enqueue(
    mail(),
    "--to",
    "j\u00f6rg@receiver.test",
    "--to",
    "utf8@receiver.test",
  );
  assert.equal((await mailq.run(["send", "--strict"])).code, 69);
  assert.deepEqual(await recipientsOf(mailq, id), [
    "j\u00f6rg failed  5.6.7",
    "utf8 sent 250 2.0.0",
  ]);
});

Deno.test("Postfix: an unknown user, a busy and a banned one do not sink the others", async () => {
  await using mailq = await relayingTo(postfix, "open");
  const subject = subjectOf("one of several");
  const to = ["ann", "nobody", "busy", "banned"].map((name) => `${name}@receiver.test`);
  const id = await mailq.enqueue(mail({ to: to.join(", "), subject }));
  await mailq.run(["send"]);
  assert.deepEqual(await recipientsOf(mailq, id), [
    "ann sent 250 2.0.0",
    "nobody failed 550 5.1.1",
    "busy deferred 450 4.2.1",
    "banned failed 554 5.7.1",
  ]);
  const { recipients, attempts } = await shown(mailq, id);
  assert.match(recipients[1].reply, /User unknown in virtual mailbox table/);
  assert.deepEqual(recipients.map((one: { retries_used: number }) => one.retries_used > 0), [
    false,
    false,
    false,
    false,
  ]);
  assert.deepEqual([attempts.length, attempts[0].result], [1, "partial"]);
  await mailq.ok(["retry"]);
  await mailq.run(["send"]);
  const again = await shown(mailq, id);
  assert.deepEqual(
    again.attempts[1].outcomes.map((one: { address: string }) => one.address),
    ["busy@receiver.test"],
    "a retry goes to the open recipient alone",
  );
});

const REFUSED: readonly (readonly [string, Parameters<typeof mail>[0], string, RegExp])[] = [
  [
    "at MAIL for good",
    { from: "badmail@sender.test" },
    "ann deferred 554 5.7.1",
    /^MAIL FROM: 554/,
  ],
  ["at MAIL for now", { from: "later@sender.test" }, "ann deferred 450 4.7.1", /^MAIL FROM: 450/],
  ["at DATA", { from: "baddata@sender.test" }, "ann deferred 554 5.7.1", /^DATA: 554/],
  ["after the content", { subject: "cheap pills" }, "ann failed 550 5.7.1", /content: 550/],
];

for (const [when, fields, expected, error] of REFUSED) {
  Deno.test(`Postfix: mail refused ${when} is told by code, phase and reply`, async () => {
    await using mailq = await relayingTo(postfix, "open");
    const id = await mailq.enqueue(mail({ to: "ann@receiver.test", ...fields }));
    await mailq.run(["send"]);
    assert.deepEqual(await recipientsOf(mailq, id), [expected]);
    const { attempts: [attempt] } = await shown(mailq, id);
    assert.match(attempt.error, error);
    assert.match(attempt.transcript, RegExp(`S: ${expected.split(" ")[2]} `));
    // "Sender address rejected" is no fault of the mail: it waits, and other senders' goes.
    if (!expected.startsWith("ann deferred 554")) return;
    const other = await mailq.enqueue(mail({ to: "ann@receiver.test" }));
    await mailq.ok(["send"]);
    assert.deepEqual(await recipientsOf(mailq, other), ["ann sent 250 2.0.0"]);
  });
}

Deno.test("Postfix: relaying denied waits, unless the relay takes others of the same message", async () => {
  await using mailq = await relayingTo(postfix, "open");
  const id = await mailq.enqueue(mail({ to: "ann@elsewhere.test" }));
  assert.equal((await mailq.run(["send", "--strict"])).code, 69);
  assert.deepEqual(await recipientsOf(mailq, id), ["ann deferred 554 5.7.1"]);
  const { attempts: [attempt] } = await shown(mailq, id);
  assert.match(attempt.error, /^RCPT TO <ann@elsewhere\.test>: 554 .*Relay access denied/);
  const mixed = await mailq.enqueue(mail({ to: "ann@receiver.test, ann@elsewhere.test" }));
  await mailq.run(["send", mixed]);
  assert.deepEqual(await recipientsOf(mailq, mixed), [
    "ann sent 250 2.0.0",
    "ann failed 554 5.7.1",
  ]);
});

Deno.test("Postfix: greylisted mail waits, and goes out once the time has come", async () => {
  let asked = 0;
  const serving = (async () => {
    using conn = await postfix.policy.accept();
    const reader = conn.readable.pipeThrough(new TextDecoderStream());
    for await (const text of reader) {
      if (!text.endsWith("\n\n")) continue;
      const action = ++asked === 1 ? "450 4.2.0 Greylisted, come back later" : "DUNNO";
      await new Response(`action=${action}\n\n`).body?.pipeTo(conn.writable, {
        preventClose: true,
      });
      if (asked === 2) return;
    }
  })();
  await using mailq = await relayingTo(postfix, "open");
  const subject = subjectOf("grey");
  const id = await mailq.enqueue(mail({ to: "grey@receiver.test", subject }));
  await mailq.ok(["send"]);
  assert.deepEqual(await recipientsOf(mailq, id), ["grey deferred 450 4.2.0"]);
  await mailq.ok(["retry"]);
  await mailq.ok(["send", "--strict"]);
  assert.deepEqual(await recipientsOf(mailq, id), ["grey sent 250 2.0.0"]);
  await serving;
  const [message] = await postfix.mailbox("grey", 1);
  assert.ok(message !== undefined && belowTrace(message).includes(subject));
});

Deno.test("Postfix SIZE: mail over its limit is refused before a byte of it is sent", async () => {
  await using mailq = await relayingTo(postfix, "open");
  const body = `${"x".repeat(70)}\r\n`.repeat(49_000_000 / 72);
  const id = await mailq.enqueue(mail({ to: "big@receiver.test", body }));
  assert.equal((await mailq.run(["send", "--strict"])).code, 69);
  assert.deepEqual(await recipientsOf(mailq, id), ["big failed  5.3.4"]);
  const { attempts: [attempt] } = await shown(mailq, id);
  assert.match(attempt.error, /The message has \d+ bytes and the relay takes 10240000 at most/);
  assert.doesNotMatch(attempt.transcript, /MAIL FROM|DATA/);
});

Deno.test("Postfix: what it delivers is byte for byte what was queued", async () => {
  await using mailq = await relayingTo(postfix, "open", { settings: OWN_CA });
  const dots = ".\r\n..\r\n.x\r\n".repeat(50);
  const eightBit = "caf\u00e9 \u2603\r\n";
  const long = `${"y".repeat(950)}\r\n`;
  const bodies = [dots + eightBit, `${long}${dots}`.repeat(4_000)];
  const queued: string[] = [];
  for (const body of bodies) {
    const id = await mailq.enqueue(mail({ to: "bytes@receiver.test", body }));
    const raw = await mailq.run(["show", id, "--raw"]);
    queued.push(new TextDecoder("latin1").decode(raw.stdoutBytes).replaceAll("\r\n", "\n"));
  }
  await mailq.ok(["send", "--strict"]);
  const delivered = (await postfix.mailbox("bytes", 2)).map(belowTrace);
  const byLength = (a: string, b: string) => a.length - b.length;
  assert.deepEqual(delivered.map((text) => text.length).sort(), queued.map((t) => t.length).sort());
  assert.ok(
    delivered.sort(byLength).every((text, i) => text === queued.sort(byLength)[i]),
    "the bytes are the same",
  );
});
