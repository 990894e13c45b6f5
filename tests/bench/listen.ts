import { watched } from "../machine/postfix.ts";
import { childOk, endChild, Heard, startChild } from "../support/child.ts";
import { HEAP_FLAGS, PERMISSIONS } from "../support/permissions.ts";
import { inTurn, median, medianRatio, runTimed } from "./processes.ts";

const SOURCE = "/usr/sbin/smtp-source";
const POSTFIX = "/usr/sbin/postfix";
const ROUNDS = 5;

/** smtp-source with 10 sessions to the listener of `run` and to Postfix's smtpd, in turn: both have
 *  each message on disk before its 250, and send none of them meanwhile. */
export async function benchListen(sizeBytes: number, count: number, budget: number): Promise<void> {
  if (Deno.uid() !== 0 || !await isThere(SOURCE) || !await isThere(POSTFIX)) {
    console.log("listen: not measured, it needs root and Debian's postfix");
    return;
  }
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  const postfixPort = freePort();
  const postfix = await startPostfix(folder, postfixPort);
  const { child, place } = await startOurs(folder);
  try {
    for (const isOneConnection of [false, true]) {
      const source = (where: string) => async () => {
        const flags = [...isOneConnection ? ["-d"] : [], "-s", "10", "-l", String(sizeBytes)];
        const addresses = ["-f", "a@sender.test", "-t", "b@receiver.test"];
        const { ms } = await runTimed([SOURCE, ...flags, ...addresses, "-m", String(count), where]);
        return ms;
      };
      const [ours = [], theirs = []] = await inTurn(ROUNDS, [
        source(place),
        source(`127.0.0.1:${postfixPort}`),
      ]);
      const rate = (times: readonly number[]) => (count / (median(times) / 1000)).toFixed(0);
      console.log(
        `listen, ${count} messages of ${sizeBytes} bytes, ` +
          `${isOneConnection ? "10 connections" : "a connection each, 10 at a time"}: ` +
          `${rate(ours)} a second, Postfix's smtpd ${rate(theirs)} = ` +
          `${medianRatio(theirs, ours).toFixed(2)} x (budget ${budget})`,
      );
    }
  } finally {
    await endChild(child, "SIGTERM");
    await postfix();
    await Deno.remove(folder, { recursive: true });
  }
}

/** The service with a paused queue. */
async function startOurs(
  folder: string,
): Promise<{ readonly child: Deno.ChildProcess; readonly place: string }> {
  const root = new URL("../../", import.meta.url).pathname;
  await Deno.writeTextFile(`${folder}/mailq.toml`, "");
  // As `deno task mailq`.
  const flags = `--v8-flags=--no-lazy,${HEAP_FLAGS}`;
  const mailq = [Deno.execPath(), "run", "--no-check", flags, ...PERMISSIONS, `${root}main.ts`];
  const env = {
    MAILQ_CONFIG: `${folder}/mailq.toml`,
    MAILQ_QUEUE: `${folder}/queue.db`,
    MAILQ_TRANSPORT: "null:",
    MAILQ_LISTEN_SMTP: "127.0.0.1:0",
    MAILQ_HOSTNAME: "mx.receiver.test",
  };
  const message = new TextEncoder().encode("Subject: x\n\nHi\n");
  await runTimed([...mailq, "enqueue", "--to", "a@b.test"], { env, input: message });
  await runTimed([...mailq, "pause"], { env });
  const child = startChild([...mailq, "run", "--verbose"], { env, stdout: "null" });
  const stderr = new Heard(child.stderr);
  await stderr.said(/listening on \S+/);
  return { child, place: /listening on (\S+)/.exec(stderr.text)?.[1] ?? "" };
}

/** A Postfix that keeps all mail on hold; returns what ends it. */
async function startPostfix(folder: string, port: number): Promise<() => Promise<void>> {
  const home = `${folder}/postfix`;
  for (const path of ["", "/etc", "/spool", "/data", "/log"]) await Deno.mkdir(home + path);
  await Deno.writeTextFile(
    `${home}/etc/main.cf`,
    `compatibility_level = 3.6
queue_directory = ${home}/spool
data_directory = ${home}/data
maillog_file = ${home}/log/mail.log
maillog_file_prefixes = ${home}
myhostname = mx.receiver.test
mydestination =
mynetworks = 127.0.0.0/8
inet_protocols = ipv4
alias_maps =
alias_database =
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access static:HOLD, permit_mynetworks, reject
smtpd_client_connection_rate_limit = 0
smtpd_peername_lookup = no
in_flow_delay = 0
`,
  );
  await Deno.writeTextFile(
    `${home}/etc/master.cf`,
    `127.0.0.1:${port} inet n - n - 100 smtpd
postlog   unix-dgram n  -  n  -      1  postlogd
cleanup   unix       n  -  n  -      0  cleanup
qmgr      unix       n  -  n  300    1  qmgr
rewrite   unix       -  -  n  -      -  trivial-rewrite
bounce    unix       -  -  n  -      0  bounce
defer     unix       -  -  n  -      0  bounce
anvil     unix       -  -  n  -      1  anvil
error     unix       -  -  n  -      -  error
retry     unix       -  -  n  -      -  error
proxymap  unix       -  -  n  -      -  proxymap
`,
  );
  await childOk(["chown", "postfix", `${home}/data`]);
  const child = startChild([POSTFIX, "-c", `${home}/etc`, "start-fg"], {
    cwd: "/",
    stdout: "null",
    stderr: "null",
  });
  const readLog = () => Deno.readTextFile(`${home}/log/mail.log`).catch(() => "");
  await watched(`${home}/log`, async () => (await readLog()).match(/daemon started/));
  return async () => {
    const master = await Deno.readTextFile(`${home}/spool/pid/master.pid`);
    Deno.kill(Number(master), "SIGTERM");
    await child.status;
  };
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
