import assert from "node:assert/strict";
import PostalMime from "postal-mime";
import { Reporter } from "../../../src/app/reports/make_reports.ts";
import type { MessageDetail, WholeMessage } from "../../../src/queue/message.ts";
import type { AttemptRecord } from "../../../src/queue/claim.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { TestApp } from "../../support/app.ts";
import {
  attemptOf,
  changeOf,
  collect,
  type Ending,
  enqueued,
  newMessage,
} from "../../support/queue_messages.ts";

const HOUR_MS = 3_600_000;
const TO_SENDER = { "bounce.to": "sender" };

/** A queue whose reports are wanted, for failures and reports. */
class Reporting implements AsyncDisposable {
  private constructor(readonly app: TestApp, readonly store: Store) {}

  static async make(given: Readonly<Record<string, string | number>> = TO_SENDER) {
    const app = await TestApp.make(given);
    const store = await app.openQueue(await app.settings(), { create: true });
    const reporting = new Reporting(app, store);
    await reporting.report();
    return reporting;
  }

  async report(): Promise<boolean> {
    return await new Reporter(this.app, this.store).make(await this.app.settings());
  }

  /** Tries a message once. */
  async attempt(
    id: string,
    endings: Ending | Readonly<Record<number, Ending>>,
    parts: (attempt: AttemptRecord) => Partial<AttemptRecord> = () => ({}),
  ): Promise<void> {
    const { store } = this;
    const worker = await store.registerWorker("test");
    const { claims: [claim] } = await store.claimDue({
      worker,
      limit: 1,
      ids: [id],
      onlyUntried: false,
    });
    assert(claim !== undefined, "it can be claimed");
    const attempt = attemptOf(claim, endings);
    await store.record([{ ...attempt, ...parts(attempt) }]);
    await worker.close();
  }

  async failed(parts: Partial<WholeMessage> = {}): Promise<string> {
    const id = await enqueued(this.store, { createdAt: this.app.clock.now(), ...parts });
    await this.attempt(id, "failed");
    return id;
  }

  /** Queues so many messages, all of which fail. */
  async failMany(count: number): Promise<void> {
    const { store } = this;
    const messages = Array.from({ length: count }, () => newMessage());
    await store.enqueue(messages);
    const worker = await store.registerWorker("test");
    const ids = messages.map(({ id }) => id);
    const { claims } = await store.claimDue({ worker, limit: count, ids, onlyUntried: false });
    assert.equal(claims.length, count);
    await store.record(claims.map((claim) => attemptOf(claim, "failed")));
    await worker.close();
  }

  /** The reports in the queue, oldest first. */
  async reports(): Promise<MessageDetail[]> {
    return (await this.app.messages()).filter(({ tags }) => tags.includes("report"));
  }

  async textOf({ seq }: MessageDetail): Promise<string> {
    return new TextDecoder().decode(await collect(this.store.content(seq)));
  }

  async onlyReport(): Promise<string> {
    await this.report();
    const [report, ...others] = await this.reports();
    assert(report !== undefined && others.length === 0);
    return await this.textOf(report);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.app[Symbol.asyncDispose]();
  }
}

