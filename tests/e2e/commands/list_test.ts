import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { ageQueue } from "../support/queue_file.ts";

const HOUR_MS = 3_600_000;

async function subjects(mailq: Mailq, ...flags: string[]): Promise<string[]> {
  return (await mailq.json(["list", "--sort", "oldest", ...flags])).map((one) => one.subject);
}

Deno.test("list: each filter finds what it says and nothing else", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "Old", to: "big.bob@one.test" }), "--tag", "x", "--tag", "y");
  await mailq.ok(["send"]);
  ageQueue(mailq, 5 * HOUR_MS);
  await mailq.enqueue(mail({ subject: "100%", to: "bob@one.test, defer@two.test" }), "--tag", "x");
  await mailq.enqueue(
    mail({ subject: "Été", from: "Zoë <zoe@sub.sender.test>", to: "refuse@a.test" }),
  );
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ subject: "New", to: "new@three.test" }), "--hold");
  const cases: [string[], string[]][] = [
    [[], ["Old", "100%", "Été", "New"]],
    [["--status", "sent"], ["Old"]],
    [["--status", "sent,failed"], ["Old", "Été"]],
    [["--status", "deferred, held"], ["100%", "New"]],
    [["--to", "bob@one.test"], ["100%"]],
    [["--to", "BOB@ONE.TEST"], ["100%"]],
    [["--to", "@one.test"], ["Old", "100%"]],
    [["--to", "bob"], ["Old", "100%"]],
    [["--from", "zoe@sub.sender.test"], ["Été"]],
    [["--from", "@sender.test"], ["Old", "100%", "New"]],
    [["--subject", "%"], ["100%"]],
    [["--subject", "té"], ["Été"]],
    [["--tag", "x"], ["Old", "100%"]],
    [["--tag", "x", "--tag", "y"], ["Old"]],
    [["--error", "no such user"], ["Été"]],
    [["--since", "2h"], ["100%", "Été", "New"]],
    [["--until", "2h"], ["Old"]],
    [["--sent-until", "2h"], ["Old"]],
    [["--sent-since", "2h"], ["100%"]],
    [["--search", "three new"], ["New"]],
    [["--search", "nowhere"], []],
    [["--search", "ete REFUSE@a"], ["Été"]],
    [["--search", "bob@one"], ["Old", "100%"]],
    [["--search", "ne"], ["New"]],
    [["--search", '"*'], []],
    [["--to", "@one.test", "--status", "sent"], ["Old"]],
  ];
  for (const [flags, expected] of cases) {
    assert.deepEqual(await subjects(mailq, ...flags), expected, flags.join(" "));
  }
});

Deno.test("list: pages by --limit and --after in every order, each message once", async () => {
  await using mailq = await Mailq.make();
  await Deno.mkdir(`${mailq.folder}/out`);
  const names = Array.from({ length: 7 }, (_, i) => `m${i}`);
  for (const [i, name] of names.entries()) {
    const extra = `X-Mail-Queue-Priority: ${["low", "high", "normal"][i % 3]}\r\n`;
    const text = mail({ subject: name, extra, body: "x".repeat(i % 4) });
    await Deno.writeTextFile(`${mailq.folder}/out/${name}.eml`, text);
  }
  await mailq.ok(["enqueue", `${mailq.folder}/out`]);
  for (const sort of ["newest", "oldest", "priority", "size", "next", "sent"]) {
    const whole = (await mailq.json(["list", "--sort", sort, "--limit", "0"])).map((one) => one.id);
    assert.equal(new Set(whole).size, 7);
    const paged: string[] = [];
    for (let after: string[] = []; paged.length < 7; after = ["--after", paged.at(-1) ?? ""]) {
      const page = await mailq.json(["list", "--sort", sort, "--limit", "3", ...after]);
      assert.ok(page.length > 0, sort);
      paged.push(...page.map((one) => one.id));
    }
    assert.deepEqual(paged, whole, sort);
  }
});

