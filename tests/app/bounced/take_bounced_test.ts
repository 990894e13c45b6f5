import assert from "node:assert/strict";
import { type BouncedEnd, takeBounced } from "../../../src/app/bounced/take_bounced.ts";
import type { WholeMessage } from "../../../src/queue/message.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { attemptOf, newMessage } from "../../support/queue_messages.ts";
import { SqliteFixture } from "../../support/queue_sqlite.ts";

const FOLDER = new URL("../../fixtures/bounced/", import.meta.url);
const SES_ID = "0102018f3a7b2c4d-1f2e3d4c-5b6a-7980-a1b2-c3d4e5f60718-000000";

/** A message that was sent. */
async function sent(store: Store, parts: Partial<WholeMessage>, reply = "ok"): Promise<string> {
  const message = newMessage(parts);
  await store.enqueue([message]);
  const worker = await store.registerWorker("test");
  const { claims: [claim] } = await store.claimDue({
    worker,
    limit: 1,
    ids: [message.id],
    onlyUntried: false,
  });
  assert(claim !== undefined);
  const attempt = attemptOf(claim, "sent");
  await store.record([{
    ...attempt,
    changes: attempt.changes.map((change) => ({ ...change, reply })),
  }]);
  await worker.close();
  return message.id;
}

/** The message that a fixture is about, among others. */
async function sentAs(store: Store, name: string): Promise<string> {
  await sent(store, { recipients: [`gone@${name}.example`] });
  const display = { ...newMessage().display, messageId: `<${name}@app.example>` };
  const reply = name === "ses" ? `Ok ${SES_ID}` : "ok";
  const recipients = [`gone@${name}.example`, "other@x.test"];
  return await sent(store, { sender: "app@app.example", recipients, display }, reply);
}

async function taken(
  store: Store,
  name: string,
  change: (text: string) => string = (text) => text,
): Promise<BouncedEnd> {
  const text = change(await Deno.readTextFile(new URL(`${name}.eml`, FOLDER)));
  return await takeBounced(store, new TextEncoder().encode(text), {
    returnedTo: [],
    suppressAfter: 1,
  });
}

type Row = readonly [
  name: string,
  code: number | null,
  enhanced: string | null,
  reply: RegExp,
  isSuppressed: boolean,
];

