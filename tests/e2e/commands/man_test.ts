import assert from "node:assert/strict";
import { Mailq } from "../../support/mailq.ts";

Deno.test("man: prints a page for man(1), the program's own by default", async () => {
  await using mailq = await Mailq.make();
  assert.match(await mailq.ok(["man"]), /^\.TH MAILQ 1 /);
  assert.match(await mailq.ok(["man", "mailq.toml"]), /^\.TH MAILQ\.TOML 5 /);
  const { code, stderr } = await mailq.run(["man", "mailq.conf"]);
  assert.equal(code, 64);
  assert.match(stderr, /Cannot find the page "mailq\.conf": expected one of mailq, /);
});

Deno.test("help: shows a page of the manual, and a command's help before it", async () => {
  await using mailq = await Mailq.make();
  assert.match(
    await mailq.ok(["help", "mailq-sendmail"]),
    /^mailq-sendmail\(8\): .*\n\nSYNOPSIS\n/,
  );
  assert.match(await mailq.ok(["help", "sendmail"]), /^USAGE\n {2}mailq sendmail /);
  const { code, stderr } = await mailq.run(["help", "lst"]);
  assert.equal(code, 64);
  assert.match(stderr, /did you mean `?list`?/);
});
