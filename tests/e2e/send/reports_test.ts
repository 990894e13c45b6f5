import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { Running } from "../support/running.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

/** What Python's email package reads in a report. */
const READ = `
import email, email.policy, json, sys
m = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = list(m.iter_parts())
status = parts[1].get_payload()
json.dump({
  "type": m.get_content_type(), "report": m.get_param("report-type"),
  "to": m["To"], "auto": m["Auto-Submitted"], "defects": [str(d) for d in m.defects],
  "parts": [p.get_content_type() for p in parts],
  "text": parts[0].get_content(),
  "fields": [[list(one) for one in block.items()] for block in status],
  "returned": parts[2].get_payload(0)["Subject"]
    if parts[2].get_content_type() == "message/rfc822"
    else email.message_from_string(parts[2].get_content())["Subject"],
}, sys.stdout)
`;

async function readByPython(bytes: Uint8Array) {
  const child = new Deno.Command("python3", {
    args: ["-c", READ],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(bytes);
  await writer.close();
  const { stdout, stderr } = await child.output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return JSON.parse(new TextDecoder().decode(stdout));
}

const hasPython = await (async () => {
  try {
    return (await new Deno.Command("python3", { args: ["--version"] }).output()).success;
  } catch {
    return false;
  }
})();

Deno.test({
  name: "reports: a program reads in one what was refused, by whom and why",
  ignore: !hasPython,
  async fn() {
    await using server = new SmtpServer();
    await using mailq = await Mailq.make({
      MAILQ_TRANSPORT: server.url,
      MAILQ_BOUNCE_TO: "sender",
    });
    const id = await mailq.enqueue(
      mail({ to: "ann@x.test, refuse-me@x.test", subject: "May's invoice" }),
      "--from",
      "app@x.test",
    );
    await mailq.ok(["send"]);
    await mailq.ok(["send"]);
    const report = server.messages.find(({ from }) => from === "");
    assert.deepEqual(report?.to, ["app@x.test"]);
    const read = await readByPython(report?.data ?? new Uint8Array());
    const { fields, text, ...rest } = read;
    assert.deepEqual(rest, {
      type: "multipart/report",
      report: "delivery-status",
      to: "app@x.test",
      auto: "auto-replied",
      defects: [],
      parts: ["text/plain", "message/delivery-status", "text/rfc822-headers"],
      returned: "May's invoice",
    });
    assert.match(text, /could not be delivered to:\s+refuse-me@x\.test/);
    const [first, ann] = fields.map((block: [string, string][]) => Object.fromEntries(block));
    assert.equal(first["Reporting-MTA"], "dns; host.test");
    assert.equal(first["X-Mailq-Id"], id);
    assert.deepEqual([ann["Final-Recipient"], ann.Action, ann.Status, ann["Remote-MTA"]], [
      "rfc822; refuse-me@x.test",
      "failed",
      "5.1.1",
      "dns; 127.0.0.1",
    ]);
    assert.match(ann["Diagnostic-Code"], /^smtp; 550 5\.1\.1 No such user/);
  },
});

Deno.test("reports: run sends one as soon as a message has failed", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url, MAILQ_BOUNCE_TO: "sender" });
  await mailq.enqueue(mail({ to: "refuse-me@x.test" }), "--from", "app@x.test");
  await using service = await Running.service(mailq);
  await service.meanwhile(server.received(1));
  assert.deepEqual([server.messages[0]?.from, server.messages[0]?.to], ["", ["app@x.test"]]);
});

Deno.test("reports: none is made of what failed while nobody was to be told", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail({ to: "refuse-me@x.test" }), "--from", "app@x.test");
  await mailq.ok(["send"]);
  const env = { MAILQ_BOUNCE_TO: "sender" };
  await mailq.ok(["send"], { env });
  await mailq.ok(["send"], { env });
  assert.equal(server.messages.length, 0);
});