Deno.test("list: shows 50 unless told otherwise", async () => {
  await using mailq = await Mailq.make();
  await Deno.mkdir(`${mailq.folder}/out`);
  for (let i = 0; i < 51; i++) await Deno.writeTextFile(`${mailq.folder}/out/${i}.eml`, mail());
  await mailq.ok(["enqueue", `${mailq.folder}/out`]);
  assert.equal((await mailq.json(["list"])).length, 50);
  assert.equal((await mailq.json(["list", "--limit", "0"])).length, 51);
  assert.equal((await mailq.ok(["list"])).trim().split("\n").length, 51, "50 and the titles");
});

Deno.test("list: says why each message waits or failed", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ subject: "bad", to: "refuse@a.test" }));
  await mailq.enqueue(mail({ subject: "slow", to: "defer@a.test, ann@a.test" }));
  await mailq.ok(["send"]);
  await mailq.enqueue(mail({ subject: "kept" }), "--hold");
  const [titles = "", ...lines] = (await mailq.ok(["list", "--sort", "oldest"])).split("\n");
  assert.deepEqual(
    titles.trim().split(/ +/),
    ["ID", "STATUS", "AGE", "TRIES", "NEXT", "FROM", "TO", "SUBJECT", "WHY"],
  );
  assert.match(lines[0] ?? "", /failed .* bad +refused for good: .*No such user/);
  assert.match(lines[1] ?? "", /deferred .*in \d+m .*defer@a\.test \+1 +slow +.*Try again later/);
  assert.match(lines[2] ?? "", /held .* kept +held until released/);
});

Deno.test("show: tells recipients, replies and attempts in words", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const id = await mailq.enqueue(mail({ to: "ann@a.test, refuse@b.test" }), "--tag", "t1");
  await mailq.ok(["send"]);
  const text = await mailq.ok(["show", id]);
  assert.match(text, new RegExp(`^id +${id}\nstatus +.? ?partial\n`));
  assert.match(text, /^subject +Hello$/m);
  assert.match(text, /^tags +t1$/m);
  assert.match(text, /^ann@a\.test +sent +1 /m);
  assert.match(text, /^refuse@b\.test +failed \(permanent\) +1 .*550 5\.1\.1 No such user$/m);
  assert.match(text, /^attempt 1 .* partial$/m);
  assert.equal((await mailq.run(["show", id, "--raw", "--text"])).code, 64);
  assert.match(await mailq.ok(["show", id, "--headers"]), /^Subject: Hello$/m);
  assert.equal(await mailq.ok(["show", id, "--text"]), "Text\n");
});

Deno.test("show --text: reads the text part of a multipart message, decoded", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail({
    extra: 'Content-Type: multipart/alternative; boundary="b"\r\n',
    body: "--b\r\nContent-Type: text/html\r\n\r\n<b>no</b>\r\n" +
      "--b\r\nContent-Type: text/plain; charset=utf-8\r\n" +
      "Content-Transfer-Encoding: quoted-printable\r\n\r\nCaf=C3=A9\r\n--b--\r\n",
  }));
  assert.equal(await mailq.ok(["show", id, "--text"]), "Café\n");
});

Deno.test("show --text: makes text of HTML, and shows what cannot be taken apart as it is", async () => {
  await using mailq = await Mailq.make();
  const html = "Content-Type: text/html; charset=utf-8\r\n";
  const page = "<h1>Dear\u202e Bob</h1><p>see <a href='http://evil.test/'>here</a>\x1b[31m</p>\r\n";
  const id = await mailq.enqueue(mail({ extra: html, body: page }));
  const shown = await mailq.run(["show", id, "--text"]);
  assert.equal(shown.code, 0);
  assert.match(shown.stderr, /HTML only; its text follows/);
  assert.match(
    shown.stdout,
    /^Dear\ufffd Bob\n+see here \[1 evil\.test\]\u241b\[31m\n\n\[1\] http:\/\/evil\.test\/\n$/,
  );
  const nested = Array.from(
    { length: 99 },
    (_, i) => `Content-Type: multipart/mixed; boundary=b${i}\r\n\r\n--b${i}\r\n`,
  );
  const deep = await mailq.enqueue(
    `From: a@b.test\r\nTo: c@d.test\r\n${nested.join("")}\r\nend\r\n`,
  );
  const bare = await mailq.run(["show", deep, "--text"]);
  assert.equal(bare.code, 0);
  assert.match(bare.stderr, /shown as it is: .*nesting depth/);
  assert.match(bare.stdout, /--b98\n\nend\n$/);
});