Deno.test("reports: one a message, with all its failed recipients, from the null sender", async () => {
  await using reporting = await Reporting.make();
  const { store } = reporting;
  const recipients = ["ann@example.com", "bo@example.com", "cy@example.com"];
  const content = new TextEncoder().encode("Subject: hello\r\nX-Own: 1\r\n\r\nsecret body\r\n");
  const id = await enqueued(store, { recipients, content, sizeBytes: content.length });
  await reporting.attempt(id, { 0: "failed", 1: "sent", 2: { retryAt: 0 } });
  assert.equal(await reporting.report(), false, "one is open");
  await store.requeueDue();
  await reporting.attempt(id, "exhausted");
  const text = await reporting.onlyReport();
  const [report] = await reporting.reports();
  assert.deepEqual(
    [report?.sender, report?.recipients.map(({ address }) => address)],
    ["", ["app@sender.example"]],
  );
  assert.deepEqual(report?.recipients[0]?.dsn?.notify, ["never"]);
  const mail = await new PostalMime({ forceRfc822Attachments: true }).parse(text);
  assert.equal(mail.from?.address, "MAILER-DAEMON@host.test");
  assert.equal(mail.inReplyTo, "<1@sender.example>");
  assert.match(
    mail.text ?? "",
    /ann@example\.com\s+550 5\.1\.1 no such user \(relay\.example:25\)/,
  );
  assert.match(mail.text ?? "", /cy@example\.com\s+450 4\.2\.0 later .*\s+Given up after 2 tries/);
  assert.match(text, /^Content-Type: multipart\/report; report-type=delivery-status;\r\n/m);
  assert.match(text, /^Auto-Submitted: auto-replied\r$/m);
  assert.match(text, /^Reporting-MTA: dns; host\.test\r$/m);
  assert.deepEqual([...text.matchAll(/^Final-Recipient: rfc822; (.*)\r$/gm)].map(([, a]) => a), [
    "ann@example.com",
    "cy@example.com",
  ]);
  assert.deepEqual([...text.matchAll(/^(?:Action|Status): (.*)\r$/gm)].map(([, a]) => a), [
    "failed",
    "5.1.1",
    "failed",
    "4.2.0",
  ]);
  assert.match(text, /^Remote-MTA: dns; relay\.example\r$/m);
  assert.match(text, /^Diagnostic-Code: smtp; 550 5\.1\.1 no such user\r$/m);
  assert.match(text, /^Content-Type: text\/rfc822-headers\r\n\r\nSubject: hello\r\nX-Own: 1\r\n/m);
  assert.doesNotMatch(text, /secret body/);
  assert.equal(await reporting.report(), false, "it is told once");
});

Deno.test("reports: RET, ENVID and ORCPT are honoured", async () => {
  await using reporting = await Reporting.make();
  const content = new TextEncoder().encode("Subject: hé\r\n\r\nthe whole body é\r\n");
  const [orcpt] = ["rfc822;old+ann@example.com"];
  await reporting.failed({
    content,
    sizeBytes: content.length,
    isEightBit: true,
    dsn: { ret: "full", envid: "order 4711", recipients: [{ notify: ["failure"], orcpt }] },
  });
  const text = await reporting.onlyReport();
  assert.match(text, /^Original-Envelope-Id: order 4711\r$/m);
  assert.match(text, /^Original-Recipient: rfc822; old\+ann@example\.com\r$/m);
  assert.match(
    text,
    /^Content-Type: message\/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nSubject: hé\r\n\r\nthe whole body é\r\n/m,
  );
});

for (
  const [what, notify, ending, action] of [
    ["a failure with NOTIFY=NEVER", ["never"], "failed", null],
    ["a failure with NOTIFY=SUCCESS", ["success"], "failed", null],
    ["a failure with NOTIFY=FAILURE", ["failure", "delay"], "failed", "failed"],
    ["a success without NOTIFY=SUCCESS", ["failure"], "sent", null],
    ["a success that nobody else tells of", ["success"], "sent", "relayed"],
  ] as const
) {
  Deno.test(`reports: ${what} ${action === null ? "is not told" : "is told"}`, async () => {
    await using reporting = await Reporting.make();
    const dsn = { ret: null, envid: null, recipients: [{ notify, orcpt: null }] };
    const id = await enqueued(reporting.store, { dsn });
    await reporting.attempt(id, ending, ({ claim, changes }) => ({
      changes: notify[0] === "success" && ending === "sent"
        ? changes.map((change) => ({ ...changeOf(claim, change.n, "sent"), owesNotice: true }))
        : changes,
    }));
    await reporting.report();
    const [report] = await reporting.reports();
    const text = report === undefined ? "" : await reporting.textOf(report);
    assert.equal(/^Action: (.*)\r$/m.exec(text)?.[1] ?? null, action);
  });
}

