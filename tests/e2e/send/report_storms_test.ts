import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { failAtOnce, killReporting } from "../support/report_storms.ts";
import { Running } from "../support/running.ts";

Deno.test("reports: a storm of failures makes as many as the limit and one digest", async () => {
  await failAtOnce(300);
});

Deno.test("reports: kill -9 neither loses one nor makes it twice", async () => {
  await killReporting(6);
});

/** A service that takes mail, sends that for `other` to the port, and has no user of its own. */
async function service(mailq: Mailq): Promise<{ running: Running; port: string }> {
  const running = await Running.service(mailq);
  await running.said(/listening on 127\.0\.0\.1:\d+/);
  return { running, port: /listening on 127\.0\.0\.1:(\d+)/.exec(running.stderr)?.[1] ?? "" };
}

/** Mail for the domain of `mailq` is refused, all other goes to `port`. */
const settingsOf = (domain: string, refusing: SmtpServer, port: string) => `
[bounce]
to = "sender"
[listen]
smtp = "127.0.0.1:0"
[relay.refusing]
url = "${refusing.url}"
[relay.other]
url = "smtp://127.0.0.1:${port}"
[[route]]
recipient = "*@${domain}"
relays = ["refusing"]
[[route]]
relays = ["other"]
`;

Deno.test("reports: two mailqs whose users are gone report to each other once, and fall silent", async () => {
  const COUNT = 20;
  const refused: string[] = [];
  let done = () => {};
  const allRefused = new Promise<void>((resolve) => done = resolve);
  await using refusing = new SmtpServer({
    onRcpt(address) {
      refused.push(address);
      if (refused.length === 2 * COUNT) done();
      return "550 5.1.1 No such user";
    },
  });
  await using a = await Mailq.make();
  await using b = await Mailq.make();
  await Deno.writeTextFile(`${a.folder}/mailq.toml`, settingsOf("a.test", refusing, "1"));
  const first = await service(a);
  await using runningA = first.running;
  await Deno.writeTextFile(`${b.folder}/mailq.toml`, settingsOf("b.test", refusing, first.port));
  const second = await service(b);
  await using runningB = second.running;
  // A now knows the port of B, and keeps its own.
  const anew = settingsOf("a.test", refusing, second.port);
  await Deno.writeTextFile(`${a.folder}/mailq.toml`, anew);
  runningA.child.kill("SIGHUP");
  await runningA.said(/settings read anew/);
  for (let n = 0; n < COUNT; n++) {
    await a.enqueue(mail({ to: `gone${n}@b.test` }), "--from", "gone@a.test");
  }
  await runningA.meanwhile(allRefused);
  await runningA.stop();
  await runningB.stop();
  // B has failed each mail and told A of it; A has failed each report and told nobody.
  for (const mailq of [a, b]) await mailq.ok(["run", "--once"]);
  const statuses = async (mailq: Mailq) => {
    const rows = await mailq.json(["list", "--limit", "0"]);
    const counts: Record<string, number> = {};
    for (const { sender, status } of rows) {
      const key = `${sender === "" ? "report" : "mail"} ${status}`;
      counts[key] = (counts[key] ?? 0) + 1;
    }
    return counts;
  };
  assert.deepEqual(await statuses(a), { "mail sent": COUNT, "report failed": COUNT });
  assert.deepEqual(await statuses(b), { "mail failed": COUNT, "report sent": COUNT });
  assert.equal(new Set(refused).size, COUNT + 1, "those of B, and the one of A");
});

Deno.test("reports: a sender whose box is gone gets one, and then none for a day", async () => {
  await using server = new SmtpServer({ onRcpt: () => "550 5.1.1 No such user" });
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_BOUNCE_TO: "sender" });
  for (let n = 0; n < 5; n++) {
    await mailq.enqueue(mail({ to: `gone${n}@x.test` }), "--from", "gone@a.test");
    await mailq.ok(["send"]);
    await mailq.ok(["send"]);
  }
  const reports = await mailq.json(["list", "--tag", "report"]);
  assert.deepEqual(reports.map(({ status }) => status), ["failed"]);
});
