import assert from "node:assert/strict";
import type { Ended } from "../../support/child.ts";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { count, newest, sendmail } from "../support/sendmail_calls.ts";
import { runInShell } from "../support/shell.ts";

Deno.test("sendmail: queues for the recipients given and says nothing", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const text = mail({ extra: "Bcc: hidden@x.test\r\nDate: now\r\nMessage-ID: <1@x>\r\n" });
  await sendmail(mailq, ["-i", "-f", "env@x.test", "a@b.test", "Ann <c@d.test>, e@f.test"], {
    stdin: text,
  });
  await mailq.ok(["send"]);
  const [sent] = server.messages;
  assert.equal(sent?.from, "env@x.test");
  assert.deepEqual(sent?.to, ["a@b.test", "c@d.test", "e@f.test"], "none of the header's");
  assert.equal(new TextDecoder().decode(sent?.data), text.replace(/^Bcc:.*\r\n/m, ""));
});

Deno.test("sendmail -t: takes To, Cc and Bcc, or Resent-* alone, and adds those given", async () => {
  await using mailq = await Mailq.make();
  const header = "From: x@y.test\nTo: a@b.test\nCc: c@d.test\nBcc: e@f.test\n";
  await sendmail(mailq, ["-t", "-i"], { stdin: `${header}\nhi\n` });
  let one = await newest(mailq);
  assert.deepEqual(one.to, ["a@b.test", "c@d.test", "e@f.test"]);
  assert.doesNotMatch(one.text, /e@f\.test/);
  await sendmail(mailq, ["-ti", "g@h.test", "c@D.test"], { stdin: `${header}\nhi\n` });
  one = await newest(mailq);
  assert.deepEqual(one.to, ["g@h.test", "c@D.test", "a@b.test", "e@f.test"]);
  await sendmail(mailq, ["-t"], {
    stdin: `Resent-To: r@s.test\nResent-Bcc: t@u.test\n${header}\nhi\n`,
  });
  one = await newest(mailq);
  assert.deepEqual(one.to, ["r@s.test", "t@u.test"]);
  assert.doesNotMatch(one.text, /t@u\.test/);
  assert.match(one.text, /^Cc: c@d\.test\r$/m);
});

Deno.test("sendmail: a lone dot ends the input unless -i, and what follows is warned of", async () => {
  await using mailq = await Mailq.make();
  const text = "Subject: dots\n\none\n.\ntwo\n";
  for (const flag of ["-i", "-oi"]) {
    await sendmail(mailq, [flag, "a@b.test"], { stdin: text });
    assert.match((await newest(mailq)).text, /one\r\n\.\r\ntwo\r\n$/);
  }
  const ended = await mailq.run(["sendmail", "a@b.test"], { stdin: text });
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /warning: .*single dot.*-i/);
  assert.match((await newest(mailq)).text, /one\r\n$/);
  await sendmail(mailq, ["a@b.test"], { stdin: "Subject: dots\n\none\n.\n" });
  assert.match((await newest(mailq)).text, /one\r\n$/);
});