Deno.test("reports: mail that was sent to a relay which tells of it itself is not told", async () => {
  await using reporting = await Reporting.make();
  const dsn = {
    ret: null,
    envid: null,
    recipients: [{ notify: ["success"], orcpt: null }],
  } as const;
  await reporting.attempt(await enqueued(reporting.store, { dsn }), "sent");
  assert.equal(await reporting.report(), false);
});

Deno.test("reports: none for a null sender, an answer, a report, or who is suppressed", async () => {
  await using reporting = await Reporting.make();
  const { store } = reporting;
  await store.suppress(["gone@sender.example"], null);
  await reporting.failed({ sender: "" });
  await reporting.failed({ sender: "gone@sender.example" });
  for (
    const header of [
      "Auto-Submitted: auto-replied (vacation)",
      "Content-Type:\r\n multipart/report; report-type=delivery-status",
    ]
  ) {
    const content = new TextEncoder().encode(`${header}\r\n\r\nx\r\n`);
    await reporting.failed({ content, sizeBytes: content.length });
  }
  assert.equal(await reporting.report(), false);
  const content = new TextEncoder().encode("Auto-Submitted: auto-generated\r\n\r\ncron\r\n");
  await reporting.failed({ content, sizeBytes: content.length });
  assert.equal(await reporting.report(), true, "cron's mail is told");
});

Deno.test("reports: none for a sender that a relay refuses", async () => {
  await using reporting = await Reporting.make();
  const { app, store } = reporting;
  await reporting.failed();
  await store.notePause({
    scope: "sender",
    value: "app@sender.example",
    reason: "553 not owned",
    since: app.clock.now(),
    until: app.clock.now() + HOUR_MS,
    isAutomatic: true,
    times: 1,
    refused: [],
  });
  assert.equal(await reporting.report(), false);
});

Deno.test("reports: who has refused one gets none for a day", async () => {
  await using reporting = await Reporting.make();
  await reporting.failed();
  await reporting.report();
  const [report] = await reporting.reports();
  await reporting.attempt(report?.id ?? "", "failed");
  assert.equal(await reporting.report(), false, "a report is never reported");
  await reporting.failed();
  assert.equal(await reporting.report(), false);
  reporting.app.clock.advance(25 * HOUR_MS);
  await reporting.failed();
  assert.equal(await reporting.report(), true);
});

Deno.test("reports: above the limit of an hour one digest stands for the rest", async () => {
  await using reporting = await Reporting.make({ ...TO_SENDER, "bounce.limit": 3 });
  await reporting.failMany(1_200);
  await reporting.failed({ sender: "other@sender.example" });
  await reporting.report();
  assert.equal((await reporting.reports()).length, 4, "3, and the other sender's");
  reporting.app.clock.advance(HOUR_MS / 2);
  assert.equal(await reporting.report(), false);
  reporting.app.clock.advance(HOUR_MS);
  assert.equal(await reporting.report(), true);
  const digest = (await reporting.reports()).at(-1);
  assert(digest !== undefined);
  assert.deepEqual([digest.sender, digest.firstRecipient], ["", "app@sender.example"]);
  const text = await reporting.textOf(digest);
  assert.match(text, /^Subject: 1197 more messages could not be delivered or wait\r$/m);
  assert.match(text, /^ +1000 x 550 5\.1\.1 no such user\r$/m);
  assert.match(text, /and those of 197 more messages/);
  reporting.app.clock.advance(2 * HOUR_MS);
  assert.equal(await reporting.report(), false);
});

Deno.test("reports: a message that waits for long is told once", async () => {
  await using reporting = await Reporting.make({ ...TO_SENDER, "bounce.delay": "4h" });
  const { app, store } = reporting;
  const silent = {
    ret: null,
    envid: null,
    recipients: [{ notify: ["failure"], orcpt: null }],
  } as const;
  const retryAt = app.clock.now() + 100 * HOUR_MS;
  for (const dsn of [null, silent]) {
    const id = await enqueued(store, { dsn });
    await reporting.attempt(id, { retryAt });
  }
  assert.equal(await reporting.report(), false);
  app.clock.advance(5 * HOUR_MS);
  const text = await reporting.onlyReport();
  assert.match(text, /^Subject: Mail is delayed\r$/m);
  assert.match(text, /^Action: delayed\r\nStatus: 4\.2\.0\r$/m);
  app.clock.advance(5 * HOUR_MS);
  assert.equal(await reporting.report(), false);
});

