import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";
import { runInShell } from "../support/shell.ts";

const TIME = String.raw`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`;

/** A service that is ended when all has gone out; returns what it logged. */
async function logOfRun(mailq: Mailq, server: SmtpServer, ...flags: string[]): Promise<string> {
  await using run = await Running.start(mailq, ["run", ...flags]);
  await run.meanwhile(server.received(1));
  await run.said(/hello|bob/);
  await run.stop();
  return run.stderr;
}

Deno.test("run: logs a line for each recipient, with its time and figures", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "ann@a.test, refuse.bob@a.test" }));
  const lines = (await logOfRun(mailq, server)).trim().split("\n");
  assert.equal(lines.length, 2, lines.join("\n"));
  const figures = String.raw`from=<ann@sender\.test> relay=default host=\S+:${server.port} ` +
    String.raw`delay=[\d.]+s duration=[\d.]+s size=\d+`;
  assert.match(
    lines[0] ?? "",
    new RegExp(
      String.raw`^${TIME} ${id} sent to=<ann@a\.test> ${figures} dsn=2\.\d\.\d \(250 .*\)$`,
    ),
  );
  assert.match(
    lines[1] ?? "",
    new RegExp(
      String.raw`^${TIME} ${id} failed to=<refuse\.bob@a\.test> ${figures} dsn=5\.\d\.\d \(55.*\)$`,
    ),
  );
});

Deno.test("run --json --verbose: every line of both streams is JSON", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "bob@a.test" }));
  const stderr = await logOfRun(mailq, server, "--json", "--verbose");
  const lines = stderr.trim().split("\n").map((line) => JSON.parse(line));
  // A build on an old SQLite has a word about that before.
  assert.ok(lines.some(({ text }) => text?.startsWith("sending from ")), stderr);
  const { at, delay_ms: delay, duration_ms: _, reply, host: __, ...rest } = lines.at(-1);
  assert.match(at, new RegExp(`^${TIME}$`));
  assert.ok(Number.isInteger(delay) && delay >= 0, String(delay));
  assert.match(reply, /\w/);
  assert.deepEqual(rest, {
    level: "info",
    type: "recipient.sent",
    id,
    from: "ann@sender.test",
    to: "bob@a.test",
    relay: "default",
    tls: null,
    size: rest.size,
    dsn: rest.dsn,
    code: 250,
    reason: null,
    next_attempt_at: null,
  });
  const once = await mailq.run(["run", "--once", "--json", "--verbose"]);
  for (const line of `${once.stdout}${once.stderr}`.trim().split("\n")) JSON.parse(line);
});

Deno.test("run: logs a relay that is down, and that it is up again", async () => {
  const port = await freePort();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: `smtp://127.0.0.1:${port}`,
    MAILQ_RETRY_SCHEDULE: "50ms",
    MAILQ_LOG: "json",
  });
  await using run = await Running.start(mailq, ["run"]);
  await mailq.enqueue(mail());
  await run.said(/"type":"relay\.down","relay":"default","error":"[^"]*127\.0\.0\.1/);
  await using server = new SmtpServer({ port });
  await mailq.ok(["retry"]);
  await run.meanwhile(server.received(1));
  await run.said(/"type":"relay\.up","relay":"default"\}/);
  await run.stop();
});

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  await using server = new SmtpServer();
  return server.port;
}

Deno.test("send: logs only where log is set, or with --verbose", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail());
  assert.equal((await mailq.run(["send"])).stderr, "", "cron hears nothing");
  const line = new RegExp(`^${TIME} \\w{12} sent to=<bob@receiver\\.test> .*\\n$`);
  await mailq.enqueue(mail());
  assert.match((await mailq.run(["send", "--verbose"])).stderr, line);
  mailq.env.MAILQ_LOG = "text";
  await mailq.enqueue(mail());
  const ended = await mailq.run(["send"]);
  assert.match(ended.stderr, line);
  assert.equal(ended.stdout, "");
  await mailq.enqueue(mail());
  assert.equal((await mailq.run(["send", "--quiet"])).stderr, "");
});

Deno.test("log: a mail or a relay that writes lines of its own writes none", async () => {
  await using server = new SmtpServer({
    onRcpt: () => "550 5.1.1 no\x1b[2J such\u2028user\u202e",
  });
  for (const log of ["text", "json", "postfix"]) {
    await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_LOG: log });
    await mailq.enqueue(mail());
    const { stderr } = await mailq.run(["send"]);
    // deno-lint-ignore no-control-regex -- controls are what is looked for
    assert.doesNotMatch(stderr, /[\x00-\x09\x0b-\x1f\u2028\u202e]/, log);
    assert.equal(stderr.trim().split("\n").length, log === "postfix" ? 4 : 1, stderr);
  }
});

Deno.test("log: what it cannot be written to changes no exit status", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_LOG: "text" });
  const forms = ["2>&-", "2>/dev/full", "2> >(exit)"];
  for (const [n, form] of forms.entries()) {
    await mailq.enqueue(mail());
    const { code, stderr } = await runInShell(mailq, `mailq send ${form}`);
    assert.deepEqual([code, stderr], [0, ""], form);
    assert.equal(server.messages.length, n + 1, "the mail is sent all the same");
  }
});

Deno.test("log: for the journal each line begins with how important it is, and has no time", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: "smtp://127.0.0.1:1",
    MAILQ_LOG: "text",
  });
  await mailq.enqueue(mail());
  // As systemd sets it up: the variable names the stream that standard error is.
  const line = `JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/9) mailq send 2>&9`;
  const journal = `${mailq.folder}/journal`;
  await runInShell(mailq, `exec 9>${journal}; ${line}`);
  const [attempt = "", down = ""] = (await Deno.readTextFile(journal)).split("\n").sort().reverse();
  assert.match(attempt, /^<6>\w{12} deferred to=/);
  assert.match(down, /^<4>relay default is down: .*127\.0\.0\.1:1.* \(1 in a row\)$/);
  // The same variable, but the stream is another: somebody has redirected it.
  const { stderr } = await runInShell(
    mailq,
    `exec 9>${journal}; export JOURNAL_STREAM=$(stat -Lc %d:%i /dev/fd/9); mailq retry -q; mailq send`,
  );
  assert.match(stderr, new RegExp(`^${TIME} `));
});