Deno.test("sendmail: what follows the dot late is warned of, and a writer that waits is not waited for", async () => {
  await using mailq = await Mailq.make();
  const child = await mailq.spawn(["sendmail", "a@b.test"], { stdin: "" });
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode("Subject: dots\n\none\n.\n"));
  // The writer keeps its end open until the program has ended.
  const [{ code }, stdout, stderr] = await Promise.all([
    child.status,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  await writer.close().catch(() => {});
  assert.deepEqual([code, stdout, stderr], [0, "", ""]);
  assert.equal(await count(mailq), 1);
});

Deno.test("sendmail: a leading From_ line goes, also one with a mark", async () => {
  await using mailq = await Mailq.make();
  for (const line of ["From cron Sat Nov 21 00:00:00 2026", ">From x"]) {
    await sendmail(mailq, ["-i", "a@b.test"], { stdin: `${line}\nSubject: mbox\n\nhi\n` });
    const { text, subject } = await newest(mailq);
    assert.equal(subject, "mbox");
    assert.ok(!text.includes(line), text);
  }
});

const SENDERS: readonly (readonly [
  string,
  readonly string[],
  Readonly<Record<string, string>>,
  string,
])[] = [
  ["-f", ["-f", "x@y.test"], {}, "x@y.test"],
  ["-r", ["-rx@y.test"], {}, "x@y.test"],
  ["a bare -f", ["-f", "www-data"], {}, "www-data@host.test"],
  ["an empty -f", ["-f", ""], { MAILQ_FROM: "no@no.test" }, ""],
  ["-f <>", ["-f", "<>"], { MAILQ_FORCE_FROM: "no@no.test" }, ""],
  ["the settings' from", [], { MAILQ_FROM: "conf@x.test" }, "conf@x.test"],
  ["login at host, never the header's", [], {}, "tester@host.test"],
  ["-f before from", ["-f", "x@y.test"], { MAILQ_FROM: "conf@x.test" }, "x@y.test"],
  ["force_from before -f", ["-f", "x@y.test"], { MAILQ_FORCE_FROM: "f@x.test" }, "f@x.test"],
];

for (const [what, args, env, expected] of SENDERS) {
  Deno.test(`sendmail: the envelope sender is ${what}`, async () => {
    await using mailq = await Mailq.make(env);
    await sendmail(mailq, [...args, "a@b.test"], { stdin: mail({ from: "header@x.test" }) });
    const one = await newest(mailq);
    assert.equal(one.sender, expected);
    assert.match(one.text, /^From: header@x\.test\r$/m, "the header stays");
  });
}

Deno.test("sendmail: a missing From is added with -F's name, else NAME's, else none", async () => {
  await using mailq = await Mailq.make();
  const stdin = "Subject: x\n\nhi\n";
  const from = async (args: readonly string[], env: Record<string, string> = {}) => {
    await sendmail(mailq, [...args, "-f", "x@y.test", "a@b.test"], { stdin, env });
    return /^From: (.*)\r$/m.exec((await newest(mailq)).text)?.[1];
  };
  assert.equal(await from(["-FCronDaemon"]), '"CronDaemon" <x@y.test>');
  assert.equal(await from(["-F", "Ann"], { NAME: "Bob" }), '"Ann" <x@y.test>');
  assert.equal(await from([], { NAME: "Bob" }), '"Bob" <x@y.test>');
  assert.equal(await from([]), "x@y.test");
});

Deno.test("sendmail: a bare local recipient goes to admin_address, else to this host", async () => {
  await using mailq = await Mailq.make();
  const root = async (env: Record<string, string>, ...args: string[]) => {
    await sendmail(mailq, ["-i", ...args], { stdin: "To: root\n\nhi\n", env });
    return (await newest(mailq)).to;
  };
  assert.deepEqual(await root({}, "root"), ["root@host.test"]);
  assert.deepEqual(await root({}, "-t"), ["root@host.test"]);
  const env = { MAILQ_ADMIN_ADDRESS: "ops@x.test" };
  assert.deepEqual(await root(env, "root", "www-data"), ["ops@x.test"]);
  assert.deepEqual(await root(env, "-t"), ["ops@x.test"]);
});

Deno.test("sendmail: PHP's CRLF header over an LF body becomes CRLF throughout", async () => {
  await using mailq = await Mailq.make();
  const stdin = "To: a@b.test\r\nSubject: php\r\nFrom: x@y.test\r\n\r\none\ntwo\n\nthree";
  await sendmail(mailq, ["-t", "-i"], { stdin });
  const { text } = await newest(mailq);
  assert.match(text, /Subject: php\r\nFrom: x@y\.test\r\n\r\none\r\ntwo\r\n\r\nthree\r\n$/);
});

Deno.test("sendmail: -N, -R and -V are kept with the recipients as they are in the end", async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["suppress", "add", "c@d.test"]);
  const stdin = mail({ to: "a@B.test, e@f.test" });
  await sendmail(
    mailq,
    ["-ti", "-N", "failure,success", "-R", "hdrs", "-V", "id 1", "a@b.test"]
      .concat("c@d.test"),
    { stdin },
  );
  const one = await newest(mailq);
  const wish = { notify: ["success", "failure"], orcpt: null };
  assert.deepEqual(one.to, ["a@b.test", "c@d.test", "e@f.test"]);
  assert.deepEqual(one.dsn, { ret: "headers", envid: "id 1" });
  assert.deepEqual(one.each, [wish, wish, wish]);
  await sendmail(mailq, ["a@b.test"], { stdin });
  assert.equal((await newest(mailq)).dsn, null);
});

Deno.test("sendmail: X-Mail-Queue-Priority counts, the schedule's fields are enqueue's alone", async () => {
  await using mailq = await Mailq.make();
  const extra = "X-Mail-Queue-Priority: high\r\nX-Mail-Queue-Send-At: 2099-01-01T00:00Z\r\n" +
    "X-Mail-Queue-Expires-In: soon\r\n";
  await sendmail(mailq, ["-i", "a@b.test"], { stdin: mail({ extra }) });
  const one = await newest(mailq);
  assert.deepEqual([one.priority, one.send_at, one.expires_at], ["high", null, null]);
  assert.doesNotMatch(one.text, /X-Mail-Queue/);
});

