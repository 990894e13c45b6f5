import assert from "node:assert/strict";
import { COMMAND_NAMES } from "../../../src/cli/frame/command_table.ts";
import { isOldDeno } from "../../../src/cli/frame/version.ts";
import { mail, Mailq } from "../../support/mailq.ts";

const BELOW = [
  ...["add", "remove", "list", "import", "export"].map((name) => `suppress ${name}`),
  ...["system", "cron", "systemd", "config"].map((name) => `init ${name}`),
];

Deno.test("help: lists every command, and each has examples", async () => {
  await using mailq = await Mailq.make();
  const all = await mailq.ok(["--help"]);
  for (const name of COMMAND_NAMES) assert.match(all, new RegExp(`^ {2}${name} +[A-Z]`, "m"));
  assert.match(all, /GLOBAL OPTIONS/);
  for (const name of COMMAND_NAMES) {
    // Behind `sendmail` all arguments are its own.
    const help = await mailq.ok(["--help", name]);
    assert.match(help, new RegExp(`^ {2}(mailq ${name}|.*\\| mailq ${name})\\b`, "m"), name);
    assert.match(help, /GLOBAL OPTIONS/, name);
    assert.ok(help.split("\n").every((line) => line.length <= 120), `${name}: a line is too long`);
  }
  for (const name of BELOW) {
    const help = await mailq.ok([...name.split(" "), "--help"]);
    assert.match(help, new RegExp(`^ {2}.*\\bmailq ${name}\\b.*$`, "m"), name);
    assert.match(help.replace(/^ {2}.*\n/m, ""), new RegExp(`^ {2}.*mailq ${name}`, "m"), name);
  }
});

Deno.test("help: is had before and after the command, by -h, by `help`, and with no command", async () => {
  await using mailq = await Mailq.make();
  const help = await mailq.ok(["purge", "--help"]);
  assert.equal(await mailq.ok(["--help", "purge"]), help);
  assert.equal(await mailq.ok(["purge", "-h"]), help);
  assert.equal(await mailq.ok(["help", "purge"]), help);
  assert.equal(await mailq.ok(["purge", "--older-than", "1d", "--help"]), help);
  const all = await mailq.ok(["--help"]);
  assert.equal(await mailq.ok(["help"]), all);
  assert.equal(await mailq.ok([]), all);
  const add = await mailq.ok(["suppress", "add", "--help"]);
  assert.match(add, /--reason/);
  assert.match(add, /^USAGE\n {2}mailq suppress add /);
});

Deno.test("help: a flag that takes a value says which", async () => {
  await using mailq = await Mailq.make();
  const help = await mailq.ok(["enqueue", "--help"]);
  assert.match(help, /--send-at TIME /);
  assert.match(help, /--expires-in DURATION /);
  assert.match(help, /--to ADDRESS /);
  assert.match(help, /--hold {2,}/);
  assert.match(help, /^ {2}mailq enqueue \[OPTIONS\] \[FILE\|DIR\]\.\.\.$/m);
});

