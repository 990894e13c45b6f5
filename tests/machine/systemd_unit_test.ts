import assert from "node:assert/strict";
import { UNITS } from "../../src/app/setup/systemd_units.ts";
import { childOk, runChild } from "../support/child.ts";
import { Mailq } from "../support/mailq.ts";
import { require } from "./requirements.ts";

const ANALYZE = "/usr/bin/systemd-analyze";

/** Prints all units into a folder; the program need not be installed here. */
async function printUnits(mailq: Mailq, flags: readonly string[]): Promise<string[]> {
  delete mailq.env.MAILQ_QUEUE;
  const paths: string[] = [];
  for (const unit of UNITS) {
    const text = await mailq.ok(["init", "systemd", "--unit", unit, ...flags]);
    const path = `${mailq.folder}/${unit}`;
    await Deno.writeTextFile(path, text.replace(/^ExecStart=\S+/m, "ExecStart=/bin/true"));
    paths.push(path);
  }
  return paths;
}

for (const flags of [[], ["--user", "daemon"], ["--queue", "/srv/a b/50%/q.db"]]) {
  Deno.test(`init systemd ${flags.join(" ")}: systemd finds nothing wrong with the units`, async () => {
    require(ANALYZE);
    await using mailq = await Mailq.make();
    const { code, stderr } = await runChild([
      ANALYZE,
      "verify",
      ...await printUnits(mailq, flags),
    ]);
    assert.equal(stderr, "");
    assert.equal(code, 0);
  });
}

for (const [flags, most] of [[[], 2.5], [["--user", "daemon"], 2.0]] as const) {
  Deno.test(`init systemd ${flags.join(" ")}: systemd rates what the service may do as OK`, async () => {
    require(ANALYZE);
    await using mailq = await Mailq.make();
    const [service = "", , send = ""] = await printUnits(mailq, flags);
    for (const unit of [service, send]) {
      const report = await childOk([ANALYZE, "security", "--offline=true", "--no-pager", unit]);
      const [, exposure, word] = /Overall exposure level for \S+: ([\d.]+) (\w+)/.exec(report) ??
        [];
      assert.equal(word, "OK", report);
      assert.ok(Number(exposure) <= most, `${unit}: ${exposure}`);
    }
  });
}
