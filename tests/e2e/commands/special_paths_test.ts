import assert from "node:assert/strict";
import { mail, Mailq, PROGRAM } from "../../support/mailq.ts";
import { runChild } from "../../support/child.ts";

const JSON_LINE = '{"to":"a@b.test","text":"x"}\n';
const MBOX = `From x Sat Nov 21 10:00:00 2026\n${mail()}`;

/** What shells give as the name of a file that is none, and what is read from it. */
const READ: readonly (readonly [string, string])[] = [
  ["enqueue /dev/stdin", mail()],
  ["enqueue /dev/fd/0", mail()],
  ["enqueue /proc/self/fd/0", mail()],
  ["enqueue /dev/fd/7 7<&0", mail()],
  ["enqueue <(cat)", mail()],
  ["enqueue --mbox /dev/stdin", MBOX],
  ["enqueue --jsonl /dev/stdin", JSON_LINE],
  ["enqueue --jsonl <(cat)", JSON_LINE],
  ["enqueue --to a@b.test /proc/version", ""],
  ["compose --to a@b.test -s x --text /dev/stdin", "text"],
  ["compose --to a@b.test -s x --attach /proc/meminfo", "text"],
];

Deno.test("special paths: /dev/stdin, /dev/fd/N and /proc are files like any other", async () => {
  await using mailq = await Mailq.make();
  const run = (line: string, stdin: string) =>
    runChild(["bash", "-c", `"$@" ${line}`, "bash", ...PROGRAM], {
      stdin,
      env: mailq.env,
      clearEnv: true,
      cwd: mailq.folder,
    });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
  for (const [line, stdin] of READ) {
    const { code, stdout, stderr } = await run(line, stdin);
    assert.deepEqual([code, stderr], [0, ""], line);
    assert.match(stdout, /^[0-9a-z]{12}\n$/, line);
  }
  assert.equal((await mailq.json(["list"])).length, READ.length);
  assert.equal((await run("suppress import /dev/stdin", "z@y.test\n")).code, 0);
  assert.match(await mailq.ok(["suppress", "list"]), /z@y\.test/);
  const config = await run("--config /dev/stdin config", 'from = "a@b.test"\n');
  assert.match(config.stdout, /from +a@b\.test +\/dev\/stdin:1/);
});

Deno.test("special paths: a queue and its backup may lie in /dev/shm", async () => {
  await using mailq = await Mailq.make();
  const folder = await Deno.makeTempDir({ dir: "/dev/shm", prefix: "mailq-test-" });
  try {
    const queue = `${folder}/queue.db`;
    await mailq.ok(["--queue", queue, "enqueue"], { stdin: mail() });
    await mailq.ok(["--queue", queue, "backup", `${folder}/backup.db`]);
    assert.equal((await mailq.json(["--queue", `${folder}/backup.db`, "list"])).length, 1);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("special paths: file:/dev/stdout is console:, and no other such file takes mail", async () => {
  await using log = await Mailq.make({ MAILQ_TRANSPORT: "file:/dev/stdout" });
  await log.enqueue(mail({ subject: "to the log" }));
  assert.match(await log.ok(["send"]), /^Subject: to the log$/m);
  assert.deepEqual(await log.statuses(), { "to the log": "sent" });
  for (const path of ["/dev/stdin", "/dev/stderr", "/dev/fd/1", "/dev/null"]) {
    await using mailq = await Mailq.make({ MAILQ_TRANSPORT: `file:${path}` });
    const { code, stderr } = await mailq.run(["send"]);
    assert.equal(code, 78, path);
    assert.match(stderr, /console: writes mail to standard output/);
  }
});
