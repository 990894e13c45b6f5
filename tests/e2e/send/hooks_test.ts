import assert from "node:assert/strict";
import { mail, Mailq, PROGRAM } from "../../support/mailq.ts";
import { SmtpServer } from "../../support/smtp_server.ts";
import { alterQueue } from "../support/queue_file.ts";
import { killBesideHook } from "../support/hook_kills.ts";
import { openQueue, Running, until } from "../support/running.ts";

const ENV = { MAILQ_TRANSPORT: "null:" };
const SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

type Event = Record<string, unknown>;

/** A queue with hooks in its settings. */
async function withHooks(
  hooks: (folder: string) => string,
  env: Record<string, string> = ENV,
): Promise<Mailq> {
  const mailq = await Mailq.make(env);
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, hooks(mailq.folder));
  return mailq;
}

/** What a command that appends its stdin to a file was told. */
async function toldIn(path: string): Promise<Event[]> {
  const text = await Deno.readTextFile(path).catch(() => "");
  return text.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
}

/** Lets the hooks begin before anything happens. */
async function begin(mailq: Mailq, ...names: readonly string[]): Promise<void> {
  for (const name of names) await mailq.ok(["hooks", "skip", name]);
}

const appendTo = (folder: string, name: string, more = "") => `
[[hook]]
name = "${name}"
command = "cat >> ${folder}/${name}.txt"
${more}
`;

Deno.test("send: tells a hook's command at its end, in order, a batch a process", async () => {
  await using mailq = await withHooks((folder) => `
[[hook]]
name = "log"
events = ["message.enqueued", "recipient.*"]
command = "echo process >> ${folder}/processes.txt; cat >> ${folder}/log.txt"
batch = 4
`);
  await mailq.enqueue(mail()); // before there was a hook: nobody asked
  await mailq.ok(["send"]);
  await mailq.enqueueMany(3);
  await mailq.ok(["pause"]);
  await mailq.ok(["resume"]);
  await mailq.ok(["send"]);
  const told = await toldIn(`${mailq.folder}/log.txt`);
  assert.deepEqual(told.map(({ type }) => type), [
    "recipient.sent",
    ...Array(3).fill("message.enqueued"),
    ...Array(3).fill("recipient.sent"),
  ]);
  assert.deepEqual(
    told,
    (await mailq.json(["events", "--type", "message.enqueued", "--type", "recipient.*"])).slice(1),
  );
  const processes = await Deno.readTextFile(`${mailq.folder}/processes.txt`);
  assert.equal(
    processes.match(/process/g)?.length,
    3,
    "one for the first pass, two for six events",
  );
  const [hook] = await mailq.json(["hooks"]);
  assert.deepEqual([hook.name, hook.behind, hook.told, hook.failures], ["log", 0, 7, 0]);
  await mailq.ok(["send"]);
  assert.equal((await toldIn(`${mailq.folder}/log.txt`)).length, 7);
});

Deno.test("send: what a hook queues is marked, and sets off no hook", async () => {
  const program = (folder: string) =>
    `cat >> ${folder}/log.txt; printf 'To: ops@x.test\\n\\nlook' | $MAILQ_PROGRAM enqueue`;
  await using mailq = await withHooks((folder) => `
[[hook]]
name = "alarm"
command = '''${program(folder)}'''
[[hook]]
name = "other"
command = "cat >> ${folder}/other.txt"
`);
  const env = { MAILQ_PROGRAM: PROGRAM.join(" ") };
  await begin(mailq, "alarm", "other");
  const id = await mailq.enqueue(mail());
  await mailq.ok(["send"], { env });
  const told = (await toldIn(`${mailq.folder}/log.txt`)).length;
  assert.ok(told > 0);
  for (let pass = 0; pass < 3; pass++) await mailq.ok(["send"], { env });
  const ofHook = await mailq.json(["list", "--tag", "hook:alarm", "--status", "sent"]);
  assert.ok(ofHook.length > 0);
  for (const file of ["log", "other"]) {
    const events = await toldIn(`${mailq.folder}/${file}.txt`);
    assert.deepEqual([...new Set(events.map((event) => event.id))], [id]);
    assert.deepEqual(events.map(({ type }) => type), ["message.enqueued", "recipient.sent"]);
  }
});

