import assert from "node:assert/strict";
import { childOk, runChild } from "../support/child.ts";
import { mail, Mailq } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { require } from "./requirements.ts";

/** The log of a pass that sends two mails, and meets one that is deferred and one that fails. */
async function postfixLog(): Promise<{ readonly path: string } & AsyncDisposable> {
  await using server = new SmtpServer();
  const mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_LOG: "postfix" });
  for (const to of ["ann@a.test", "bob@b.test", "defer.cy@a.test", "refuse.dan@a.test"]) {
    await mailq.enqueue(mail({ to }));
  }
  const { stderr } = await mailq.run(["send"]);
  await mailq.enqueue(mail({ to: "eve@e.test" }));
  const down = await mailq.run(["send"], { env: { MAILQ_TRANSPORT: "smtp://127.0.0.1:1" } });
  const path = `${mailq.folder}/mail.log`;
  await Deno.writeTextFile(path, stderr + down.stderr);
  return { path, [Symbol.asyncDispose]: () => mailq[Symbol.asyncDispose]() };
}

Deno.test("log = postfix: pflogsumm counts what was sent, deferred and refused", async () => {
  require("/usr/sbin/pflogsumm");
  await using log = await postfixLog();
  const report = await childOk(["pflogsumm", log.path]);
  const totals = Object.fromEntries(
    [...report.matchAll(/^ +(\d+) +(\w+)(?: .*)?$/gm)].map(([, n, what]) => [what, Number(n)]),
  );
  const { received, delivered, deferred, bounced, rejected, senders, recipients } = totals;
  assert.deepEqual({ received, delivered, deferred, bounced, rejected, senders, recipients }, {
    received: 5,
    delivered: 2,
    deferred: 2,
    bounced: 1,
    rejected: 0,
    senders: 1,
    recipients: 2,
  }, report);
  assert.match(report, /^ +\d+ +ann@sender\.test$/m);
  assert.match(report, /Connection refused/);
  assert.match(report, /warning|relay default is down/);
});

Deno.test("log = postfix: logwatch knows every line but the warning", async () => {
  const script = "/usr/share/logwatch/scripts/services/postfix";
  require(script);
  await using log = await postfixLog();
  const lines = await Deno.readTextFile(log.path);
  const report = await runChild(["perl", script], {
    stdin: lines,
    env: { LOGWATCH_DETAIL_LEVEL: "10", PERL5LIB: "/usr/share/logwatch/lib" },
  });
  assert.equal(report.code, 0, report.stderr);
  assert.match(report.stdout, /^ +2 +(Delivered|Sent via SMTP) /m, report.stdout);
  assert.match(report.stdout, /^ +2 +Deferred /m);
  assert.match(report.stdout, /^ +1 +Bounced /m);
  assert.doesNotMatch(report.stdout, /Unmatched/, report.stdout);
});
