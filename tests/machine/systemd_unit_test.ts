import assert from "node:assert/strict";
import { runChild } from "../support/child.ts";
import { Mailq } from "../support/mailq.ts";
import { require } from "./requirements.ts";

for (const flags of [[], ["--user", "daemon"], ["--queue", "/srv/a b/50%/q.db"]]) {
  Deno.test(`init systemd ${flags.join(" ")}: systemd finds nothing wrong with the unit`, async () => {
    require("/usr/bin/systemd-analyze");
    await using mailq = await Mailq.make();
    delete mailq.env.MAILQ_QUEUE;
    const unit = `${mailq.folder}/mailq.service`;
    const text = await mailq.ok(["init", "systemd", ...flags]);
    // The program need not be installed here.
    await Deno.writeTextFile(unit, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    const { code, stderr } = await runChild(["/usr/bin/systemd-analyze", "verify", unit]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  });
}
