import assert from "node:assert/strict";
import {
  drop,
  dropBytes,
  dropsOf,
  leftIn,
  makeSystemQueue,
  NOTHING_LEFT,
} from "../e2e/support/system_queue.ts";
import { Running } from "../e2e/support/running.ts";
import { childOk, endChild, type Ended, Heard, runChild, startChild } from "../support/child.ts";
import { mail, type Mailq, PROGRAM } from "../support/mailq.ts";
import { newMessage } from "../support/queue_messages.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { require } from "./requirements.ts";
import { SmallDisk } from "./small_disk.ts";
import { denoDirOf, letNobodyIn, runAs, runAsNobody } from "./unprivileged.ts";

const SETPRIV = "/usr/bin/setpriv";
const NOBODY = 65534;
/** www-data of Debian: a web server, and in one test the queue's owner is daemon. */
const WEB = 33;
const DAEMON = 1;

/** A system queue that ordinary users can hand mail to. */
async function sharedQueue(
  env: Readonly<Record<string, string>> = {},
  ...flags: string[]
): Promise<Mailq> {
  const mailq = await makeSystemQueue(env, ...flags);
  await letNobodyIn(mailq);
  return mailq;
}

function assertOk(ended: Ended): string {
  assert.equal(ended.code, 0, ended.stderr);
  return ended.stdout.trim();
}

function assertFails(ended: Ended, code: number, says: RegExp): void {
  assert.equal(ended.code, code, ended.stderr);
  assert.equal(ended.stdout, "");
  assert.match(ended.stderr, /^[^\n]+\n$/, "one line");
  assert.match(ended.stderr, says);
}

Deno.test("drop: cron's jobs and a web server hand in mail that the service sends", async () => {
  await using server = new SmtpServer();
  await using mailq = await sharedQueue({ MAILQ_TRANSPORT: server.url, MAILQ_INTERVAL: "1h" });
  await using run = await Running.service(mailq);
  // As cron calls it: hardly any environment, in a session of its own, from another folder.
  const cron = ["/usr/bin/setsid", "--wait", "/usr/bin/env", "-i", "PATH=/usr/bin:/bin"];
  const needed = ["MAILQ_QUEUE", "MAILQ_CONFIG"].map((name) => `${name}=${mailq.env[name]}`)
    .concat(`DENO_DIR=${denoDirOf(mailq)}`);
  const text = mail({ subject: "backup done", body: "\xe4 8-bit line\n.dot\n" });
  const stdin = Uint8Array.from(text, (char) => char.charCodeAt(0));
  const fromCron = assertOk(
    await runAs(mailq, NOBODY, [...cron, ...needed, ...PROGRAM, "enqueue"], { stdin, cwd: "/" }),
  );
  const fromWeb = assertOk(
    await runAs(mailq, WEB, [...PROGRAM, "enqueue", "--to", "shop@receiver.test"], {
      stdin: mail({ subject: "order" }),
      env: { HOME: "/var/www", USER: "www-data" },
    }),
  );
  await server.received(2);
  await run.stop();
  for (const [id, submitter] of [[fromCron, "nobody"], [fromWeb, "www-data"]]) {
    const [shown] = await mailq.json(["show", id ?? ""]);
    assert.equal(shown.submitter, submitter);
    assert.equal(shown.status, "sent");
  }
  const raw = (await mailq.run(["show", fromCron, "--raw"])).stdoutBytes;
  const sent = server.messages.find(({ to }) => to[0] === "bob@receiver.test");
  assert.deepEqual(sent?.data, raw);
  const tail = Uint8Array.from("\r\n\r\n\xe4 8-bit line\r\n.dot\r\n", (char) => char.charCodeAt(0));
  assert.deepEqual(raw.subarray(-tail.length), tail);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: sendmail(1) hands in for those who may not open the queue, too", async () => {
  await using mailq = await sharedQueue();
  const sent = await runAs(mailq, WEB, [...PROGRAM, "sendmail", "-t", "-f", "shop@sender.test"], {
    stdin: mail({ subject: "order", from: "shop@sender.test" }),
  });
  assert.equal(sent.code, 0, sent.stderr);
  await mailq.ok(["send"]);
  const [message] = await mailq.json(["list"]);
  const [shown] = await mailq.json(["show", message.id]);
  assert.deepEqual(
    [shown.status, shown.submitter, shown.sender],
    ["sent", "www-data", "shop@sender.test"],
  );
});