Deno.test("sendmail -v: says what became of the mail, on stderr", async () => {
  await using mailq = await Mailq.make();
  const ended = await mailq.run(["sendmail", "-v", "a@b.test"], { stdin: mail() });
  const { id } = await newest(mailq);
  assert.deepEqual([ended.code, ended.stdout, ended.stderr], [0, "", `mailq: queued as ${id}\n`]);
});

Deno.test("sendmail: a wrong setting that intake does not use loses no mail", async () => {
  await using mailq = await Mailq.make();
  const env = { MAILQ_RETRY_MAX: "often" };
  const ended = await mailq.run(["sendmail", "-i", "a@b.test"], { stdin: mail(), env });
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /warning: .*MAILQ_RETRY_MAX/);
  assert.equal(await count(mailq), 1);
});

type Failure = readonly [
  what: string,
  status: number,
  run: (mailq: Mailq) => Promise<Ended>,
  pattern: RegExp,
];
const stdin = mail();
const FAILURES: readonly Failure[] = [
  ["no recipient", 64, (m) => m.run(["sendmail", "-i"], { stdin }), /-t/],
  ["no recipient in the header", 64, (m) => m.run(["sendmail", "-t"], { stdin: "a: b\n\n" }), /To/],
  ["an unknown option", 64, (m) => m.run(["sendmail", "-s", "x", "a@b"], { stdin }), /-s/],
  ["a bad recipient", 65, (m) => m.run(["sendmail", "a@@b", "c@d"], { stdin }), /"a@@b"/],
  ["a bad sender", 65, (m) => m.run(["sendmail", "-fx y", "c@d"], { stdin }), /"x y"/],
  ["a bad header", 65, (m) => m.run(["sendmail", "-t"], { stdin: "To: <a\n\n" }), /To/],
  [
    "a message over max_size",
    65,
    (m) => m.run(["sendmail", "a@b"], { stdin, env: { MAILQ_MAX_SIZE: "10" } }),
    /max_size/,
  ],
  [
    "a queue whose folder is a file",
    73,
    (m) =>
      m.run(["sendmail", "a@b"], { stdin, env: { MAILQ_QUEUE: `${m.folder}/mailq.toml/q.db` } }),
    /create/,
  ],
  ["a queue that is no queue", 78, async (m) => {
    await Deno.writeTextFile(m.queue, "no database, but long enough to look like one ".repeat(99));
    return await m.run(["sendmail", "a@b"], { stdin });
  }, /queue\.db/],
  [
    "a wrong max_size",
    78,
    (m) => m.run(["sendmail", "a@b"], { stdin, env: { MAILQ_MAX_SIZE: "big" } }),
    /MAX_SIZE/,
  ],
];

for (const [what, status, run, pattern] of FAILURES) {
  Deno.test(`sendmail: ${what} is ${status}, and nothing is queued`, async () => {
    await using mailq = await Mailq.make();
    const ended = await run(mailq);
    assert.equal(ended.code, status, ended.stderr);
    assert.equal(ended.stdout, "");
    assert.match(ended.stderr, pattern);
    if (what !== "a queue that is no queue") assert.equal(await count(mailq), 0);
  });
}

Deno.test("sendmail: input that cannot be read is 66", async () => {
  await using mailq = await Mailq.make();
  const ended = await runInShell(mailq, "mailq sendmail -i a@b.test < /");
  assert.equal(ended.code, 66, ended.stderr);
  assert.equal(await count(mailq), 0);
});

Deno.test("sendmail: a slow writer holds up nobody, and nothing of it shows before its end", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const child = await mailq.spawn(["sendmail", "-i", "slow@b.test"], { stdin: "" });
  const writer = child.stdin.getWriter();
  // Enough for the program to have begun to stage it.
  const piece = new TextEncoder().encode(`${"x".repeat(70)}\r\n`.repeat(1_000));
  await writer.write(new TextEncoder().encode("Subject: slow\r\n\r\n"));
  for (let i = 0; i < 160; i++) await writer.write(piece);
  for (let i = 0; i < 3; i++) {
    await sendmail(mailq, ["a@b.test"], { stdin: mail({ subject: `quick ${i}` }) });
  }
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 3);
  assert.equal(await count(mailq), 3);
  await writer.close();
  const { code, stderr } = await child.output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  assert.equal(await count(mailq), 4);
  await mailq.ok(["send"]);
  assert.equal(server.messages.at(-1)?.to[0], "slow@b.test");
});
