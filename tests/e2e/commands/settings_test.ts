import assert from "node:assert/strict";
import { mail, Mailq } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { alterQueue } from "../support/queue_file.ts";

Deno.test("config: names each setting's value and origin", async () => {
  await using mailq = await Mailq.make({ MAILQ_RETRY_MAX: "3" });
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    '# mine\nthrottle = "2s"\nretry.max = 9\n\n[relay.backup]\nurl = "smtp://backup.test:587"\n',
  );
  const settings = await mailq.json(["config"]);
  const of = (name: string) => settings.find((one) => one.name === name);
  assert.deepEqual(of("throttle"), {
    name: "throttle",
    value: "2s",
    origin: `${mailq.folder}/mailq.toml:2`,
  });
  assert.deepEqual(of("retry.max"), { name: "retry.max", value: "3", origin: "MAILQ_RETRY_MAX" });
  assert.equal(of("max_size").origin, "default");
  assert.equal(of("queue").origin, "MAILQ_QUEUE");
  assert.equal(of("relay.backup.url").value, "smtp://backup.test:587");
  const [flagged] = (await mailq.json(["config", "--queue", "/tmp/other.db"]))
    .filter((one) => one.name === "queue");
  assert.deepEqual(flagged, { name: "queue", value: "/tmp/other.db", origin: "--queue" });
  const text = await mailq.ok(["config"]);
  assert.match(text, /^SETTING +VALUE +FROM\n/);
  assert.match(text, /^throttle +2s +.*mailq\.toml:2$/m);
});

Deno.test("config: masks passwords wherever they stand", async () => {
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: "smtp://user:s3cret@relay.test:587",
    MAILQ_PASSWORD: "s3cret",
  });
  for (const args of [["config"], ["config", "--json"], ["send", "--verbose"], ["list"]]) {
    const { stdout, stderr } = await mailq.run(args);
    assert.doesNotMatch(stdout + stderr, /s3cret/, args.join(" "));
  }
  assert.match(await mailq.ok(["config"]), /smtp:\/\/user:\*\*\*@relay\.test:587/);
});

Deno.test("settings: every other command refuses a wrong one with 78, its place and what is right", async () => {
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const cases: [string, RegExp][] = [
    ['retry.max = "lots"\n', /retry\.max = "lots" \(.*mailq\.toml:1\): expected a whole number/],
    ["\n\nthrottel = 3\n", /throttel.*mailq\.toml:3.*throttle/],
    ["max_batch = \n", /mailq\.toml:1/],
    ['transport = "pigeon:"\n', /"pigeon:".*mailq\.toml:1.*smtp/],
  ];
  for (const [text, expected] of cases) {
    await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, text);
    for (const args of [["send"], ["list"], ["config"]]) {
      const ended = await mailq.run(args);
      assert.equal(ended.code, 78, text);
      assert.match(ended.stderr, expected);
      assert.equal(ended.stdout, "");
    }
  }
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
  const variable = await mailq.run(["send"], { env: { MAILQ_RETRY_MAX: "lots" } });
  assert.equal(variable.code, 78);
  assert.match(variable.stderr, /retry\.max = "lots" \(MAILQ_RETRY_MAX\)/);
});

Deno.test("settings: an unknown variable warns and suggests the one that was meant", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANPORT: "null:" });
  const ended = await mailq.run(["list"]);
  assert.equal(ended.code, 0);
  assert.match(ended.stderr, /MAILQ_TRANPORT: did you mean MAILQ_TRANSPORT\?/);
});

Deno.test("settings: --config names the one file, which must be there", async () => {
  await using mailq = await Mailq.make();
  const ended = await mailq.run(["status", "--config", "/no/such.toml"]);
  assert.equal(ended.code, 78);
  assert.match(ended.stderr, /"\/no\/such\.toml"/);
});

Deno.test("queue: may be written as a URL, and every command finds the same one", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  for (const url of [`sqlite:${mailq.queue}`, `sqlite://${mailq.queue}`, `file:${mailq.queue}`]) {
    const env = { MAILQ_QUEUE: url };
    assert.equal((await mailq.json(["list"], { env })).length, 1);
    assert.equal((await mailq.run(["status", "--nagios"], { env })).code, 1, "no pass has ended");
    assert.equal((await mailq.run(["status"], { env })).stderr, "");
  }
  const env = { MAILQ_QUEUE: `sqlite:${mailq.queue}` };
  assert.equal((await mailq.json(["send"], { env }))[0].sent, 1);
  const names = [...Deno.readDirSync(mailq.folder)].map((entry) => entry.name);
  assert.ok(names.includes("queue.db-lock"), "one lock, however the queue is named");
});

