import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";

Deno.test("resend ID --to --from: sends a copy with that envelope, byte for byte", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  const old = await mailq.enqueue(mail({ subject: "Report", to: "bob@old.test" }), "--tag", "t");
  await mailq.ok(["send"]);
  const stdout = await mailq.ok(
    ["resend", old.slice(0, 8), "--to", "bob@new.test, root", "--to", "Ann <ann@new.test>"]
      .concat("--from", "<>"),
  );
  const copy = stdout.trim();
  assert.match(copy, /^[0-9a-z]{12}$/);
  assert.equal(await mailq.ok(["show", copy, "--raw"]), await mailq.ok(["show", old, "--raw"]));
  const [shown] = await mailq.json(["show", copy]);
  assert.deepEqual(
    [shown.replaces, shown.sender, shown.tags, shown.status],
    [old, "", ["t"], "queued"],
  );
  assert.deepEqual(
    shown.recipients.map((one: { address: string }) => one.address),
    ["bob@new.test", "root@host.test", "ann@new.test"],
  );
  assert.match(await mailq.ok(["show", copy]), new RegExp(`^replaces +${old}$`, "m"));
  assert.equal((await mailq.json(["show", old]))[0].replaces, null);
  await mailq.ok(["send", "--strict"]);
  assert.deepEqual(
    (await mailq.json(["list", "--sort", "oldest"])).map((one) => [one.id, one.status]),
    [[old, "sent"], [copy, "sent"]],
  );
  const [again] = await mailq.json(["resend", copy, "--from", "me@new.test"]);
  assert.deepEqual([again.replaces, again.sender, again.recipients_total], [
    copy,
    "me@new.test",
    3,
  ]);
});

Deno.test("resend ID --to: takes addresses as intake does, and one message at a time", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail());
  const other = await mailq.enqueue(mail());
  const cases: [string[], number, RegExp][] = [
    [[id, "--to", "a@b@c.test"], 65, /Cannot use "a@b@c\.test" in the recipients/],
    [[id, "--to", "Joe Bloggs"], 65, /no address/],
    [[id, "--to", "a@b.test\r\nRCPT TO:<x@y.test>"], 65, /line end/],
    [[id, "--from", "a@b.test, c@d.test"], 65, /expected one address/],
    [[id, other, "--to", "a@b.test"], 64, /more than one message/],
    [[id, "--unsent", "--to", "a@b.test"], 64, /more than one message/],
    [[id, "--status", "sent", "--from", "a@b.test"], 64, /more than one message/],
    [["--to", "a@b.test", "--to", "c@d.test"], 64, /more than one --to/],
    [["--from", ""], 64, /empty value/],
    [["zzzzzzzz", "--to", "a@b.test"], 64, /Cannot find a message/],
  ];
  for (const [args, code, says] of cases) {
    const ended = await mailq.run(["resend", ...args]);
    assert.equal(ended.code, code, args.join(" "));
    assert.match(ended.stderr, says);
  }
  assert.equal((await mailq.json(["list"])).length, 2);
  // Without an id both are filters, as they are for other commands.
  assert.equal(await mailq.ok(["resend", "--to", "@receiver.test"]), "Queued again 2 messages\n");
});

Deno.test("resend ID --to: minds redirect_to, force_from, the list and bytes not kept", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const id = await mailq.enqueue(mail());
  const env = { MAILQ_REDIRECT_TO: "test@only.test", MAILQ_FORCE_FROM: "us@force.test" };
  const [copy] = await mailq.json(["resend", id, "--from", "x@y.test"], { env });
  const [shown] = await mailq.json(["show", copy.id]);
  assert.deepEqual([shown.sender, shown.recipients[0].address], [
    "us@force.test",
    "test@only.test",
  ]);
  await mailq.ok(["suppress", "add", "no@more.test"]);
  const told = await mailq.run(["resend", id, "--to", "no@more.test"]);
  assert.equal(told.code, 0);
  assert.match(told.stderr, /on the do-not-send list: no@more\.test/);
  await mailq.ok(["send"], { env: { MAILQ_KEEP_BODIES: "false" } });
  const gone = await mailq.run(["resend", id, "--to", "a@b.test"]);
  assert.equal(gone.code, 66);
  assert.match(gone.stderr, /its bytes were deleted when it was sent/);
});
