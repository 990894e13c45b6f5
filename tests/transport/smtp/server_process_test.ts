import assert from "node:assert/strict";
import { deliveryOf, relayOn, unhindered } from "../../support/smtp_delivery.ts";

Deno.test("smtp_server: as a process it writes down each message before it accepts it", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const file = `${folder}/accepted.jsonl`;
    const script = new URL("../../support/smtp_server.ts", import.meta.url).pathname;
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-net", "--allow-write", script, file],
      stdout: "piped",
    }).spawn();
    const output = child.stdout.getReader();
    const { value } = await output.read();
    const transport = relayOn(Number(new TextDecoder().decode(value))).open();
    const recipients = ["a@x.y", "refuse@x.y", "lose@x.y"];
    const report = await transport.deliver(deliveryOf(recipients, "A: \xff\r\n"), unhindered());
    const lines = (await Deno.readTextFile(file)).trimEnd().split("\n");
    child.kill("SIGKILL");
    await child.status;
    await output.cancel();
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