Deno.test("drop: nobody reads another's mail, be it dropped or queued", async () => {
  await using mailq = await sharedQueue();
  assertOk(await runAs(mailq, WEB, [...PROGRAM, "enqueue"], { stdin: mail() }));
  const [name = ""] = leftIn(mailq).dropped;
  const dropped = `${dropsOf(mailq)}/${name}`;
  await mailq.enqueue(mail());
  const tries = [
    ["/bin/cat", mailq.env.MAILQ_QUEUE ?? ""],
    ["/bin/ls", dropsOf(mailq)],
    ["/bin/ls", `${mailq.folder}/system`],
    // Even where the name is known.
    ["/bin/cat", dropped],
    ["/bin/rm", "-f", dropped],
    ["/bin/mv", dropped, `${dropsOf(mailq)}/mine`],
    ["/bin/cp", "/etc/hostname", dropped],
    ["/bin/ls", `${dropsOf(mailq)}/taken`],
    ["/bin/ls", `${dropsOf(mailq)}/refused`],
    ["/bin/rmdir", `${dropsOf(mailq)}/refused`],
    ["/bin/touch", `${mailq.folder}/system/x`],
  ];
  for (const command of tries) {
    const { code, stdout } = await runAs(mailq, NOBODY, command);
    assert.notEqual(code, 0, command.join(" "));
    assert.equal(stdout, "");
  }
  for (const command of [["list"], ["status"], ["show", "a"], ["send"], ["retry"]]) {
    assertFails(await runAsNobody(mailq, command), 77, /it belongs to root, who alone may open it/);
  }
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
  assert.equal((await mailq.json(["list"])).length, 2);
});

for (const umask of ["0000", "0077", "0777"]) {
  Deno.test(`drop: with umask ${umask} a drop is its owner's alone`, async () => {
    await using mailq = await sharedQueue();
    const shell = ["/bin/sh", "-c", `umask ${umask}; exec "$@"`, "sh", ...PROGRAM, "enqueue"];
    assertOk(await runAs(mailq, NOBODY, shell, { stdin: mail() }));
    const [name = ""] = leftIn(mailq).dropped;
    assert.equal((await Deno.stat(`${dropsOf(mailq)}/${name}`)).mode! & 0o7777, 0o600);
    await mailq.ok(["send"]);
    assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
  });
}

Deno.test("drop: a batch is one file, of messages of any size", async () => {
  await using mailq = await sharedQueue();
  const outbox = `${mailq.folder}/outbox`;
  await Deno.mkdir(outbox, { mode: 0o755 });
  const sizes = [1, 3_000_000, 10];
  for (const [n, size] of sizes.entries()) {
    await Deno.writeTextFile(`${outbox}/${n}.eml`, mail({ body: "x\r\n".repeat(size / 3 + 1) }));
  }
  const ids = assertOk(await runAsNobody(mailq, ["enqueue", outbox])).split("\n");
  assert.equal(leftIn(mailq).dropped.length, 1);
  await mailq.ok(["send"]);
  const list = await mailq.json(["list", "--sort", "oldest"]);
  assert.deepEqual(list.map(({ id }) => id), ids);
  await Deno.writeTextFile(`${outbox}/3.eml`, mail({ to: "no address" }));
  assertFails(await runAsNobody(mailq, ["enqueue", outbox]), 65, /3\.eml: /);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: now is told not to go at once", async () => {
  await using mailq = await sharedQueue();
  const ended = await runAsNobody(mailq, ["enqueue", "--priority", "now"], { stdin: mail() });
  assert.match(assertOk(ended), /^[0-9a-z]{12}$/);
  assert.match(ended.stderr, /^mailq: priority now: [^\n]* not at once[^\n]*\n$/);
  assert.equal(leftIn(mailq).dropped.length, 1);
});

Deno.test("drop: where there is no folder, or none to write in, enqueue is 77", async () => {
  await using mailq = await sharedQueue();
  const enqueue = () => runAsNobody(mailq, ["enqueue"], { stdin: mail() });
  await Deno.chmod(dropsOf(mailq), 0o755);
  assertFails(await enqueue(), 77, /system\/drop, open to all, .*`mailq init system`/);
  await Deno.rename(dropsOf(mailq), `${mailq.folder}/elsewhere`);
  assertFails(await enqueue(), 77, /nor is there a folder [^ ]*system\/drop, .*init system/);
  await Deno.symlink(`${mailq.folder}/elsewhere`, dropsOf(mailq));
  assertFails(await enqueue(), 77, /nor is there a folder/);
});