Deno.test("queue: a path that no queue is at is told, not taken for an empty one by a monitor", async () => {
  await using mailq = await Mailq.make();
  const ended = await mailq.run(["status", "--nagios"]);
  assert.equal(ended.code, 3);
  assert.match(ended.stdout, /^MAILQ UNKNOWN - there is no queue at /);
});

Deno.test("queue: one of a newer program is 78, a damaged one is 74, in one line each", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  const refused = async (code: number, expected: RegExp) => {
    for (const args of [["enqueue"], ["send"], ["list"], ["status"]]) {
      const ended = await mailq.run(args, { stdin: mail() });
      assert.equal(ended.code, code, `${args}: ${ended.stderr}`);
      assert.match(ended.stderr, expected);
      assert.match(ended.stderr, /^mailq: [^\n]+\n$/);
      assert.equal(ended.stdout, "");
    }
  };
  alterQueue(mailq, "UPDATE meta SET value = '99' WHERE key = 'compatible_from'");
  alterQueue(mailq, "PRAGMA user_version = 99");
  await refused(78, /newer/);
  alterQueue(mailq, "UPDATE meta SET value = '1' WHERE key = 'compatible_from'");
  assert.equal((await mailq.json(["send"]))[0].sent, 1, "what was only added to stays usable");

  const file = await Deno.open(mailq.queue, { write: true });
  await file.truncate(5000);
  await file.seek(100, Deno.SeekMode.Start);
  await file.write(new Uint8Array(4000).fill(0xee));
  file.close();
  await refused(74, /damaged|corrupt|malformed/);
});

Deno.test("send: a login or TLS that was asked for and cannot be had sends nothing", async () => {
  await using server = new SmtpServer();
  const { port } = server;
  await using mailq = await Mailq.make();
  await mailq.enqueue(mail());
  const cases: Record<string, string>[] = [
    { MAILQ_TRANSPORT: `smtp://user@127.0.0.1:${port}`, MAILQ_PASSWORD: "s3cret" },
    { MAILQ_TRANSPORT: `smtps://127.0.0.1:${port}` },
  ];
  for (const env of cases) {
    await mailq.ok(["retry"]);
    const ended = await mailq.run(["send", "--strict"], { env });
    assert.equal(ended.code, 69, ended.stderr);
    assert.doesNotMatch(ended.stdout + ended.stderr, /s3cret/);
  }
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[relay.default]\nurl = "smtp://127.0.0.1:${port}"\ntls.mode = "required"\n`,
  );
  await mailq.ok(["retry"]);
  const ended = await mailq.run(["send", "--strict"]);
  assert.equal(ended.code, 69, ended.stderr);
  assert.equal(server.messages.length, 0);
  assert.doesNotMatch(Object.values(await mailq.statuses()).join(), /failed|sent/);
});

Deno.test("send: reaches a relay by IPv6", async () => {
  const listener = listenOnIpv6();
  if (listener === null) return; // a machine without IPv6
  const accepted = listener.accept();
  await using mailq = await Mailq.make({
    MAILQ_TRANSPORT: `smtp://[::1]:${listener.addr.port}`,
  });
  const id = await mailq.enqueue(mail());
  const pass = mailq.run(["send"]);
  using conn = await accepted;
  await conn.write(new TextEncoder().encode("421 4.3.2 Not today\r\n"));
  assert.equal((await pass).code, 0);
  const [message] = await mailq.json(["show", id]);
  assert.match(message.last_reply, /Not today/);
  listener.close();
});

function listenOnIpv6(): Deno.TcpListener | null {
  try {
    return Deno.listen({ hostname: "::1", port: 0 });
  } catch {
    return null;
  }
}

Deno.test("console: prints what would be sent, and nothing else, on stdout", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "console:" });
  const id = await mailq.enqueue(mail({ body: "café\r\n" }));
  const { code, stdout, stderr } = await mailq.run(["send"]);
  assert.deepEqual([code, stderr], [0, ""]);
  assert.ok(stdout.startsWith(`--- ${id} from <ann@sender.test> to <bob@receiver.test>\n`), stdout);
  assert.ok(stdout.includes("\r\n\r\ncafé\r\n"));
});
