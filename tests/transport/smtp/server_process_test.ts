import assert from "node:assert/strict";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";
import { SmtpProcess } from "../../support/smtp_process.ts";

Deno.test("smtp_server: as a process it writes down each message before it accepts it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/accepted.jsonl`;
    await using server = await SmtpProcess.start(file);
    const transport = relayOn(server.port).open();
    const recipients = ["a@x.y", "refuse@x.y", "lose@x.y"];
    const report = await transport.deliver(deliveryOf(recipients, "A: \xff\r\n"), unhindered());
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    await transport.close();
    const kinds = report.outcomes.map(({ kind }) => kind);
    assert.deepEqual(kinds, ["uncertain", "failed", "uncertain"]);
    assert.equal(lines.length, 1);
    const { from, to, data, at } = JSON.parse(lines[0] ?? "");
    assert.deepEqual([from, to, atob(data)], [
      "sender@example.com",
      ["a@x.y", "lose@x.y"],
      "A: \xff\r\n",
    ]);
    assert.ok(Math.abs(Date.now() - at) < 60_000);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
