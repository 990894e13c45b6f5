import assert from "node:assert/strict";
import PostalMime from "postal-mime";
import { Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { storedMessages } from "../support/stored_messages.ts";

// More than go into one commit.
const MANY = 2_100;

function lines(count: number, fields: (n: number) => Record<string, unknown> = () => ({})): string {
  return Array.from(
    { length: count },
    (_, n) => JSON.stringify({ to: "a@b.test", subject: `s${n}`, text: `${n}\n`, ...fields(n) }),
  ).join("\n") + "\n";
}

Deno.test("enqueue --jsonl: an object a line, from stdin and files, in their order", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await Deno.writeTextFile(
    `${mailq.folder}/one.jsonl`,
    lines(2, (n) => ({ subject: `file ${n}` })),
  );
  const stdin = lines(2, (n) => ({ subject: `stdin ${n}`, text: "Hällo\n", bcc: "c@b.test" }));
  const ids = (await mailq.ok(["enqueue", "--jsonl", "one.jsonl", "-", "--tag", "t"], { stdin }))
    .trim().split("\n");
  const listed = await mailq.json(["list", "--sort", "oldest"]);
  assert.deepEqual(listed.map(({ id }) => id), ids);
  assert.deepEqual(
    listed.map(({ subject, tags }) => [subject, tags]),
    ["file 0", "file 1", "stdin 0", "stdin 1"].map((subject) => [subject, ["t"]]),
  );
  await mailq.ok(["send"]);
  const last = server.messages.find(({ to }) => to.length === 2);
  assert.deepEqual(last?.to, ["a@b.test", "c@b.test"]);
  const mail = await PostalMime.parse(last?.data ?? "");
  assert.deepEqual([mail.text, mail.from?.address], ["Hällo\n", "tester@host.test"]);
  assert.equal(server.messages.length, 4);
});

Deno.test("enqueue --jsonl: a bad line is named with its field, and nothing is queued", async () => {
  await using mailq = await Mailq.make();
  const cases: readonly (readonly [string, number, RegExp])[] = [
    [lines(16) + '{"to": "a@b@c"}\n', 65, /^mailq: line 17: to: Cannot use "a@b@c"/],
    [
      lines(MANY) + '{"to": "a@b.test", "subjct": 1}',
      65,
      /line 2101: subjct: .*did you mean subject/,
    ],
    [lines(MANY) + '{"path": "/no/such"}\n', 66, /line 2101: path: .*no such file/],
    [lines(1) + '{"raw": "Subject: x"}\n' + lines(1), 65, /line 2: .*without recipients/],
    [lines(1) + '{"to": "a@b.test"', 65, /line 2: Cannot read it as JSON/],
  ];
  for (const [stdin, code, message] of cases) {
    const ended = await mailq.run(["enqueue", "--jsonl"], { stdin });
    assert.deepEqual([ended.code, ended.stdout], [code, ""], ended.stderr);
    assert.match(ended.stderr, message);
  }
  await Deno.writeTextFile(`${mailq.folder}/good.jsonl`, lines(1));
  await Deno.writeTextFile(`${mailq.folder}/bad.jsonl`, "{}");
  const ended = await mailq.run(["enqueue", "--jsonl", "good.jsonl", "bad.jsonl"]);
  assert.deepEqual([ended.code, ended.stdout], [65, ""]);
  assert.match(ended.stderr, /bad\.jsonl: line 1: to: /);
  for (const path of ["/no/such", mailq.folder]) {
    assert.equal((await mailq.run(["enqueue", "--jsonl", path])).code, 66);
  }
  assert.equal((await mailq.json(["status"]))[0].queued, 0);
  assert.equal(storedMessages(mailq), 0);
});

Deno.test("enqueue --jsonl: lines whose key is known print the first id, the others are queued", async () => {
  await using mailq = await Mailq.make();
  const keyed = (from: number, count: number) => lines(count, (n) => ({ key: `k${from + n}` }));
  const enqueue = async (stdin: string) =>
    (await mailq.ok(["enqueue", "--jsonl"], { stdin })).trim().split("\n");
  const first = await enqueue(keyed(0, 3));
  const second = await enqueue(keyed(1, 3) + keyed(3, 1));
  assert.deepEqual(second.slice(0, 2), first.slice(1));
  assert.deepEqual(second[3], second[2], "a key that comes twice in one call");
  assert.equal((await mailq.json(["list"])).length, 4);
  // Through a stage as well.
  const third = await enqueue(keyed(2, MANY));
  assert.deepEqual(third.slice(0, 2), [first[2], second[2]]);
  assert.equal(new Set(third).size, MANY);
  assert.equal((await mailq.json(["status"]))[0].queued, 2 + MANY);
  const [message] = await mailq.json(["show", third.at(-1) ?? ""]);
  assert.equal(message.key, `k${MANY + 1}`);
});