Deno.test("usage: a mistyped command or flag is 64 and suggests what was meant", async () => {
  await using mailq = await Mailq.make();
  const cases: [string[], RegExp][] = [
    [["sned"], /"?sned"?.*\bsend\b/],
    [["enqeue"], /enqueue/],
    [["list", "--staus", "sent"], /--staus.*--status/],
    [["send", "--max-bach", "3"], /--max-bach.*--max-batch/],
    [["suppress", "ad", "a@b.test"], /\badd\b/],
    [["quixotically"], /no command "quixotically"; see mailq --help$/m],
    [["--foo"], /no option --foo; see mailq --help$/m],
    [["enqueue", "--priority", "hihg"], /"hihg".*high/],
    [["list", "--sort", "newst"], /"newst".*newest, oldest/],
    [["list", "--status", "snet"], /"snet".*queued, sending/],
    [["status", "surplus"], /"surplus".*too many/],
    [["show"], /without ID/],
    [["suppress", "add"], /without ADDRESS; see mailq suppress add --help$/m],
    [["suppress"], /one of add, remove, list, import, export/],
    [["suppress", "--", "add", "a@b.test"], /one of add, remove, list, import, export/],
    [["--", "enqueue", "mail.eml"], /Cannot use -- before a command/],
    [["help", "sned"], /\bsend\b/],
    [["list", "--limit"], /--limit: expected a value/],
    [["--queue"], /--queue.*value/],
  ];
  for (const [args, expected] of cases) {
    const ended = await mailq.run(args);
    assert.equal(ended.code, 64, `${args.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, expected);
    assert.match(ended.stderr, /^mailq: [^\n]+\n$/, "one line");
    assert.equal(ended.stdout, "");
  }
});

Deno.test("usage: wrong durations, times and numbers say what would be right", async () => {
  await using mailq = await Mailq.make();
  const cases: [string[], RegExp][] = [
    [["purge", "--older-than", "30"], /"30".*90s, 15m, 4h or 7d/],
    [["purge", "--older-than", "soon"], /"soon".*90s, 15m, 4h or 7d/],
    [["send", "--throttle", "-1s"], /-1s/],
    [["enqueue", "--expires-in", "1 year"], /"1 year".*7d/],
    [["enqueue", "--send-at", "tomorrow"], /--send-at: .*"tomorrow".*(\+15m|2026)/],
    [["enqueue", "--send-at", "2026-13-01T00:00"], /2026-13-01/],
    [["list", "--since", "yesterday"], /--since: .*"yesterday"/],
    [["list", "--sent-until", "1x"], /--sent-until: .*"1x".*2h for/],
    [["list", "--limit", "many"], /--limit: .*"many".*whole number/],
    [["send", "--max-batch", "1.5"], /--max-batch: .*"1\.5"/],
    [["send", "--concurrency", "0"], /concurrency.*1/],
  ];
  for (const [args, expected] of cases) {
    const ended = await mailq.run(args, { stdin: mail() });
    assert.equal(ended.code, 64, `${args.join(" ")}: ${ended.stderr}`);
    assert.match(ended.stderr, expected);
  }
  assert.deepEqual(await mailq.json(["list"]), []);
});

Deno.test("global options: are taken before and after the command", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const other = `${mailq.folder}/other.db`;
  for (
    const args of [["--queue", other, "status", "--plain"], [
      "status",
      `--queue=${other}`,
      "--plain",
    ]]
  ) {
    assert.equal(await mailq.ok(args), "0/0/0\n");
  }
  const before = JSON.parse(await mailq.ok(["--json", "list"]));
  const after = JSON.parse(await mailq.ok(["list", "--json"]));
  assert.deepEqual(before, after);
  await Deno.writeTextFile(`${mailq.folder}/mine.toml`, `queue = "${other}"\n`);
  const env = { MAILQ_QUEUE: "" };
  assert.equal(
    await mailq.ok(["--config", `${mailq.folder}/mine.toml`, "status", "--plain"], { env }),
    "0/0/0\n",
  );
});

Deno.test("global options: what stands after -- is no option", async () => {
  await using mailq = await Mailq.make();
  await Deno.writeTextFile(`${mailq.folder}/--json`, mail());
  assert.match(await mailq.ok(["enqueue", "--", "--json"]), /^[0-9a-z]{12}\n$/);
});

Deno.test("errors: --json makes each one object on stderr", async () => {
  await using mailq = await Mailq.make();
  const cases: [string[], string, number][] = [
    [["sned"], "usage", 64],
    [["list", "--limit", "x"], "usage", 64],
    [["show", "zzz"], "usage", 64],
    [["enqueue", "/no/such.eml"], "input_unreadable", 66],
    [["send", "--config", "/no/such.toml"], "config_invalid", 78],
  ];
  for (const [args, code, exit] of cases) {
    for (const all of [[...args, "--json"], ["--json", ...args]]) {
      const ended = await mailq.run(all);
      assert.equal(ended.code, exit, ended.stderr);
      assert.equal(ended.stdout, "");
      const { error, ...others } = JSON.parse(ended.stderr);
      assert.deepEqual(Object.keys(others), []);
      assert.deepEqual(Object.keys(error), ["code", "message", "exit"]);
      assert.deepEqual([error.code, error.exit], [code, exit]);
    }
  }
});

Deno.test("ids: may be cut to any unique beginning, in any case", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail({ subject: "one" }));
  for (const text of [id, id.slice(0, 6), id.slice(0, 6).toUpperCase()]) {
    assert.equal((await mailq.json(["show", text]))[0].id, id);
  }
  for (let i = 0; i < 33; i++) {
    await Deno.writeTextFile(`${mailq.folder}/${i}.eml`, mail({ subject: `${i}` }));
  }
  const ids = (await mailq.ok(["enqueue", mailq.folder])).trim().split("\n");
  // Of 34 ids and 32 letters two must begin alike.
  const first = ids.find((one) => ids.some((other) => other !== one && other[0] === one[0]));
  const ambiguous = await mailq.run(["show", first?.slice(0, 1) ?? ""]);
  assert.equal(ambiguous.code, 64);
  assert.ok(ambiguous.stderr.includes(first ?? "none"), ambiguous.stderr);
  for (const args of [["show", "zzzzzzzzzzzz"], ["hold", "no-id"], ["resend", "u"]]) {
    const ended = await mailq.run(args);
    assert.equal(ended.code, 64);
    assert.match(ended.stderr, /^mailq: Cannot (find|use) /);
  }
});

Deno.test("actions: naming nothing is 64 and changes nothing", async () => {
  await using mailq = await Mailq.make();
  const id = await mailq.enqueue(mail());
  for (const name of ["hold", "release", "cancel", "resend"]) {
    const ended = await mailq.run([name]);
    assert.equal(ended.code, 64, name);
    assert.match(ended.stderr, /--to or --status, or --all/);
    assert.equal((await mailq.run([name, "--all", id])).code, 64);
  }
  assert.deepEqual(await mailq.statuses(), { Hello: "queued" });
});

Deno.test("--version: names the program, its SQLite, and a base that is not for use", async () => {
  await using mailq = await Mailq.make();
  const text = await mailq.ok(["--version"]);
  const [shape] = await mailq.json(["--version"]);
  assert.deepEqual(
    Object.keys(shape),
    ["version", "deno", "sqlite", "sqlite_affected", "check_build"],
  );
  const isOld = isOldDeno(shape.deno);
  assert.equal(shape.check_build, isOld);
  const first = `mailq ${shape.version} (Deno ${shape.deno}, SQLite ${shape.sqlite})\n`;
  assert.equal(text, isOld ? `${first}check build on Deno ${shape.deno}: not for use\n` : first);
});
