import assert from "node:assert/strict";
import { runChild } from "../../support/child.ts";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { Running } from "../support/running.ts";
import { ageless, count, newest, sendmail } from "../support/sendmail_calls.ts";

Deno.test("sendmail -bp lists, -q sends, -qI sends one, -bd serves", async () => {
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  for (const subject of ["one", "two", "three"]) {
    await sendmail(mailq, ["a@b.test"], { stdin: mail({ subject }) });
  }
  assert.equal(ageless(await mailq.ok(["sendmail", "-bp"])), ageless(await mailq.ok(["list"])));
  assert.match(await mailq.ok(["sendmail", "-bp"]), /three[^]*two[^]*one/);
  const [{ id }] = await mailq.json(["list", "--subject", "two"]);
  await mailq.ok(["sendmail", `-qI${id}`]);
  assert.deepEqual(await mailq.statuses(), { one: "queued", two: "sent", three: "queued" });
  await mailq.ok(["sendmail", "-q"]);
  assert.deepEqual(await mailq.statuses(), { one: "sent", two: "sent", three: "sent" });
  await sendmail(mailq, ["a@b.test"], { stdin: mail({ subject: "four" }) });
  {
    await using service = await Running.start(mailq, ["sendmail", "-v", "-bd", "-q15m"]);
    await service.said(/sending from/);
    await server.received(4);
    await service.stop();
  }
  const [{ code }] = [await mailq.run(["sendmail", "-qInonesuch"])];
  assert.equal(code, 64);
});

