import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { collect, feed, signalChild } from "../../support/child.ts";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpProcess } from "../../support/smtp_process.ts";

/** One call of enqueue: how many messages it brought, and the ids it printed if it exited 0. */
interface Call {
  readonly count: number;
  readonly ids: readonly string[] | null;
}

/** A queue whose processes are killed at any moment, and the account of what they had promised. */
export class KilledQueue implements AsyncDisposable {
  readonly calls = new Map<string, Call>();
  kills = 0;
  #number = 0;

  private constructor(readonly mailq: Mailq, readonly server: SmtpProcess) {}

  static async make(): Promise<KilledQueue> {
    const mailq = await Mailq.make();
    const server = await SmtpProcess.start(`${mailq.folder}/accepted.jsonl`);
    mailq.env.MAILQ_TRANSPORT = server.url;
    return new KilledQueue(mailq, server);
  }

  /** Runs a command and kills it after `afterMs` (never if null); its stdout if it exited 0. */
  async run(
    args: readonly string[],
    afterMs: number | null,
    stdin?: string,
  ): Promise<string | null> {
    const child = await this.mailq.spawn(args, stdin === undefined ? {} : { stdin });
    // At no event that could be waited for: any moment may be the wrong one.
    const timer = afterMs === null
      ? undefined
      : setTimeout(() => signalChild(child, "SIGKILL"), afterMs);
    const ending = collect(child);
    if (stdin !== undefined) await feed(child, stdin);
    const { code, signal, stdout, stderr } = await ending;
    clearTimeout(timer);
    if (signal === "SIGKILL") {
      this.kills++;
      return null;
    }
    assert.equal(code, 0, `mailq ${args.join(" ")}: ${stderr}`);
    return stdout;
  }

  /** Enqueues one message from stdin; whether it was killed. */
  async enqueueOne(afterMs: number | null): Promise<boolean> {
    const name = `call${this.#number++}`;
    const stdout = await this.run(["enqueue"], afterMs, numbered(name, 0));
    this.calls.set(name, { count: 1, ids: idsIn(stdout) });
    return stdout === null;
  }

  /** Enqueues a folder; whether it was killed. Each file over 1 MB is read in pieces and ends a commit, so with some of
   *  them the call is staged in several. */
  async enqueueFolder(count: number, largeCount: number, afterMs: number | null): Promise<boolean> {
    const name = `call${this.#number++}`;
    const folder = `${this.mailq.folder}/${name}`;
    await Deno.mkdir(folder);
    const every = Math.floor(count / Math.max(1, largeCount));
    for (let n = 0; n < count; n++) {
      const isLarge = largeCount > 0 && n % every === 0;
      const text = numbered(name, n, isLarge ? 1_060_000 : 500);
      await Deno.writeTextFile(`${folder}/${String(n).padStart(4, "0")}.eml`, text);
    }
    const stdout = await this.run(["enqueue", folder], afterMs);
    this.calls.set(name, { count, ids: idsIn(stdout) });
    await Deno.remove(folder, { recursive: true });
    return stdout === null;
  }

  /** Sends until nothing is left, with nobody killed any more. */
  async finish(): Promise<void> {
    for (let round = 0; round < 3; round++) {
      // The third loss of one message holds it: a person looks at it, and releases it.
      await this.run(["release", "--all"], null);
      await this.run(["retry"], null);
      const stdout = await this.run(["send", "--json"], null);
      const { stopped_by, remaining } = JSON.parse(stdout ?? "");
      assert.equal(stopped_by, null, "nothing that was left behind stops the next pass");
      assert.equal(remaining, 0);
    }
  }

  /** Asserts that every promise was kept; returns how many messages went out more than once. */
  async check(): Promise<number> {
    const deliveries = new Map<string, number>();
    for (const { data } of await this.server.accepted()) {
      const text = new TextDecoder().decode(data);
      const subject = /^Subject: (.*)\r$/m.exec(text)?.[1] ?? "";
      assert.ok(text.endsWith(`end of ${subject}\r\n`), `${subject} went out without its end`);
      deliveries.set(subject, (deliveries.get(subject) ?? 0) + 1);
    }
    using db = new DatabaseSync(this.mailq.queue, { readOnly: true });
    db.exec("PRAGMA busy_timeout = 10000");
    assert.deepEqual(db.prepare("PRAGMA integrity_check").all().map((row) => ({ ...row })), [
      { integrity_check: "ok" },
    ]);
    const messages = db.prepare(
      `SELECT id, subject, status, (SELECT count(*) FROM attempt
         WHERE attempt.seq = message.seq AND result = 'uncertain') AS uncertain FROM message`,
    ).all();
    const bySubject = new Map(messages.map((row) => [String(row.subject), row]));
    assert.equal(bySubject.size, messages.length, "no message is there twice");
    const stored = new Set(messages.map((row) => String(row.id)));
    for (const [name, { count, ids }] of this.calls) {
      const subjects = Array.from({ length: count }, (_, n) => `${name} ${n}`);
      const there = subjects.filter((subject) => bySubject.has(subject)).length;
      if (ids === null) {
        assert.ok(there === 0 || there === count, `${there} of ${count} messages of a killed call`);
      } else {
        assert.equal(there, count);
        assert.equal(ids.length, count);
        assert.ok(ids.every((id) => stored.has(id)));
      }
    }
    const { workers, batches } = db.prepare(
      "SELECT (SELECT count(*) FROM worker) AS workers, (SELECT count(*) FROM batch) AS batches",
    ).get() ?? {};
    assert.deepEqual([workers, batches], [0, 0], "what dead processes left is swept");
    let repeated = 0;
    for (const [subject, { status, uncertain }] of bySubject) {
      assert.equal(status, "sent", `${subject} is ${status}`);
      const count = deliveries.get(subject) ?? 0;
      assert.ok(count >= 1, `${subject} was never delivered`);
      assert.ok(
        count <= 1 + Number(uncertain),
        `${subject} went out ${count} times with ${uncertain} uncertain attempts`,
      );
      if (count > 1) repeated++;
    }
    for (const subject of deliveries.keys()) assert.ok(bySubject.has(subject), subject);
    assert.deepEqual(
      db.prepare("SELECT count(*) AS n FROM recipient WHERE state <> 'sent'").get()?.n,
      0,
    );
    return repeated;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await this.mailq[Symbol.asyncDispose]();
  }
}

function idsIn(stdout: string | null): string[] | null {
  return stdout === null ? null : stdout.split("\n").filter((line) => line !== "");
}

function numbered(name: string, n: number, sizeBytes = 200): string {
  const line = `${"x".repeat(78)}\r\n`;
  const subject = `${name} ${n}`;
  return mail({
    subject,
    body: line.repeat(Math.ceil(sizeBytes / line.length)) + `end of ${subject}\r\n`,
  });
}
