import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";

Deno.test("tui without a terminal on both ends says so and what to use instead", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const environments: Record<string, string>[] = [{}, { CI: "true" }, { TERM: "xterm-256color" }];
  for (const env of environments) {
    const ended = await mailq.run(["tui"], { env });
    assert.equal(ended.code, 64);
    assert.match(ended.stderr, /without a terminal.*`mailq list`/);
    assert.equal(ended.stdout, "");
  }
});

Deno.test("tui tells its flags in its help", async () => {
  await using mailq = await Mailq.make();
  assert.match(await mailq.ok(["tui", "--help"]), /--readonly/);
  assert.match(await mailq.ok(["--help"]), /tui +The operator's screen/);
});

Deno.test("tui on a dumb terminal says that, and what to use instead", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const ended = await mailq.run(["tui"], { env: { TERM: "dumb" } });
  assert.equal(ended.code, 64);
  assert.match(ended.stderr, /TERM=dumb.*`mailq list`/);
});
