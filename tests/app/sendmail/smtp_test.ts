import assert from "node:assert/strict";
import { serveSmtp, type SmtpClient } from "../../../src/app/sendmail/smtp.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { TestApp } from "../../support/app.ts";

/** A client that says all it has to say at once; `replies` are those it was sent. */
class Talker implements SmtpClient {
  readonly input;
  readonly urgent: string[] = [];
  readonly failures: unknown[] = [];
  #said = "";
  #waiting = "";

  constructor(...lines: readonly string[]) {
    let rest = new TextEncoder().encode(lines.map((line) => `${line}\r\n`).join(""));
    this.input = {
      readSync(into: Uint8Array): number | null {
        if (rest.length === 0) return null;
        const count = Math.min(into.length, rest.length);
        into.set(rest.subarray(0, count));
        rest = rest.subarray(count);
        return count;
      },
    };
  }

  get replies(): string[] {
    return this.#said.split("\r\n").filter((line) => /^\d{3} /.test(line));
  }

  say(text: string): void {
    this.#waiting += text;
  }

  flush(): void {
    this.#said += this.#waiting;
    this.#waiting = "";
  }

  onQueued: SmtpClient["onQueued"] = ({ urgent }, _queue, reply) => {
    reply();
    this.flush();
    this.urgent.push(...urgent);
    return Promise.resolve();
  };

  onFailure(error: unknown): void {
    this.failures.push(error);
  }
}

const mailLines = (to: string, ...fields: readonly string[]) => [
  "MAIL FROM:<ann@x.test>",
  `RCPT TO:<${to}>`,
  "DATA",
  "Subject: hi",
  ...fields,
  "",
  "..dot",
  ".",
];

async function serve(app: TestApp, client: SmtpClient & Talker): Promise<string[]> {
  await serveSmtp(app, await app.settings("intake"), client);
  client.flush();
  return client.replies.map((reply) => reply.slice(0, 3));
}

Deno.test("serveSmtp: queues each message by itself, with the envelope that was given", async () => {
  await using app = await TestApp.make();
  const client = new Talker(
    "EHLO me",
    ...mailLines("a@b.test"),
    ...mailLines("c@d.test", "X-Mail-Queue-Priority: now"),
    "QUIT",
  );
  const codes = await serve(app, client);
  assert.deepEqual(codes, [
    "220",
    "250",
    "250",
    "250",
    "354",
    "250",
    "250",
    "250",
    "354",
    "250",
    "221",
  ]);
  const queued = await app.messages();
  assert.deepEqual(queued.map(({ sender, recipients }) => [sender, recipients[0]?.address]), [
    ["ann@x.test", "a@b.test"],
    ["ann@x.test", "c@d.test"],
  ]);
  for (const { id } of queued) assert.ok(client.replies.includes(`250 2.0.0 Ok: queued as ${id}`));
  assert.deepEqual(client.urgent, queued.slice(1).map(({ id }) => id));
  assert.deepEqual(client.failures, []);
  assert.equal(app.openQueues, 1, "for the whole conversation");
});

Deno.test("serveSmtp: a queue that cannot be opened is one message's misfortune", async () => {
  await using app = await TestApp.make();
  app.refusal = new MailqError("busy", "The queue is busy");
  const client = new Talker("EHLO me", ...mailLines("a@b.test"), ...mailLines("c@d.test"), "QUIT");
  const say = client.say.bind(client);
  client.say = (text) => {
    if (text.startsWith("451 ")) app.refusal = null;
    say(text);
  };
  const codes = await serve(app, client);
  assert.deepEqual(codes.slice(5, 6), ["451"]);
  assert.equal(codes.at(-2), "250");
  const queued = await app.messages();
  assert.deepEqual(queued.map(({ recipients }) => recipients[0]?.address), ["c@d.test"]);
});

Deno.test("serveSmtp: a fault of ours is told to its operator, and nothing is queued", async () => {
  await using app = await TestApp.make();
  const fault = new TypeError("a mistake");
  const openQueue = () => Promise.reject(fault);
  const client = new Talker("EHLO me", ...mailLines("a@b.test"), "QUIT");
  const { clock, random, env, tell } = app;
  const broken = {
    clock,
    random,
    env,
    tell,
    openQueue,
    user: () => "me",
    closeQueue: () => Promise.resolve(),
  };
  await serveSmtp(broken, await app.settings(), client);
  client.flush();
  assert.deepEqual(client.failures, [fault]);
  assert.ok(client.replies.some((reply) => reply.startsWith("451 ")));
  assert.ok(!client.replies.join().includes("a mistake"));
});

Deno.test("serveSmtp: an input that ends in the middle of a message queues nothing of it", async () => {
  await using app = await TestApp.make();
  const client = new Talker("EHLO me", ...mailLines("a@b.test").slice(0, -1));
  await assert.rejects(serve(app, client), { code: "input_unreadable" });
  await app.openQueue(await app.settings(), { create: true });
  assert.deepEqual(await app.messages(), []);
});