Deno.test("enqueue --jsonl: of two calls with the same keys each key is queued once", async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["enqueue", "--jsonl"], { stdin: "" });
  const stdin = lines(MANY, (n) => ({ key: `k${n}` }));
  // Both hold back their last line until both have staged the others.
  const calls = await Promise.all([1, 2].map(() => mailq.spawn(["enqueue", "--jsonl"], { stdin })));
  const writers = calls.map((call) => call.stdin.getWriter());
  await Promise.all(writers.map((writer) => writer.write(new TextEncoder().encode(stdin))));
  while (storedMessages(mailq) < 4_000);
  await Promise.all(writers.map((writer) => writer.close()));
  const outputs = await Promise.all(calls.map((call) => call.output()));
  const [one = [], two = []] = outputs.map(({ code, stdout, stderr }) => {
    assert.equal(code, 0, new TextDecoder().decode(stderr));
    return new TextDecoder().decode(stdout).trim().split("\n");
  });
  assert.deepEqual(one, two, "both are told the ids of the mail that is queued");
  assert.equal(new Set(one).size, MANY);
  assert.equal((await mailq.json(["status"]))[0].queued, MANY);
  assert.equal(storedMessages(mailq), MANY);
});

Deno.test("enqueue --jsonl: a writer that pauses holds up nobody", async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["enqueue", "--jsonl"], { stdin: "" });
  const call = await mailq.spawn(["enqueue", "--jsonl"], { stdin: "" });
  const writer = call.stdin.getWriter();
  const encoder = new TextEncoder();
  await writer.write(encoder.encode(lines(MANY) + '{"to": "a@b.test", "subject": "ha'));
  // What is staged is committed, and the writer is in the middle of a line.
  while (storedMessages(mailq) < 2_000);
  const id = await mailq.enqueue("To: x@y.test\r\nSubject: other\r\n\r\n");
  assert.deepEqual(await mailq.statuses(), { other: "queued" });
  await mailq.ok(["cancel", id]);
  await writer.write(encoder.encode('lf"}\n'));
  await writer.close();
  const { code, stdout } = await call.output();
  assert.equal(code, 0);
  assert.equal(new TextDecoder().decode(stdout).trim().split("\n").length, MANY + 1);
  assert.equal((await mailq.json(["list", "--subject", "half"])).length, 1);
});

Deno.test("enqueue --jsonl: what says now is sent at once, the rest is queued", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const stdin = lines(3, (n) => ({ priority: n === 1 ? "now" : "low", key: `k${n}` }));
  for (const sent of [1, 1]) {
    const ended = await mailq.run(["enqueue", "--jsonl"], { stdin });
    assert.deepEqual([ended.code, ended.stderr], [0, ""]);
    assert.equal(server.messages.length, sent, "known by its key, it goes once");
  }
  assert.deepEqual(await mailq.statuses(), { s0: "queued", s1: "sent", s2: "queued" });
});

Deno.test("enqueue --jsonl: --key with more than one line is 64, attachments go by path", async () => {
  await using mailq = await Mailq.make();
  const ended = await mailq.run(["enqueue", "--jsonl", "--key", "k"], { stdin: lines(2) });
  assert.equal(ended.code, 64);
  await Deno.writeTextFile(`${mailq.folder}/größe.csv`, "a;b\n");
  const stdin = lines(1, () => ({ attachments: ["größe.csv"] }));
  const id = (await mailq.ok(["enqueue", "--jsonl", "--key", "k"], { stdin })).trim();
  const { stdoutBytes } = await mailq.run(["show", id, "--raw"]);
  const [attachment] = (await PostalMime.parse(stdoutBytes)).attachments;
  assert(attachment?.content instanceof ArrayBuffer);
  assert.equal(attachment.filename, "größe.csv");
  assert.equal(new TextDecoder().decode(attachment.content), "a;b\n");
});

Deno.test("enqueue --jsonl: a line of several MB goes through, one over max_size is 65", async () => {
  await using mailq = await Mailq.make({ MAILQ_MAX_SIZE: "5MB" });
  const body = `${"x".repeat(70)}\r\n`.repeat(50_000);
  const big = JSON.stringify({ raw: `To: a@b.test\r\n\r\n${body}` });
  const stdin = `${lines(1)}${big}\n${lines(1)}`;
  const ids = (await mailq.ok(["enqueue", "--jsonl"], { stdin })).trim().split("\n");
  const { stdout } = await mailq.run(["show", ids[1] ?? "", "--raw"]);
  assert.ok(stdout.endsWith(`\r\n\r\n${body}`));
  for (const field of ["text", "raw"]) {
    const text = `To: a@b.test\r\n\r\n${body}${body}`;
    const line = JSON.stringify({ to: "a@b.test", [field]: text });
    const ended = await mailq.run(["enqueue", "--jsonl"], { stdin: `${lines(1)}${line}` });
    assert.equal(ended.code, 65);
    assert.match(ended.stderr, /line 2: .*max_size is 5242880 bytes/);
  }
  assert.equal((await mailq.json(["status"]))[0].queued, 3);
});
