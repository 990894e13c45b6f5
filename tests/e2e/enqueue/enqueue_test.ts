import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { runInShell } from "../support/shell.ts";

async function listed(mailq: Mailq): Promise<number> {
  return (await mailq.json(["list", "--limit", "0"])).length;
}

Deno.test("enqueue: a bad message or address is 65 and stores nothing", async () => {
  await using mailq = await Mailq.make();
  const good = mail();
  const cases: [string, string[], RegExp][] = [
    [mail({ to: "" }), [], /recipient/],
    [
      good,
      ["--to", "eve@a.test\r\nRCPT TO:<x@b.test>"],
      /"eve@a\.test\\r\\nRCPT.*control character/,
    ],
    [good, ["--to", "a@b.test\u0001"], /control character/],
    [good, ["--to", "a@b.test, c@d.test x@y.test"], /"/],
    [good, ["--from", "ann@a.test\nX: y"], /"ann@a\.test\\nX: y"/],
    [mail({ to: '"x\r\n y" <a@b.test>, a@b@c.test' }), [], /a@b@c\.test/],
    [
      mail({ extra: "X-Mail-Queue-Send-At: tomorrow\r\n" }),
      [],
      /X-Mail-Queue-Send-At: .*"tomorrow"/,
    ],
    ["", [], /recipient|empty/],
  ];
  for (const [text, flags, expected] of cases) {
    const ended = await mailq.run(["enqueue", ...flags], { stdin: text });
    assert.equal(ended.code, 65, `${flags.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, expected);
    assert.equal(ended.stdout, "");
  }
  assert.equal(await listed(mailq), 0);
});

Deno.test("enqueue: unreadable input is 66 and names it", async () => {
  await using mailq = await Mailq.make();
  await Deno.mkdir(`${mailq.folder}/empty`);
  for (const path of ["/no/such.eml", `${mailq.folder}/empty`]) {
    const ended = await mailq.run(["enqueue", path]);
    assert.equal(ended.code, 66);
    assert.ok(ended.stderr.includes(path), ended.stderr);
  }
});

Deno.test("enqueue: the second of two files being bad stores neither", async () => {
  await using mailq = await Mailq.make();
  const [good, bad] = [`${mailq.folder}/good.eml`, `${mailq.folder}/bad.eml`];
  await Deno.writeTextFile(good, mail());
  await Deno.writeTextFile(bad, "Subject: for nobody\r\n\r\n");
  for (const [second, code] of [[bad, 65], ["/no/such.eml", 66]] as const) {
    const ended = await mailq.run(["enqueue", good, second]);
    assert.equal(ended.code, code);
    assert.ok(ended.stderr.includes(second), ended.stderr);
    assert.equal(ended.stdout, "");
  }
  assert.equal(await listed(mailq), 0);
});

Deno.test("enqueue: a wrong setting is 78 with its file and line", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, '\nmax_size = "big"\n');
  const ended = await mailq.run(["enqueue"], { stdin: mail() });
  assert.equal(ended.code, 78);
  assert.match(ended.stderr, /max_size = "big" \(.*mailq\.toml:2\): expected/);
  assert.equal(ended.stdout, "");
});

Deno.test("enqueue: a wrong setting that intake does not use only warns", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, 'max_batch = "many"\nsurprise = 1\n');
  const ended = await mailq.run(["enqueue"], { stdin: mail() });
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /warning: .*max_batch = "many" \(.*mailq\.toml:1\)/);
  assert.match(ended.stderr, /warning: .*surprise/);
  const send = await mailq.run(["send"]);
  assert.equal(send.code, 78);
  assert.match(send.stderr, /mailq\.toml:1/);
  assert.equal(
    await mailq.run(["enqueue", "--quiet"], { stdin: mail() }).then((e) => e.stderr),
    "",
  );
});

Deno.test("enqueue: warnings are told once, also where the mail is sent at once", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:", MAILQ_SURPRISE: "1" });
  const ended = await mailq.run(["enqueue", "--priority", "now"], { stdin: mail() });
  assert.equal(ended.code, 0);
  assert.equal(ended.stderr.match(/MAILQ_SURPRISE/g)?.length, 1, ended.stderr);
});

Deno.test("enqueue --priority now: a wrong setting or relay is told, and the mail is safe", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "carrier-pigeon:" });
  const ended = await mailq.run(["enqueue", "--priority", "now"], { stdin: mail() });
  assert.equal(ended.code, 0, ended.stderr);
  assert.match(ended.stderr, /carrier-pigeon/);
  assert.deepEqual(await mailq.statuses().catch(() => null), null, "the other commands refuse");
  const env = { MAILQ_TRANSPORT: "null:" };
  assert.equal((await mailq.json(["list"], { env }))[0].status, "queued");
});

Deno.test("enqueue: a queue that cannot be made is 73 or 77", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/file`, "");
  for (const queue of ["/proc/none/queue.db", `${mailq.folder}/file/queue.db`]) {
    const ended = await mailq.run(["enqueue", "--queue", queue], { stdin: mail() });
    assert.ok([73, 77].includes(ended.code), `${ended.code}: ${ended.stderr}`);
    assert.ok(ended.stderr.includes(queue), ended.stderr);
    assert.equal(ended.stdout, "");
  }
});

Deno.test("enqueue: a file that is no queue is 78, and is left alone", async () => {
  await using mailq = await Mailq.make();
  const text = "Dear diary, ".repeat(100);
  await Deno.writeTextFile(mailq.queue, text);
  const ended = await mailq.run(["enqueue"], { stdin: mail() });
  assert.equal(ended.code, 78, ended.stderr);
  assert.equal(await Deno.readTextFile(mailq.queue), text);
});

Deno.test("enqueue: makes the queue's folder, and a queue none but its owner may read", async () => {
  await using mailq = await Mailq.make();
  const queue = `${mailq.folder}/state/mailq/queue.db`;
  await mailq.ok(["enqueue", "--queue", queue], { stdin: mail() });
  assert.equal(((await Deno.stat(queue)).mode ?? 0) & 0o777, 0o600);
});

Deno.test("enqueue: output that cannot be written makes no queued mail a failure", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  for (const redirect of ["> /dev/full", "| true", ">&-"]) {
    const stdin = mail({ subject: redirect });
    const ended = await runInShell(mailq, `mailq enqueue --priority now ${redirect}`, { stdin });
    assert.equal(ended.code, 0, `${redirect}: ${ended.stderr}`);
  }
  assert.equal(server.messages.length, 3);
});

Deno.test("enqueue --key: the same key again prints the first id and queues nothing", async () => {
  await using mailq = await Mailq.make();
  const first = await mailq.enqueue(mail({ subject: "one" }), "--key", "invoice-1");
  const again = await mailq.run(["enqueue", "--key", "invoice-1"], {
    stdin: mail({ subject: "two" }),
  });
  assert.deepEqual([again.code, again.stdout, again.stderr], [0, `${first}\n`, ""]);
  assert.deepEqual(await mailq.statuses(), { one: "queued" });
  await mailq.ok(["purge", "--undelivered", first]);
  assert.notEqual(await mailq.enqueue(mail(), "--key", "invoice-1"), first, "it lived as long");
});

Deno.test("enqueue --key: two messages, or an empty key, are 64", async () => {
  await using mailq = await Mailq.make();
  await Deno.mkdir(`${mailq.folder}/out`);
  for (const name of ["a", "b"]) {
    await Deno.writeTextFile(`${mailq.folder}/out/${name}.eml`, mail());
  }
  for (const args of [["--key", "k", `${mailq.folder}/out`], ["--key", ""]]) {
    const ended = await mailq.run(["enqueue", ...args], { stdin: mail() });
    assert.equal(ended.code, 64, ended.stderr);
    assert.equal(ended.stdout, "");
  }
  assert.equal(await listed(mailq), 0);
});

Deno.test("enqueue: --send-at, --expires-in, --hold, --tag and --key land in the message", async () => {
  await using mailq = await Mailq.make();
  const flags = ["--send-at", "2031-02-03T04:05:06Z", "--expires-in", "1d", "--hold"];
  const [message] = await mailq.json(
    ["enqueue", ...flags, "--tag", "a", "--tag", "b c", "--key", "k", "--to", "x@y.test"],
    { stdin: mail() },
  );
  assert.equal(message.send_at, "2031-02-03T04:05:06.000Z");
  assert.equal(message.expires_at, "2031-02-04T04:05:06.000Z");
  assert.deepEqual(message.tags, ["a", "b c"]);
  assert.deepEqual([message.held, message.status, message.key], [true, "held", "k"]);
  const [shown] = await mailq.json(["show", message.id]);
  assert.deepEqual(shown.recipients.map((one: { address: string }) => one.address), ["x@y.test"]);
});

Deno.test("enqueue: the header's control fields do what the flags do, and are removed", async () => {
  await using mailq = await Mailq.make();
  const extra = "X-Mail-Queue-Send-At: +2h\r\nx-mail-queue-expires-in: 1d\r\n";
  const [message] = await mailq.json(["enqueue"], { stdin: mail({ extra }) });
  const [created, sendAt, expiresAt] = [message.created_at, message.send_at, message.expires_at]
    .map((time) => Date.parse(time));
  assert.deepEqual([sendAt, expiresAt].map((time = NaN) => time - (created ?? NaN)), [
    2 * 3_600_000,
    26 * 3_600_000,
  ]);
  assert.doesNotMatch(await mailq.ok(["show", message.id, "--raw"]), /x-mail-queue/i);
});

Deno.test("enqueue: the bytes stored are those given but for what Intake names", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(
    "From ann@sender.test Sun Nov 22 18:00:00 2026\n" +
      "Received: by x\n\tfolded \nTo: bob@receiver.test\nbcc: eve@a.test,\n eve2@a.test\n" +
      "From: ann@sender.test\nX-Mail-Queue-Priority: high\nX-Odd:no space\n\nOne\rTwo\r\nThree",
  );
  const { stdout } = await mailq.run(["show", id, "--raw"]);
  const [, messageId, date, rest] = /^(Message-ID: .*\r\n)(Date: .*\r\n)([^]*)$/.exec(stdout) ?? [];
  assert.match(messageId ?? "", /^Message-ID: <[^<> ]+@host\.test>\r\n$/);
  assert.match(date ?? "", /^Date: \w{3}, \d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n$/);
  assert.equal(
    rest,
    "Received: by x\r\n\tfolded \r\nTo: bob@receiver.test\r\nFrom: ann@sender.test\r\n" +
      "X-Odd:no space\r\n\r\nOne\r\nTwo\r\nThree\r\n",
  );
  const [message] = await mailq.json(["show", id]);
  assert.deepEqual(
    message.recipients.map((one: { address: string }) => one.address),
    ["bob@receiver.test", "eve@a.test", "eve2@a.test"],
  );
});