Deno.test("send: a hook that fails is told again, later, in order; it changes no exit status", async () => {
  await using mailq = await withHooks((folder) =>
    `
[[hook]]
name = "shaky"
command = "test -e ${folder}/well || { echo 'no disk' >&2; exit 3; }; cat >> ${folder}/shaky.txt"
` + appendTo(folder, "fine")
  );
  await begin(mailq, "shaky", "fine");
  await mailq.enqueueMany(2);
  const before = Date.now();
  const { stderr } = await mailq.run(["send"]);
  assert.equal(stderr, "", "cron would make a mail of it");
  const [hook] = await mailq.json(["hooks"]);
  assert.deepEqual([hook.behind, hook.failures, hook.told], [4, 1, 0]);
  assert.equal(hook.last_error, "it ended with status 3: no disk");
  const waitMs = Date.parse(hook.next_at) - before;
  assert.ok(waitMs > 4_000 && waitMs < 60_000, `${waitMs}`);
  assert.match(await mailq.ok(["status"]), /^hook +shaky 4 events behind.*failed 1 time.*no disk/m);
  const [status] = await mailq.json(["status"]);
  assert.deepEqual(status.hooks.map(({ name, behind }: Event) => [name, behind]), [
    ["shaky", 4],
    ["fine", 0],
  ]);
  assert.equal((await toldIn(`${mailq.folder}/fine.txt`)).length, 4, "the other one was told");
  alterQueue(mailq, "UPDATE hook SET next_at = next_at + 3600000 WHERE name = 'shaky'");
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["hooks"]))[0].failures, 1, "its time has not come");
  alterQueue(mailq, "UPDATE hook SET next_at = next_at - 7200000 WHERE name = 'shaky'");
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["hooks"]))[0].failures, 2);
  await Deno.writeTextFile(`${mailq.folder}/well`, "");
  alterQueue(mailq, "UPDATE hook SET next_at = next_at - 3600000 WHERE name = 'shaky'");
  await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  assert.deepEqual(
    await toldIn(`${mailq.folder}/shaky.txt`),
    await mailq.json(["events", "--since", "0"]),
  );
});

Deno.test("hooks: test tells something made up, skip leaves out what waits", async () => {
  await using mailq = await withHooks((folder) =>
    `
[[hook]]
name = "shut"
command = "echo closed >&2; exit 1"
` + appendTo(folder, "fine")
  );
  await begin(mailq, "shut", "fine");
  const failed = await mailq.run(["hooks", "test", "shut"]);
  assert.equal(failed.code, 69);
  assert.match(failed.stderr, /The hook shut failed: it ended with status 1: closed/);
  await mailq.ok(["hooks", "test", "fine"]);
  assert.deepEqual((await toldIn(`${mailq.folder}/fine.txt`)).map(({ type }) => type), [
    "hook.test",
  ]);
  const unknown = await mailq.run(["hooks", "test", "none"]);
  assert.deepEqual([unknown.code, /there is shut, fine/.test(unknown.stderr)], [64, true]);
  await mailq.enqueue(mail());
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["hooks"]))[0].behind, 2);
  assert.match(await mailq.ok(["hooks", "skip", "shut"]), /Skipped 2 events of the hook shut/);
  assert.deepEqual(
    (await mailq.json(["hooks"])).map(({ behind, failures }) => [behind, failures]),
    [
      [0, 0],
      [0, 0],
    ],
  );
});

/** A server that a hook's URL names: answers as `answer` says, and keeps what came. */
function hookServer(answer: (n: number) => Response) {
  const got: { headers: Headers; body: string }[] = [];
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    got.push({ headers: request.headers, body: await request.text() });
    return answer(got.length);
  });
  return {
    got,
    url: `http://127.0.0.1:${server.addr.port}/hook`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function signatureOf({ headers, body }: { headers: Headers; body: string }): Promise<string> {
  const bytes = Uint8Array.from(atob(SECRET.slice("whsec_".length)), (c) => c.charCodeAt(0));
  const key = await crypto.subtle.importKey(
    "raw",
    bytes,
    { name: "HMAC", hash: "SHA-256" },
    false,
    [
      "sign",
    ],
  );
  const text = `${headers.get("webhook-id")}.${headers.get("webhook-timestamp")}.${body}`;
  const signature = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(text));
  return `v1,${btoa(String.fromCharCode(...new Uint8Array(signature)))}`;
}