Deno.test("sendmail: mailq's own options stand before it, and behind it none is read", async () => {
  await using mailq = await Mailq.make();
  const other = `${mailq.folder}/other.db`;
  const stdin = mail();
  await mailq.ok(["--queue", other, "sendmail", "-i", "a@b.test"], { stdin });
  assert.equal((await mailq.json(["--queue", other, "list"])).length, 1);
  assert.equal(
    (await mailq.ok(["--queue", other, "--json", "sendmail", "-bp"])).split("\n").length,
    2,
  );
  for (const option of ["--queue", "--config", "--json", "--help", "--version", "--quiet"]) {
    for (
      const argv of [[option, `${mailq.folder}/x.php`, "a@b.test"], ["-t", "-i", option, "x.php"]]
    ) {
      const injected = await mailq.run(["sendmail", ...argv], { stdin });
      assert.equal(injected.code, 64, option);
      assert.match(injected.stderr, /mailq's own options stand before `sendmail`/);
    }
  }
  await assert.rejects(Deno.stat(`${mailq.folder}/x.php`), Deno.errors.NotFound);
  await assert.rejects(Deno.stat(mailq.queue), Deno.errors.NotFound);
  assert.match(await mailq.ok(["--help", "sendmail"]), /sendmail\(1\)/);
});

Deno.test("sendmail: an address that looks like an option of mailq's is an address", async () => {
  await using mailq = await Mailq.make();
  const stdin = mail();
  for (
    const address of ["--config=/up/a@example.org", "--queue=/up/b@example.org", "--json@x.test"]
  ) {
    for (const before of [[], ["-i"], ["-f", "s@x.test"], ["--"]]) {
      await sendmail(mailq, [...before, address], { stdin });
      assert.deepEqual((await newest(mailq)).to, [address]);
    }
  }
});

Deno.test("sendmail: letters that are global options elsewhere are its own", async () => {
  await using mailq = await Mailq.make();
  const stdin = mail();
  await sendmail(mailq, ["-q", "-bm", "-V", "id", "-h", "3", "a@b.test"], { stdin });
  assert.equal((await newest(mailq)).dsn.envid, "id");
});

Deno.test("sendmail -bv: says where mail would go, and sends none", async () => {
  await using mailq = await Mailq.make({ MAILQ_ADMIN_ADDRESS: "ops@x.test" });
  const before = await mailq.run(["sendmail", "-bv", "a@b.test", "root"]);
  assert.equal(before.stdout, "a@b.test... deliverable\nroot... deliverable to ops@x.test\n");
  assert.equal(before.code, 0);
  await assert.rejects(Deno.stat(mailq.queue), Deno.errors.NotFound, "not even a queue is made");
  await mailq.ok(["suppress", "add", "no@x.test"]);
  const after = await mailq.run(["sendmail", "-bv", "No@x.test", "a@@b"], { stdin: mail() });
  assert.equal(after.code, 65);
  assert.match(after.stdout, /^No@x\.test\.\.\. on the do-not-send list\na@@b\.\.\. Cannot use/);
  assert.equal(await count(mailq), 0);
});

Deno.test("sendmail -bh and -bH have nothing to do", async () => {
  await using mailq = await Mailq.make();
  for (const flag of ["-bh", "-bH"]) await sendmail(mailq, [flag], {});
});

Deno.test("sendmail -bi and -I: print what is wrong in the aliases, which is no failure", async () => {
  await using mailq = await Mailq.make();
  const aliases = `${mailq.folder}/aliases`;
  for (const flag of ["-bi", "-I"]) {
    await Deno.writeTextFile(aliases, "root: ops@x.test\n");
    const env = { MAILQ_ALIASES: aliases };
    await sendmail(mailq, [flag], { env });
    const told = await mailq.run(["--verbose", "sendmail", flag], { env });
    assert.deepEqual([told.code, told.stdout], [0, ""]);
    assert.match(told.stderr, /aliases: 1 name, nothing wrong$/m);
    await Deno.writeTextFile(aliases, "b: a\n\na: b\nroot: |prog,\n  ops@x.test\nnonsense\n");
    const wrong = await mailq.run(["sendmail", flag], { env });
    assert.deepEqual([wrong.code, wrong.stderr], [0, ""]);
    assert.deepEqual(wrong.stdout.replaceAll(aliases, "F").split("\n"), [
      "F:1: a → b → a goes round in a loop",
      'F:4: root: "|prog" is not used: mailq runs no commands for mail',
      'F:6: Cannot read "nonsense": expected NAME: TARGET, …',
      "",
    ]);
    const missing = await mailq.run(["sendmail", flag], { env: { MAILQ_ALIASES: `${aliases}2` } });
    assert.deepEqual([missing.code, missing.stdout], [66, ""]);
    assert.match(missing.stderr, /Cannot read the aliases/);
  }
});

Deno.test("sendmail -bv: shows the way of a local name, and a hostname that is none", async () => {
  await using mailq = await Mailq.make({ MAILQ_ADMIN_ADDRESS: "admin@x.test" });
  const aliases = `${mailq.folder}/aliases`;
  await Deno.writeTextFile(aliases, "root: adm\nadm: ops@x.test, b\n");
  const env = { MAILQ_ALIASES: aliases };
  const { code, stdout, stderr } = await mailq.run(["sendmail", "-bv", "root", "ann"], { env });
  assert.deepEqual([code, stderr], [0, ""]);
  assert.equal(
    stdout,
    "root... deliverable to ops@x.test (root → adm → ops@x.test)\n" +
      "root... deliverable to admin@x.test (root → adm → b → admin@x.test)\n" +
      "ann... deliverable to admin@x.test\n",
  );
  const short = { env: { ...env, MAILQ_HOSTNAME: "web1" } };
  for (const words of [["sendmail", "-bv", "root"], ["config"]]) {
    const { code, stderr } = await mailq.run(words, short);
    assert.equal(code, 0);
    assert.match(stderr, /^mailq: warning: hostname is "web1", which is no full name: /);
  }
});

Deno.test("sendmail: a link named sendmail, newaliases or mailq tells what is meant", {
  // Only the binary is called by a name of its own.
  ignore: Deno.env.get("MAILQ_TEST_PROGRAM") === undefined,
}, async () => {
  await using mailq = await Mailq.make();
  await mailq.ok(["--version"]); // makes the settings file
  const call = async (name: string, args: readonly string[], input = "") => {
    const path = `${mailq.folder}/${name}`;
    await Deno.symlink(Deno.env.get("MAILQ_TEST_PROGRAM") ?? "", path).catch(() => {});
    const { code, stdout, stderr } = await runChild([path, ...args], {
      stdin: input,
      env: mailq.env,
      clearEnv: true,
    });
    return [code, ageless(stdout), stderr] as const;
  };
  assert.deepEqual(await call("newaliases", []), [0, "", ""]);
  assert.deepEqual(await call("sendmail", ["-t", "-i"], mail()), [0, "", ""]);
  assert.deepEqual(await call("sendmail", ["a@b.test"], mail()), [0, "", ""]);
  // Names of commands are recipients here, of whom there is mail to lose.
  assert.deepEqual(await call("sendmail", ["list", "send"], mail()), [0, "", ""]);
  assert.deepEqual((await newest(mailq)).to, ["list@host.test", "send@host.test"]);
  assert.equal((await call("sendmail", [], mail()))[0], 64);
  const listed = ageless(await mailq.ok(["list"]));
  assert.deepEqual(await call("sendmail", ["-bp"]), [0, listed, ""]);
  assert.deepEqual(await call("mailq", []), [0, listed, ""]);
  assert.deepEqual((await call("mailq", ["list"]))[1], listed);
  assert.match((await call("mailq", ["status", "--plain"]))[1], /^3\/0\/\d+/);
});

Deno.test("mailq: with no command it lists the queue, wherever its output goes", async () => {
  await using mailq = await Mailq.make();
  assert.match(await mailq.ok([]), /USAGE/, "without a queue it helps");
  await mailq.enqueue(mail());
  assert.equal(ageless(await mailq.ok([])), ageless(await mailq.ok(["list"])));
});
