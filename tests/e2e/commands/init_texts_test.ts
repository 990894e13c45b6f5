import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import { mail, Mailq } from "../../support/mailq.ts";

/** Without a queue of its own in the environment. */
async function plainMailq(): Promise<Mailq> {
  const mailq = await Mailq.make();
  await mailq.ok(["--version"]);
  delete mailq.env.MAILQ_QUEUE;
  return mailq;
}

const JOBS = ["send", "retry --due", "purge --older-than 90d"];

Deno.test("init cron: prints the lines of a user's crontab", async () => {
  await using mailq = await plainMailq();
  const lines = (await mailq.ok(["init", "cron"])).trim().split("\n")
    .filter((line) => !line.startsWith("#"));
  assert.equal(lines.length, JOBS.length);
  for (const [n, line] of lines.entries()) {
    assert.match(line, new RegExp(`^(\\S+ ){5} *\\S*/mailq ${JOBS[n]}$`));
  }
});

Deno.test("init cron: --user prints those of /etc/cron.d", async () => {
  await using mailq = await plainMailq();
  assert.match(
    await mailq.ok(["init", "cron", "--user", "www"]),
    /^\* \* \* \* \* +www +\S+ send$/m,
  );
});

for (const command of ["cron", "systemd"]) {
  Deno.test(`init ${command}: a user who is no login name is refused, without his escapes`, async () => {
    await using mailq = await plainMailq();
    for (const user of ["x\x1b]0;", "a b", "a\nroot", "-x", "", "x%y", "x\u202ey"]) {
      const ended = await mailq.run(["init", command, "--user", user]);
      assert.equal(ended.code, 64, JSON.stringify(user));
      assert.equal(ended.stdout, "");
      // deno-lint-ignore no-control-regex -- they are what is looked for
      assert.doesNotMatch(ended.stderr, /[\x00-\x09\x0b-\x1f\u202e]/);
    }
    for (const user of ["www-data", "ann.smith@corp.example", "DOMAIN\\ann", "machine$"]) {
      assert.ok((await mailq.ok(["init", command, "--user", user])).includes(user));
    }
  });
}

Deno.test("init cron: the printed commands run, whatever the queue is called", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  const folder = `${mailq.folder}/my 100% "queue" $HOME`;
  await Deno.mkdir(folder);
  const queue = `${folder}/queue.db`;
  mailq.env.MAILQ_QUEUE = queue;
  await mailq.enqueue(mail());
  const [line = ""] = (await mailq.ok(["init", "cron"])).split("\n")
    .filter((text) => text.endsWith('"') && text.includes(" send "));
  // As cron reads it: five fields, then a command in which \% is %.
  const command = line.split(/ +/).slice(5).join(" ").replaceAll("\\%", "%");
  const [, words = ""] = /^\S+ (.*)$/.exec(command) ?? [];
  const stdout = await childOk(["sh", "-c", `printf '%s\\n' ${words}`], { clearEnv: true });
  assert.equal(stdout, `send\n--queue\n${queue}\n`);
});

Deno.test("init systemd: prints a unit that lets others drop mail", async () => {
  await using mailq = await plainMailq();
  const root = await mailq.ok(["init", "systemd"]);
  assert.match(root, /^ExecStart=\/\S+ run$/m);
  assert.match(root, /^StateDirectoryMode=0711$/m);
  assert.match(
    root,
    /^CapabilityBoundingSet=.*CAP_DAC_READ_SEARCH/m,
    "root reads what others dropped",
  );
  assert.doesNotMatch(root, /^User=/m);
  const other = await mailq.ok(["init", "systemd", "--user", "mailq"]);
  assert.match(other, /^User=mailq$/m);
  assert.match(other, /^CapabilityBoundingSet=$/m);
});

Deno.test("init systemd: a queue that is named is written to, and nothing else", async () => {
  await using mailq = await plainMailq();
  const unit = await mailq.ok(["init", "systemd", "--queue", "/srv/50%/q.db"]);
  assert.match(unit, /^ExecStart=\S+ run --queue "\/srv\/50%%\/q.db"$/m);
  assert.match(unit, /^ReadWritePaths="\/srv\/50%%"$/m);
  assert.doesNotMatch(unit, /StateDirectory/);
});

Deno.test("init config: holds every setting at its default, and is read without a complaint", async () => {
  await using mailq = await plainMailq();
  mailq.env.MAILQ_QUEUE = mailq.queue;
  const text = await mailq.ok(["init", "config"]);
  const plain = await mailq.json(["config"]);
  const file = `${mailq.folder}/every.toml`;
  await Deno.writeTextFile(file, text);
  assert.deepEqual(await mailq.json(["config", "--config", file]), plain, "all is commented out");
  // Written out, but for the examples of routes and rules.
  const end = text.indexOf("#[[route]]");
  const written = text.slice(0, end).replace(/^#(?=\S)/gm, "");
  await Deno.writeTextFile(file, written);
  const { code, stderr } = await mailq.run(["config", "--config", file]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  const values = Object.fromEntries(
    (await mailq.json(["config", "--config", file])).map(({ name, value }) => [name, value]),
  );
  for (const { name, value } of plain) assert.equal(values[name], value, name);
  for (const name of Object.keys(values)) {
    assert.ok(text.includes(`#${name} = `) || name.startsWith("relay."), name);
  }
  await Deno.writeTextFile(file, text.slice(end).replace(/^#(?=\S)/gm, ""));
  const examples = await mailq.json(["config", "--config", file]);
  assert.deepEqual(
    examples.map(({ name }) => name).filter((name) => /^(route|rule)/.test(name)),
    ["route.1", "rule.1"],
  );
});