Deno.test("send: a hook's URL gets Standard Webhooks, and the same id when it is asked again", async () => {
  await using server = hookServer((n) =>
    n === 2
      ? new Response("busy", { status: 503, headers: { "retry-after": "7200" } })
      : n === 3
      ? Response.redirect("http://127.0.0.1:1/")
      : new Response("ok")
  );
  await using mailq = await withHooks((folder) => `
[[hook]]
name = "web"
events = "recipient.sent"
url = "${server.url}"
secret_file = "${folder}/secret"
`);
  await Deno.writeTextFile(`${mailq.folder}/secret`, `${SECRET}\n`);
  await begin(mailq, "web");
  await mailq.enqueueMany(2);
  await mailq.ok(["send"]);
  const [hook] = await mailq.json(["hooks"]);
  assert.equal(hook.last_error, "it answered 503 Service Unavailable busy");
  assert.ok(Date.parse(hook.next_at) - Date.now() > 7_000_000, "as it asked for");
  for (let pass = 0; pass < 2; pass++) {
    alterQueue(mailq, "UPDATE hook SET next_at = next_at - 86400000");
    await mailq.ok(["send"]);
  }
  const sent = await mailq.json(["events", "--type", "recipient.sent"]);
  assert.deepEqual(server.got.map(({ body }) => JSON.parse(body)), [
    sent[0],
    ...Array(3).fill(sent[1]),
  ]);
  const ids = server.got.map(({ headers }) => headers.get("webhook-id"));
  assert.equal(new Set(ids).size, 2);
  assert.deepEqual(ids.slice(1), Array(3).fill(ids[1]));
  for (const request of server.got) {
    assert.equal(request.headers.get("webhook-signature"), await signatureOf(request));
    const age = Date.now() / 1000 - Number(request.headers.get("webhook-timestamp"));
    assert.ok(age >= -1 && age < 3_600, `${age}`);
  }
});

Deno.test("run: tells as it happens; a hook that hangs holds up neither mail nor another hook", async () => {
  await using server = new SmtpServer();
  await using mailq = await withHooks(
    (folder) =>
      `
[[hook]]
name = "hangs"
command = "echo begun >> ${folder}/hangs.txt; sleep 1000"
` + appendTo(folder, "fine"),
    { MAILQ_TRANSPORT: server.url, MAILQ_INTERVAL: "1h" },
  );
  await using run = await Running.service(mailq);
  const queue = await openQueue(mailq);
  try {
    for (let n = 1; n <= 5; n++) {
      await mailq.enqueue(mail());
      await run.meanwhile(server.received(n));
    }
    await run.meanwhile(until(queue, async (store) => {
      const [state] = await store.hookStates(["fine"]);
      return state?.told === 10;
    }));
    const [hung] = await queue.hookStates(["hangs"]);
    assert.equal(hung?.told, 0);
  } finally {
    await queue.close();
  }
  assert.equal((await Deno.readTextFile(`${mailq.folder}/hangs.txt`)).trim(), "begun");
  await run.stop();
  assert.equal((await toldIn(`${mailq.folder}/fine.txt`)).length, 10);
});

Deno.test("hooks: a process that tells keeps others from it", async () => {
  await using mailq = await withHooks((folder) => `
[[hook]]
name = "alone"
batch = 1
command = "mkdir ${folder}/busy || echo twice >> ${folder}/twice.txt; cat >> ${folder}/alone.txt; rmdir ${folder}/busy"
`);
  await begin(mailq, "alone");
  await mailq.enqueueMany(10);
  await Promise.all(Array.from({ length: 4 }, () => mailq.ok(["send", "--no-lock"])));
  await mailq.ok(["send"]);
  await assert.rejects(Deno.stat(`${mailq.folder}/twice.txt`), Deno.errors.NotFound);
  const told = (await toldIn(`${mailq.folder}/alone.txt`)).map(({ number }) => number);
  assert.deepEqual(told, (await mailq.json(["events"])).map(({ number }) => number));
});

// The short form: tests/soak/hooks_test.ts kills 200 times.
Deno.test("kill -9: a hook is told of every event, in order (a few kills)", async () => {
  await killBesideHook(6);
});