const RETURNED: readonly Row[] = [
  ["postfix", 550, "5.1.1", /Recipient address rejected: User unknown in virtual/, true],
  ["exim", 550, "5.1.1", /^Mailbox gone is not here$/, true],
  ["exchange", 550, "5.1.10", /^RESOLVER\.ADR\.RecipientNotFound/, true],
  ["exchange-2003", null, "5.1.1", /mail\.exchange-2003\.example #5\.1\.1/, true],
  ["gmail", 550, "5.1.1", /^The account you wrote to is not there/, true],
  ["qmail", 550, "5.1.1", /^sorry, no mailbox here by that name/, true],
  ["lotus", null, "5.1.1", /^User gone .* not listed in Domino/, true],
  ["sendmail", 550, "5.1.1", /User unknown$/, true],
  ["opensmtpd", 550, "5.1.1", /no such mailbox/, true],
  ["zimbra", 552, "5.2.2", /^Over quota$/, false],
  ["yahoo", 554, null, /This user doesn't have a yahoo\.example account/, true],
  ["ses", 550, "5.1.1", /^user unknown$/, true],
  ["courier", 550, "5.0.0", /^User unknown\.$/, true],
  ["james", 550, "5.1.1", /^Unknown user/, true],
  ["mdaemon", 550, "5.1.1", /^Recipient unknown/, true],
  ["blocked", 554, "5.7.1", /^Service unavailable; client host/, false],
  ["complaint", null, null, /^complaint: abuse$/, false],
];

for (const [name, code, enhanced, reply, isSuppressed] of RETURNED) {
  Deno.test(`bounced: a mail that came back from ${name} finds its message and recipient`, async () => {
    await using fixture = await SqliteFixture.open();
    const { store } = fixture;
    const id = await sentAs(store, name);
    const end = await taken(store, name);
    assert(end.id !== null, end.id === null ? end.why : "");
    assert.equal(end.id, id);
    const [one, ...others] = end.recipients;
    assert.deepEqual(others, []);
    assert.deepEqual(
      [one?.address, one?.code, one?.enhanced, one?.isSuppressed],
      [`gone@${name}.example`, code, enhanced, isSuppressed],
    );
    assert.match(one?.reply ?? "", reply);
    const again = await taken(store, name);
    assert.deepEqual(again.id === null ? [] : again.recipients.map(({ isKnown }) => isKnown), [
      true,
    ]);
    const { events } = await store.eventsAfter(0, { types: ["recipient.bounced"] });
    assert.equal(events.length, 1);
  });
}

for (const name of ["delayed", "vacation"]) {
  Deno.test(`bounced: ${name} is none that came back`, async () => {
    await using fixture = await SqliteFixture.open();
    const id = await sentAs(fixture.store, name);
    assert.equal((await taken(fixture.store, name)).id, null);
    const message = await fixture.store.show(id);
    assert.deepEqual(message?.recipients.map(({ bounce }) => bounce), [null, null]);
  });
}

const WITHOUT_ID = (text: string) => text.replaceAll(/^(Message-ID|In-Reply-To): .*\n/gim, "");

Deno.test("bounced: a message is known by its id in the address that it was returned to", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const id = await sentAs(store, "postfix");
  await sentAs(store, "exim");
  const to = (address: string) => (text: string) =>
    WITHOUT_ID(text).replace("To: app@app.example", `To: ${address}`);
  assert.equal((await taken(store, "postfix", to("app@app.example"))).id, null);
  assert.equal((await taken(store, "postfix", to(`bounces+${id}@app.example`))).id, id);
});

Deno.test("bounced: a message is known by its ENVID", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const recipients = ["gone@postfix.example"];
  const dsn = { ret: null, envid: "order 4711", recipients: [null] };
  const id = await sent(store, { recipients, dsn });
  const withEnvid = (text: string) =>
    WITHOUT_ID(text).replace("X-Postfix-Queue-ID", "Original-Envelope-Id: order 4711\nX-Own");
  assert.equal((await taken(store, "postfix", withEnvid)).id, id);
});

Deno.test("bounced: a sender of its own for each message is enough", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const recipients = ["gone@postfix.example"];
  const id = await sent(store, { sender: "b-77@app.example", recipients });
  await sent(store, { sender: "b-78@app.example", recipients });
  const to77 = (text: string) => WITHOUT_ID(text).replace("To: app@", "To: B-77@");
  assert.equal((await taken(store, "postfix", to77)).id, id);
  const ofAnother = (text: string) => to77(text).replaceAll("gone@postfix.example", "x@y.example");
  assert.equal((await taken(store, "postfix", ofAnother)).id, null);
});

Deno.test("bounced: who forwards names another address than ours", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const display = { ...newMessage().display, messageId: "<postfix@app.example>" };
  const id = await sent(store, { recipients: ["alias@x.test"], display });
  const end = await taken(store, "postfix");
  assert.equal(end.id, id);
  assert.deepEqual(end.id === null ? [] : end.recipients.map(({ address }) => address), [
    "alias@x.test",
  ]);
});

Deno.test("bounced: any bytes are read without harm", async () => {
  await using fixture = await SqliteFixture.open();
  const options = { returnedTo: ["@", "a@", "x".repeat(5_000)], suppressAfter: 1 };
  const postfix = await Deno.readFile(new URL("postfix.eml", FOLDER));
  for (let n = 0; n < 200; n++) {
    const bytes = new Uint8Array(postfix);
    for (let i = 0; i < 30; i++) {
      bytes[(n * 7919 + i * 104729) % bytes.length] = (n * 31 + i * 17) % 256;
    }
    await takeBounced(fixture.store, bytes.subarray(0, (n * 997) % bytes.length), options);
  }
  assert.equal((await takeBounced(fixture.store, new Uint8Array(), options)).id, null);
});
