import assert from "node:assert/strict";
import { openDestination } from "../../../src/app/enqueue/destination.ts";
import { enqueueInputs } from "../../../src/app/enqueue/enqueue.ts";
import { intakeOptions, type IntakeWishes } from "../../../src/app/enqueue/options.ts";
import type { Input } from "../../../src/intake/sources/files.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { TestApp } from "../../support/app.ts";
import { SmtpTalk } from "../../support/smtp_talk.ts";
import { Listening } from "./listening.ts";

/** A service that listens on a socket, and the app of somebody who may not open its queue. */
class Shut implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    readonly service: Listening | null,
    readonly app: TestApp,
  ) {}

  static async make({ isUp = true } = {}): Promise<Shut> {
    const folder = await Deno.makeTempDir();
    const path = `${folder}/submit`;
    const given = { "listen.smtp": "none", "listen.submit": path };
    const service = isUp ? await Listening.start(given) : null;
    const app = await TestApp.make({ "listen.submit": path });
    app.refusal = new MailqError("permission", "Cannot open the queue: permission denied");
    return new Shut(folder, service, app);
  }

  get path(): string {
    return `${this.folder}/submit`;
  }

  async enqueue(texts: readonly string[], wishes: IntakeWishes = {}) {
    const settings = await this.app.settings("intake");
    const destination = await openDestination(this.app, settings);
    const inputs = texts.map((text): Input => ({
      name: "-",
      read: () => ({ kind: "whole", bytes: new TextEncoder().encode(text) }),
    }));
    const options = intakeOptions(this.app, settings, { to: ["bob@receiver.test"], ...wishes });
    const { messages } = await enqueueInputs(this.app, destination, inputs, options);
    return [...messages];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.service?.[Symbol.asyncDispose]();
    await this.app[Symbol.asyncDispose]();
    await Deno.remove(this.folder, { recursive: true });
  }
}

Deno.test("listen.submit: takes a call's messages, with all that was wished for them", async () => {
  await using shut = await Shut.make();
  const [one, two] = await shut.enqueue(
    ["Subject: one\r\n\r\n.\r\n", "Subject: two\r\n\r\nHi\r\n"],
    { priority: "high", tags: ["a", "b"], isHeld: true, from: "ann@sender.test" },
  );
  const messages = await shut.service?.app.messages() ?? [];
  assert.deepEqual(
    messages.map(({ id, subject, sender, priority, tags, status, submitter }) => [
      id,
      subject,
      sender,
      priority,
      tags,
      status,
      submitter,
    ]),
    [
      [one?.id, "one", "ann@sender.test", "high", ["a", "b"], "held", null],
      [two?.id, "two", "ann@sender.test", "high", ["a", "b"], "held", null],
    ],
  );
  const ids = [one?.id, two?.id];
  assert.deepEqual(shut.service?.app.events.map((event) => event), [
    { type: "message.enqueued", ids, submitter: null, way: "submit", client: null },
  ]);
});

Deno.test("listen.submit: nothing of a call with a bad message is taken", async () => {
  await using shut = await Shut.make();
  await assert.rejects(shut.enqueue(["Subject: one\r\n\r\nHi\r\n", ""]), /the input is empty/);
  await assert.rejects(
    shut.enqueue(["Subject: one\r\n\r\nHi\r\n"], { key: "k" }),
    /--key by the soc/,
  );
  assert.deepEqual(await shut.service?.app.messages(), []);
});

Deno.test("listen.submit: where no service listens that is told, and is no loss", async () => {
  await using shut = await Shut.make({ isUp: false });
  const error = await shut.enqueue(["Subject: one\r\n\r\nHi\r\n"])
    .then(() => null, (error: unknown) => error);
  assert.ok(error instanceof MailqError && error.exit === 75, String(error));
  assert.match(
    error.message,
    /Cannot hand in mail by the socket .*submit: .*is `mailq run` running/,
  );
});

Deno.test("listen.submit: the drop folder goes first, where it can be written", async () => {
  await using shut = await Shut.make();
  const drop = `${shut.app.folder}/drop`;
  await Deno.mkdir(drop);
  await Deno.chmod(drop, 0o1733);
  await Deno.mkdir(`${drop}/taken`);
  await shut.enqueue(["Subject: one\r\n\r\nHi\r\n"]);
  assert.deepEqual(await shut.service?.app.messages(), []);
  assert.ok([...Deno.readDirSync(drop)].some(({ name }) => name.endsWith(".drop")));
});

Deno.test("listen.submit: any program of the machine may speak SMTP there, too", async () => {
  await using shut = await Shut.make();
  using talk = await SmtpTalk.greeted(shut.path);
  await talk.mail("Subject: plain\r\n\r\nHi\r\n");
  const [message] = await shut.service?.app.messages() ?? [];
  assert.equal(message?.subject, "plain");
  assert.doesNotMatch(await shut.service?.content() ?? "", /^Received/m);
});

Deno.test("XDROP: is said by nobody else, and what is no batch is refused", async () => {
  await using shut = await Shut.make();
  await using listening = await Listening.start();
  using stranger = await listening.talk();
  assert.equal(await stranger.codes("XDROP 5"), "500");
  using talk = await SmtpTalk.greeted(shut.path);
  await talk.send("XDROP 12\r\nMAIL FROM:<>");
  assert.match(await talk.reply(), /^554 5\.6\.0 /);
  // A key would be taken from whoever it belongs to.
  const fields = JSON.stringify({
    id: "abcdefghjkmn",
    sender: "",
    recipients: ["a@b.c"],
    priority: "normal",
    created_at: 0,
    send_at: null,
    expires_at: null,
    held: false,
    tags: [],
    key: "k",
    dsn: null,
  });
  const digits = (n: number) => String(n).padStart(16, "0");
  const batch = `mailq-drop 1\nmessage ${digits(fields.length)} ${digits(6)}\n${fields}a: b\r\n` +
    `end ${digits(1)}\n`;
  await talk.send(`XDROP ${batch.length}\r\n${batch}`);
  assert.match(await talk.reply(), /^554 5\.6\.0 .*it has a key, and nobody knows whose/);
  assert.equal(await talk.codes("NOOP"), "250");
  await talk.send("XDROP 999999999999\r\n");
  assert.match(await talk.reply(), /^552 /);
  await talk.closed();
  assert.deepEqual(await shut.service?.app.messages(), []);
});