Deno.test("reports: admin_address gets them unless bounce.to says otherwise", async () => {
  await using reporting = await Reporting.make({ admin_address: "ops@example.org" });
  await reporting.failed();
  await reporting.report();
  assert.deepEqual((await reporting.reports()).map(({ firstRecipient }) => firstRecipient), [
    "ops@example.org",
  ]);
  await using silent = await Reporting.make({
    "admin_address": "ops@example.org",
    "bounce.to": "off",
  });
  await silent.failed();
  assert.equal(await silent.report(), false);
  await using none = await Reporting.make({});
  await none.failed();
  assert.equal(await none.report(), false);
});

Deno.test("reports: addresses beyond ASCII are told as RFC 6533 says", async () => {
  await using reporting = await Reporting.make();
  await reporting.failed({ recipients: ["jürgen@example.com"] });
  const text = await reporting.onlyReport();
  assert.match(text, /report-type=global-delivery-status/);
  assert.match(text, /^Content-Type: message\/global-delivery-status\r$/m);
  assert.match(text, /^Final-Recipient: utf-8; jürgen@example\.com\r$/m);
});

Deno.test("reports: a reply of any kind breaks no line and no field", async () => {
  await using reporting = await Reporting.make();
  const id = await enqueued(reporting.store);
  const reply = `no\r\nStatus: 2.0.0\n\n--x\u0001 ${"é".repeat(3_000)} ${"long ".repeat(300)}`;
  await reporting.attempt(id, "failed", ({ changes }) => ({
    changes: changes.map((change) => ({ ...change, reply })),
  }));
  const text = await reporting.onlyReport();
  assert.deepEqual([...text.matchAll(/^Status: (.*)\r$/gm)].map(([, status]) => status), ["5.1.1"]);
  const longest = Math.max(
    ...text.split("\r\n").map((line) => new TextEncoder().encode(line).length),
  );
  assert(longest <= 998, `${longest} bytes in a line`);
});

Deno.test("reports: what a hook's mail brings about sets no hook off", async () => {
  await using reporting = await Reporting.make();
  await reporting.failed({ tags: ["hook:page", "other"] });
  await reporting.report();
  const [report] = await reporting.reports();
  assert.deepEqual(report?.tags, ["report", "hook:page"]);
});

Deno.test("reports: two processes make each report once", async () => {
  await using reporting = await Reporting.make();
  const { app } = reporting;
  for (let n = 0; n < 40; n++) await reporting.failed();
  const settings = await app.settings();
  const other = await app.openQueue(settings, { create: false });
  await Promise.all([reporting.report(), new Reporter(app, other).make(settings)]);
  const about = (await reporting.reports()).map(({ id }) => id);
  assert.equal(about.length, 40);
  const ids = new Set<string>();
  for (const report of await reporting.reports()) {
    ids.add(/^X-Mailq-Id: (.*)\r$/m.exec(await reporting.textOf(report))?.[1] ?? "");
  }
  assert.equal(ids.size, 40, "one about each");
});

Deno.test("reports: a service looks for digests every few seconds, not each round", async () => {
  await using reporting = await Reporting.make({ ...TO_SENDER, "bounce.limit": 1 });
  const { app, store } = reporting;
  await reporting.failMany(3);
  const reporter = new Reporter(app, store);
  const settings = await app.settings();
  assert.equal(await reporter.make(settings), true);
  app.clock.advance(2 * HOUR_MS);
  assert.equal(await reporter.make(settings), true, "the digest");
  await reporting.failMany(1);
  assert.equal(await reporter.make(settings), false, "it waits");
  app.clock.advance(2 * HOUR_MS);
  assert.equal(await reporter.make(settings), true);
  assert.equal((await reporting.reports()).length, 3);
});
