import assert from "node:assert/strict";
import { childOk, collect, endChild, startChild } from "../support/child.ts";
import { mail, Mailq, PROGRAM } from "../support/mailq.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { gatedRelay } from "../e2e/support/gated_relay.ts";
import { require } from "./requirements.ts";
import { denoDirOf, letNobodyIn } from "./unprivileged.ts";

const UNSHARE = "/usr/bin/unshare";

/** A user that nobody has heard of. */
const UID = 54_321;

/** The service as process 1 of a process namespace of its own, and its pid outside. */
async function startAsInit(
  mailq: Mailq,
): Promise<{ readonly child: Deno.ChildProcess; readonly pid: number }> {
  require(UNSHARE, "/usr/bin/bash");
  const child = startChild(
    [UNSHARE, "--pid", "--fork", "--mount-proc", "--kill-child", ...PROGRAM, "run"],
    { env: mailq.env, clearEnv: true, cwd: mailq.folder },
  );
  const inside = `/proc/${child.pid}/task/${child.pid}/children`;
  const pid = await childOk(["bash", "-c", `until grep . ${inside}; do :; done`]);
  return { child, pid: Number(pid) };
}

Deno.test("process 1: ends within 8 seconds of SIGTERM, whatever a relay does", async () => {
  await using relay = await gatedRelay();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: relay.url });
  const id = await mailq.enqueue(mail());
  const { child, pid } = await startAsInit(mailq);
  const ended = collect(child);
  try {
    await relay.arrived(1);
    const toldAt = performance.now();
    Deno.kill(pid, "SIGTERM");
    const { code } = await ended;
    assert.equal(code, 0);
    const tookMs = performance.now() - toldAt;
    assert.ok(tookMs <= 8_000, `it took ${Math.round(tookMs)} ms`);
  } finally {
    await endChild(child);
  }
  const [{ status, attempts }] = await mailq.json(["show", id]);
  assert.deepEqual([status, attempts.at(-1).result], ["queued", "uncertain"]);
});

Deno.test("process 1: what others have left is reaped", async () => {
  await using mailq = await Mailq.make();
  // Its own child, which it does not wait for, outlives it.
  const script = `${mailq.folder}/relay.sh`;
  await Deno.writeTextFile(
    script,
    "#!/bin/sh\ncat > /dev/null\n(exec 0<&- 1>&- 2>&-; sleep 0.2) &\n",
    {
      mode: 0o755,
    },
  );
  mailq.env.MAILQ_TRANSPORT = `exec:${script}`;
  for (let n = 0; n < 3; n++) await mailq.enqueue(mail({ subject: `${n}` }));
  const { child, pid } = await startAsInit(mailq);
  const ended = collect(child);
  try {
    const children = `/proc/${pid}/task/${pid}/children`;
    await childOk(["bash", "-c", `until grep -q . ${children}; do :; done`]);
    // Until nobody is left, zombies included.
    await childOk(["bash", "-c", `while grep -q . ${children}; do sleep 0.2; done`]);
    Deno.kill(pid, "SIGTERM");
    assert.equal((await ended).code, 0);
  } finally {
    await endChild(child);
  }
  assert.deepEqual(await mailq.statuses(), { 0: "sent", 1: "sent", 2: "sent" });
});

Deno.test("run: needs no HOME, no user of /etc/passwd, and writes nothing but its queue", async () => {
  require(UNSHARE, "/usr/bin/setpriv", "/usr/bin/mount");
  await using server = new SmtpServer();
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: server.url });
  await letNobodyIn(mailq);
  await mailq.ok(["--version"]);
  const queue = `${mailq.folder}/q`;
  await Deno.mkdir(queue);
  const { HOME: _, USER: __, ...rest } = mailq.env;
  const env = { ...rest, MAILQ_QUEUE: `${queue}/queue.db`, DENO_DIR: denoDirOf(mailq) };
  const run = (command: string) =>
    `setpriv --reuid=${UID} --regid=${UID} --clear-groups ${command}`;
  const script = `set -e
mount -t tmpfs -o mode=0700,uid=${UID} tmpfs ${queue}
mount -o remount,bind,ro /
if touch ${mailq.folder}/x 2>/dev/null; then echo "the disk is not read-only"; exit 1; fi
printf 'To: ann@a.test\\n\\nHi\\n' | ${run('"$@" enqueue')}
${run('"$@" run --once')}
${run('"$@" list --json')}`;
  const stdout = await childOk(
    [UNSHARE, "--mount", "--propagation", "private", "bash", "-c", script, "bash", ...PROGRAM],
    { env, clearEnv: true, cwd: mailq.folder },
  );
  const [message] = stdout.split("\n").filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line));
  assert.equal(message.status, "sent");
  assert.match(message.sender, /^uid54321@host\.test$/);
  assert.equal(server.messages.length, 1);
});