Deno.test("drop: where the queue is not made yet it can be handed in all the same", async () => {
  await using mailq = await sharedQueue();
  await Deno.remove(mailq.env.MAILQ_QUEUE ?? "");
  assertOk(await runAsNobody(mailq, ["enqueue"], { stdin: mail() }));
  await mailq.ok(["run", "--once"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
});

Deno.test("drop: on a full disk enqueue is 74, and leaves nothing", async () => {
  await using disk = await SmallDisk.mount(8 * 1024 * 1024);
  await using mailq = await sharedQueue();
  mailq.env.MAILQ_QUEUE = `${disk.folder}/system/queue.db`;
  await mailq.ok(["init", "system"]);
  const names = () => [...Deno.readDirSync(`${disk.folder}/system/drop`)].length;
  const before = names();
  for (const sizeBytes of [100, 600_000, 3_000_000]) {
    disk.fill(sizeBytes / 2);
    const stdin = mail({ body: "x".repeat(sizeBytes) });
    assertFails(await runAsNobody(mailq, ["enqueue"], { stdin }), 74, /the disk is full/);
    assert.equal(names(), before);
    disk.free();
  }
  assertOk(await runAsNobody(mailq, ["enqueue"], { stdin: mail() }));
  // What cannot be queued for want of room stays, and is queued when there is some.
  disk.fill();
  const ended = await mailq.run(["send"]);
  assert.match(ended.stderr, /disk is full/);
  disk.free();
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
  assert.equal(names(), before);
});

Deno.test("drop: one that the disk has no room for keeps no smaller one out", async () => {
  await using disk = await SmallDisk.mount(8 * 1024 * 1024);
  await using mailq = await sharedQueue();
  mailq.env.MAILQ_QUEUE = `${disk.folder}/system/queue.db`;
  await mailq.ok(["init", "system"]);
  const dropMail = async (subject: string, sizeBytes: number) => {
    const stdin = mail({ subject, body: "x".repeat(sizeBytes) });
    assertOk(await runAsNobody(mailq, ["enqueue"], { stdin }));
  };
  await dropMail("large", 3_000_000);
  await dropMail("small", 1_000);
  disk.fill(1_000_000);
  for (let n = 0; n < 2; n++) {
    const { stderr } = await mailq.run(["send"]);
    assert.match(stderr, /^[^\n]*has to wait: [^\n]*disk is full;[^\n]*\n$/);
    assert.deepEqual(await mailq.statuses(), { small: "sent" });
  }
  disk.free();
  await mailq.ok(["send"]);
  assert.deepEqual(await mailq.statuses(), { small: "sent", large: "sent" });
});

Deno.test("drop: a limit on the size of files is 74", async () => {
  await using mailq = await sharedQueue();
  const shell = ["/bin/sh", "-c", `trap '' XFSZ; ulimit -f 100; exec "$@"`, "sh", ...PROGRAM];
  const stdin = mail({ body: "x".repeat(500_000) });
  assertFails(await runAs(mailq, NOBODY, [...shell, "enqueue"], { stdin }), 74, /ulimit/);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
});

Deno.test("drop: the queue of an owner who is not root takes mail in, and keeps it his", async () => {
  await using mailq = await sharedQueue({}, "--user", "daemon");
  assertOk(await runAsNobody(mailq, ["enqueue"], { stdin: mail() }));
  const [name = ""] = leftIn(mailq).dropped;
  const dropped = `${dropsOf(mailq)}/${name}`;
  const { mode, uid, gid } = await Deno.stat(dropped);
  assert.deepEqual([mode! & 0o7777, uid, gid], [0o640, NOBODY, DAEMON]);
  assert.notEqual((await runAs(mailq, WEB, ["/bin/cat", dropped])).code, 0);
  assertFails(await runAsNobody(mailq, ["list"]), 77, /it belongs to the user daemon/);
  // A folder of another's cannot be moved into one of his; it must not stand in the way either.
  await runAs(mailq, WEB, ["/bin/mkdir", `${dropsOf(mailq)}/folder`]);
  await runAs(mailq, WEB, ["/bin/sh", "-c", `umask 777; : > ${dropsOf(mailq)}/${newest()}`]);
  const sent = await runAs(mailq, DAEMON, [...PROGRAM, "send"]);
  assertOk(sent);
  assert.equal(sent.stderr.match(/refused a drop/g)?.length, 2, sent.stderr);
  assert.equal((await runAs(mailq, DAEMON, [...PROGRAM, "send"])).stderr, "", "told once");
  const list = JSON.parse(assertOk(await runAs(mailq, DAEMON, [...PROGRAM, "list", "--json"])));
  assert.equal(list.status, "sent");
});

/** A name that sorts behind all others. */
function newest(): string {
  return `zzzzzzzzz-${"0".repeat(32)}.drop`;
}

Deno.test("drop: it is on disk, and so is its folder, before enqueue ends", async () => {
  require("/usr/bin/strace");
  await using mailq = await sharedQueue();
  const trace = `${mailq.folder}/nobody/trace`;
  const calls = "trace=rename,renameat,renameat2,fsync,fdatasync,syncfs,exit_group";
  const strace = [
    "/usr/bin/strace",
    "-f",
    "-y",
    "-qq",
    "-e",
    "signal=none",
    "-e",
    calls,
    "-o",
    trace,
  ];
  assertOk(await runAs(mailq, NOBODY, [...strace, ...PROGRAM, "enqueue"], { stdin: mail() }));
  const called = (await Deno.readTextFile(trace)).split("\n")
    // Deno renames and syncs files of its cache, too.
    .filter((line) => line.includes(dropsOf(mailq)))
    .map((line) => /^\d+ +(\w+)\(.* = 0$/.exec(line)?.[1] ?? "")
    .filter((name) => name !== "");
  assert.deepEqual(called, ["fsync", "rename", "fsync", "syncfs"]);
});

Deno.test("drop: hostile files stand in nobody's way", async () => {
  await using server = new SmtpServer();
  await using mailq = await sharedQueue({ MAILQ_TRANSPORT: server.url });
  const secret = `${mailq.folder}/secret`;
  await Deno.writeTextFile(secret, "root's", { mode: 0o600 });
  const his = `${mailq.folder}/nobody`;
  const at = (n: number) => `${dropsOf(mailq)}/00000000${n}-${"0".repeat(32)}.drop`;
  const asNobody = async (script: string) => {
    assertOk(await runAs(mailq, NOBODY, ["/bin/sh", "-c", script]));
  };
  await asNobody(`
    ln -s ${secret} ${at(0)}
    ln -s /dev/zero ${at(1)}
    mkfifo ${at(2)}
    mkdir -p ${at(3)}/deep/down
    : > ${his}/file; ln ${his}/file ${at(4)}
    truncate -s 100G ${at(5)}
    printf 'mailq-drop 1\\n' > ${at(6)}; truncate -s 1G ${at(6)}
    printf 'mailq-drop 1\\nmessage 9999999999999999 9999999999999999\\n' > ${at(7)}
    : > ${at(8)}
    : > "${dropsOf(mailq)}/-rf"
    : > "${dropsOf(mailq)}/ "
    chmod 000 ${at(8)}
  `);
  await childOk(["/usr/bin/mknod", at(9), "c", "1", "5"]);
  await dropBytes(mailq, "\xff".repeat(1_000));
  await drop(mailq, newMessage());
  const startedAt = performance.now();
  const ended = await mailq.run(["send"]);
  assert.ok(performance.now() - startedAt < 10_000);
  assertOk(ended);
  assert.equal(server.messages.length, 1);
  assert.equal(ended.stderr.match(/^mailq: refused a drop [^\n]+$/gm)?.length, 10, ended.stderr);
  assert.match(ended.stderr, /refused 3 more drops\n$/);
  const { dropped, taken, refused } = leftIn(mailq);
  assert.deepEqual([dropped, taken, refused.length], [[], [], 13]);
  assert.equal(await Deno.readTextFile(secret), "root's");
  assert.equal((await mailq.run(["send"])).stderr, "");
});

Deno.test({
  name: "drop: one whose owner holds a lease on it is left for later",
  // Deno 2.4, which a binary may be built on, opens every file on its only thread.
  ignore: Deno.env.get("MAILQ_TEST_PROGRAM") !== undefined,
  fn: leasedDrop,
});

async function leasedDrop(): Promise<void> {
  require("/usr/bin/perl");
  await using mailq = await sharedQueue();
  await drop(mailq, newMessage());
  const [name = ""] = leftIn(mailq).dropped;
  const path = `${dropsOf(mailq)}/${name}`;
  await Deno.chown(path, NOBODY, NOBODY);
  // Linux: fcntl(F_SETLEASE = 1024, F_WRLCK = 1); whoever opens the file waits up to 45 seconds.
  const script = `open(F, "+<", $ARGV[0]) or die; $SIG{IO} = "IGNORE";
    fcntl(F, 1024, 1) or die "no lease: $!"; $| = 1; print "held\\n"; <STDIN>`;
  const user = [`--reuid=${NOBODY}`, "--clear-groups"];
  const holder = startChild([SETPRIV, ...user, "/usr/bin/perl", "-e", script, path], {
    stdin: "",
    stderr: "inherit",
  });
  const stdout = new Heard(holder.stdout);
  await stdout.said(/^held\n/);
  await drop(mailq, newMessage());
  const startedAt = performance.now();
  await mailq.ok(["send"]);
  assert.ok(performance.now() - startedAt < 10_000);
  assert.equal((await mailq.json(["list"])).length, 1);
  await holder.stdin.close();
  await holder.status;
  await stdout.end;
  await mailq.ok(["send"]);
  assert.equal((await mailq.json(["list"])).length, 2);
  assert.deepEqual(leftIn(mailq), NOTHING_LEFT);
}

Deno.test("drop: a folder that is another user's is none of the queue's", async () => {
  await using mailq = await sharedQueue();
  await Deno.chown(dropsOf(mailq), WEB, WEB);
  const ended = await runAsNobody(mailq, ["enqueue"], { stdin: mail() });
  assertFails(ended, 77, /nor is there a folder/);
  await drop(mailq, newMessage());
  await mailq.ok(["send"]);
  assert.equal(leftIn(mailq).dropped.length, 1);
});

Deno.test("drop: root needs the rights that the unit gives him, and without them mail waits", async () => {
  await using mailq = await sharedQueue();
  const unit = await mailq.ok(["init", "systemd"]);
  const rights = /^CapabilityBoundingSet=(.+)$/m.exec(unit)?.[1] ?? "";
  const send = (bounding: string) =>
    runChild([SETPRIV, "--no-new-privs", "--bounding-set", bounding, ...PROGRAM, "send"], {
      env: mailq.env,
      clearEnv: true,
    });
  assertOk(await runAsNobody(mailq, ["enqueue"], { stdin: mail() }));
  const without = await send("-all");
  assert.match(without.stderr, /has to wait: [^\n]*permission denied\n$/);
  assert.deepEqual(leftIn(mailq).refused, []);
  const words = rights.split(" ").map((right) => right.replace("CAP_", "+").toLowerCase());
  const within = await send(["-all", ...words].join(","));
  assert.equal(within.stderr, "");
  assert.deepEqual(await mailq.statuses(), { Hello: "sent" });
});

Deno.test("drop: nobody waits for another's thousands", async () => {
  await using mailq = await sharedQueue();
  for (let n = 0; n < 300; n++) await drop(mailq, newMessage({ isHeld: true }));
  for (const name of leftIn(mailq).dropped) {
    await Deno.chown(`${dropsOf(mailq)}/${name}`, WEB, WEB);
  }
  const id = assertOk(await runAsNobody(mailq, ["enqueue", "--hold"], { stdin: mail() }));
  await mailq.ok(["send"]);
  const ids = (await mailq.json(["list", "--sort", "oldest", "--limit", "0"])).map(({ id }) => id);
  assert.equal(ids.length, 301);
  assert.ok(ids.indexOf(id) < 2, `it was taken in after ${ids.indexOf(id)} others`);
});

Deno.test("drop: a file that is swapped all the time is taken whole or refused", async () => {
  await using mailq = await sharedQueue();
  const path = `${dropsOf(mailq)}/zzzzzzzzz-${"1".repeat(32)}.drop`;
  const his = `${mailq.folder}/nobody`;
  const script = `while :; do : > ${his}/f; mv -f ${his}/f ${path}; rm -f ${path}; mkfifo ${path}
    rm -f ${path}; ln -s /etc/shadow ${path}; rm -f ${path}; done 2>/dev/null`;
  const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
  const swapper = startChild([SETPRIV, ...user, "/bin/sh", "-c", script], {
    stdout: "null",
    stderr: "null",
  });
  try {
    for (let n = 0; n < 10; n++) {
      await drop(mailq, newMessage());
      const { code, stderr } = await mailq.run(["send"]);
      assert.equal(code, 0, stderr);
      assert.match(stderr, /^(mailq: refused a drop [^\n]+\n)*$/);
    }
  } finally {
    await endChild(swapper);
  }
  assert.equal((await mailq.json(["list"])).length, 10);
});
