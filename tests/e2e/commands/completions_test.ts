import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";

Deno.test("completions: ids come with their subjects, tags, relays by the settings", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, '[relay.bulk]\nurl = "null:"\n');
  const id = await mailq.enqueue(mail({ subject: "One =?utf-8?q?=E2=80=AEred?=" }), "--tag", "b");
  await mailq.ok(["send"]);
  const held = await mailq.enqueue(mail({ subject: "Two" }), "--tag", "a", "--hold");
  assert.equal(await mailq.ok(["completions", "ids"]), `${held}\tTwo\n${id}\tOne  red\n`);
  assert.equal(await mailq.ok(["completions", "ids", id.slice(0, 8)]), `${id}\tOne  red\n`);
  assert.equal(await mailq.ok(["completions", "ids", "", "release"]), `${held}\tTwo\n`);
  assert.equal(await mailq.ok(["completions", "tags", "", ""]), "a\nb\n");
  assert.equal(await mailq.ok(["completions", "relays", "b"]), "bulk\n");
});

Deno.test("completions: where nothing can be known nothing is said, and nothing is made", async () => {
  await using mailq = await Mailq.make();
  assert.equal(await mailq.ok(["completions", "ids", "", ""]), "");
  await assert.rejects(Deno.lstat(mailq.queue), Deno.errors.NotFound);
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "wrong = ");
  const { code, stdout, stderr } = await mailq.run(["completions", "relays", "", ""]);
  assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: "", stderr: "" });
});

Deno.test("completions: a shell that is none of the three is refused", async () => {
  await using mailq = await Mailq.make();
  const { code, stderr } = await mailq.run(["completions", "tcsh"]);
  assert.equal(code, 64);
  assert.match(stderr, /"tcsh": expected one of bash, zsh, fish/);
});

Deno.test("config: names pick settings, and those below them", async () => {
  await using mailq = await Mailq.make();
  const names = (await mailq.json(["config", "retry", "from"])).map(({ name }) => name);
  assert.deepEqual(names, ["from", "retry.max", "retry.lifetime", "retry.schedule"]);
  const { code, stderr } = await mailq.run(["config", "retry.mx"]);
  assert.equal(code, 64);
  assert.match(stderr, /Cannot find the setting "retry\.mx"/);
});
