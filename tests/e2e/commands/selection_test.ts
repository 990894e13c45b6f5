import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("--dry-run: says how many and shows three, and changes nothing", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  for (const n of [1, 2, 3, 4]) await mailq.enqueue(mail({ subject: `m${n}`, to: "ann@one.test" }));
  const before = await mailq.ok(["list", "--json"]);
  const dry = await mailq.ok(["cancel", "--to", "@one.test", "--dry-run"]);
  assert.match(
    dry,
    /^Would cancel 4 messages:\n( {2}\w{12} queued {2}ann@sender\.test → ann@one\.test {2}m[123]\n){3} {2}…\n$/,
  );
  for (
    const [command, count] of [["hold", 4], ["release", 0], ["retry", 0], ["resend", 4]] as const
  ) {
    const [{ samples, ...told }] = await mailq.json([command, "--all", "--dry-run"]);
    assert.deepEqual(told, { dry_run: true, count }, command);
    assert.equal(samples.length, Math.min(count, 3));
  }
  const [purge] = await mailq.json(["purge", "--status", "all", "--dry-run"]);
  assert.equal(purge.count, 0);
  assert.equal(await mailq.ok(["list", "--json"]), before);
});

Deno.test("--dry-run: purge and retry --due count by the same times as they act", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await mailq.enqueue(mail());
  await mailq.enqueue(mail({ to: "defer@receiver.test" }));
  await mailq.ok(["send"]);
  const count = async (...args: string[]) => (await mailq.json([...args, "--dry-run"]))[0].count;
  assert.equal(await count("purge", "--older-than", "1h"), 0);
  assert.equal(await count("purge", "--older-than", "0s"), 1);
  assert.equal(await count("retry"), 1);
  assert.equal(await count("retry", "--due"), 0);
});

Deno.test("resend: a filter alone sends nothing again that has arrived", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const to = "ann@receiver.test, refuse@receiver.test";
  await mailq.enqueue(mail({ subject: "arrived" }));
  await mailq.enqueue(mail({ subject: "partly", to }));
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 2);
  const [told] = await mailq.json(["resend", "--from", "ann@sender.test"]);
  assert.deepEqual([told.changed, told.unchanged], [1, 0]);
  await mailq.ok(["send"]);
  assert.deepEqual(server.messages.map((message) => message.to), [
    ["bob@receiver.test"],
    ["ann@receiver.test"],
  ], "only the refused recipient was tried again");
  assert.equal((await mailq.json(["resend", "--status", "sent"]))[0].changed, 1);
  await mailq.ok(["send"]);
  assert.equal(server.messages.length, 3);
});

Deno.test("list: an argument is a search, and --verbose tells the total", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  for (const colour of ["red", "green", "blue"]) {
    await mailq.enqueue(mail({ subject: `report ${colour}` }));
  }
  await mailq.enqueue(mail({ subject: "other", to: "eve@receiver.test" }));
  const subjects = async (...words: string[]) =>
    (await mailq.json(["list", ...words])).map(({ subject }) => subject);
  assert.deepEqual(await subjects("eve@receiver.test"), ["other"]);
  assert.deepEqual(await subjects("report", "green"), ["report green"]);
  assert.deepEqual(await subjects("green", "--search", "report"), ["report green"]);
  const part = await mailq.run(["list", "report", "--limit", "2", "--verbose"]);
  assert.match(part.stderr, /^mailq: 2 of 3; --limit 0 lists all, --after ID goes on$/m);
  const all = await mailq.run(["list", "--verbose"]);
  assert.match(all.stderr, /^mailq: 4 messages$/m);
  assert.equal((await mailq.run(["list"])).stderr, "", "a pipe hears nothing");
});

Deno.test("--all: retry and send take it, but not with ids", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail());
  assert.equal((await mailq.run(["retry", "--all", id])).code, 64);
  assert.equal((await mailq.run(["send", "--all", id])).code, 64);
  await mailq.ok(["retry", "--all"]);
  assert.equal((await mailq.json(["send", "--all"]))[0].sent, 1);
});
