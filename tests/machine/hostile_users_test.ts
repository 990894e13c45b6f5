import assert from "node:assert/strict";
import { dropsOf, leftIn, makeSystemQueue } from "../e2e/support/system_queue.ts";
import { Running } from "../e2e/support/running.ts";
import { endChild, Heard, startChild } from "../support/child.ts";
import { mail, type Mailq, PROGRAM } from "../support/mailq.ts";
import { rowsOf } from "../support/queue_sqlite.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { require } from "./requirements.ts";
import { letNobodyIn, runAs, runAsNobody } from "./unprivileged.ts";

const SETPRIV = "/usr/bin/setpriv";
const PYTHON = "/usr/bin/python3";
/** Who attacks, and the web server whose mail is to go all the same. */
const NOBODY = 65534;
const WEB = 33;
const MAILS = 5;
/** What a mail may take longer than it takes undisturbed. */
const DELAY_MS = 1_000;
/** Where others keep the machine busy, too. */
const LONGEST_MS = 8_000;
const TRACEBACK = /^ +at |\b[A-Z]\w*Error:|Uncaught/m;

/** What all attacks begin with: a new drop's path by `drop()`, `say()` once all is set up, and
 *  `forever()` until the process is ended. */
const PRELUDE = `
import fcntl, itertools, json, os, signal, sys, time
folder, home = sys.argv[1], sys.argv[2]
signal.signal(signal.SIGIO, signal.SIG_IGN)
count = itertools.count()
def drop(): return "%s/00%07d-%032x.drop" % (folder, next(count), os.getpid())
def put(path, data): open(path, "wb").write(data)
def say(): print("ready", flush=True)
def forever():
    while True: signal.pause()
def frame(fields, content):
    head = json.dumps(fields).encode()
    return b"message %016d %016d\\n" % (len(head), len(content)) + head + content
def forged(n, **changes):
    fields = dict(id="%012d" % n, sender="ann@sender.test", recipients=["forged@receiver.test"],
        priority="normal", created_at=int(time.time() * 1000), send_at=None, expires_at=None,
        held=False, tags=[], key=None, dsn=None)
    fields.update(changes)
    content = b"From: ann@sender.test\\r\\nTo: x@receiver.test\\r\\nSubject: forged\\r\\n\\r\\nhi\\r\\n"
    return b"mailq-drop 1\\n" + frame(fields, content) + b"end %016d\\n" % 1
`;

interface Attack {
  readonly name: string;
  /** Python behind `PRELUDE`. */
  readonly script: string;
  /** How many messages of the attacker are mail like any other; left out where chance decides. */
  readonly good?: number;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "leases on a hundred drops",
    script: `
held = []
for n in range(100):
    path = drop(); put(path + ".x", forged(n)); os.rename(path + ".x", path)
    try:
        fd = os.open(path, os.O_RDWR); fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK); held.append(fd)
    except OSError: pass
if not held: sys.exit("no lease was given")
say(); forever()`,
  },
  {
    name: "leases taken anew all the time",
    script: `
say()
while True:
    path = drop(); fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try: fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError: pass
    time.sleep(0.02)`,
  },
  {
    name: "a flood of 5,000 empty drops",
    script: `
for n in range(5000):
    put(drop(), b"")
    if n == 1000: say()
forever()`,
    good: 0,
  },
  {
    name: "files with holes",
    script: `
for size in (1 << 21, 1 << 30, 1 << 40, (1 << 43) - 1):
    for start in (b"", b"mailq-drop 1\\n", b"mailq-drop 1\\nmessage %016d %016d\\n" % (100, size)):
        path = drop(); put(path, start); os.truncate(path, size)
say(); forever()`,
    good: 0,
  },
  {
    name: "links, pipes, folders and sockets",
    script: `
import socket
os.symlink("/etc/shadow", drop()); os.symlink("/dev/zero", drop()); os.symlink(folder, drop())
os.symlink(drop(), drop())
mine = home + "/mine"; put(mine, forged(1)); os.link(mine, drop())
os.mkfifo(drop()); os.makedirs(drop() + "/a/b/c")
socket.socket(socket.AF_UNIX).bind(drop())
try: os.link("/etc/shadow", drop())
except OSError: pass
for name in ("taken", "refused"):
    try: os.rename(mine, folder + "/" + name)
    except OSError: pass
say(); forever()`,
  },
  {
    name: "links and renames in the middle",
    script: `
say()
path = drop()
while True:
    for make in (lambda: put(path, forged(1)), lambda: os.symlink("/etc/shadow", path), lambda: os.mkfifo(path),
                 lambda: os.mkdir(path), lambda: os.link(home + "/mine", path), lambda: os.rename(path, drop())):
        try: make()
        except OSError: pass
        for undo in (os.unlink, os.rmdir):
            try: undo(path)
            except OSError: pass
    put(home + "/mine", forged(2)); time.sleep(0.001)`,
  },
  {
    name: "a drop that is written to while it is read",
    script: `
body = forged(1) + b"x" * 3000000
files = []
for n in range(10):
    path = drop(); files.append(os.open(path, os.O_RDWR | os.O_CREAT, 0o600)); os.write(files[-1], body)
say()
while True:
    for fd in files:
        os.ftruncate(fd, 20); os.pwrite(fd, body, 0); os.pwrite(fd, b"message %016d %016d\\n" % (9, 9), 13)`,
  },
  {
    name: "huge claimed sizes and counts",
    script: `
big = 10 ** 15
for line in (b"message %016d %016d\\n" % (big, big), b"message %016d %016d\\n" % (0, big), b"end %016d\\n" % big,
             b"message %016d %016d\\n" % (8 << 20, 10), b"message -000000000000001 0000000000000001\\n"):
    put(drop(), b"mailq-drop 1\\n" + line); put(drop(), b"mailq-drop 1\\n" + line + b"x" * 5000000)
put(drop(), b"mailq-drop 1\\n" + b"".join(frame(dict(id="%012d" % n), b"") for n in range(20000)))
put(drop(), b"mailq-drop 1\\n" + frame([[]] , b"") ); put(drop(), b"mailq-drop 1\\n" + frame(dict(a=["["] * 900000), b""))
put(drop(), b"mailq-drop 1\\nmessage %016d %016d\\n" % (4000000, 0) + b"[" * 4000000)
put(drop(), forged(3, recipients=["a@b.test"] * 10001)); put(drop(), b"\\xff" * 1000000)
say(); forever()`,
    good: 0,
  },
  {
    name: "forged submitters, ids and fields",
    script: `
put(drop(), forged(1, submitter="www-data")); put(drop(), forged(2, uid=33))
put(drop(), forged(3, replaces="000000000001")); put(drop(), forged(4, display={"from": "www-data"}))
put(drop(), forged(5, recipients=["a@b.test\\r\\nRCPT TO:<c@d.test>"]))
put(drop(), forged(6, sender="ann@sender.test> SIZE=1\\r\\n")); put(drop(), forged(7, id="../../../etc"))
put(drop(), forged(8, created_at=-1)); put(drop(), forged(9, created_at=10 ** 18))
put(drop(), forged(10, key="www-data:invoice"))
say(); forever()`,
    // The key is his own, whatever it looks like.
    good: 1,
  },
];

for (const attack of ATTACKS) {
  Deno.test(`hostile users: ${attack.name}`, async () => await withstand(attack));
}

/** Runs the service, and an attack on its drop folder beside it; another user's mail is to go in
 *  time and in his name, and nobody else's is. */
async function withstand({ name, script, good }: Attack): Promise<void> {
  const arrived = new Map<string, (at: number) => void>();
  await using server = new SmtpServer({
    onAccepted: ({ to, at }) => to.forEach((one) => arrived.get(one)?.(at)),
  });
  await using mailq = await makeSystemQueue({ MAILQ_TRANSPORT: server.url });
  const home = await letNobodyIn(mailq);
  await using run = await Running.service(mailq);
  const ids: string[] = [];

  /** Hands one mail in as the web server; returns the ms from the call's end to its arrival. */
  const send = async (): Promise<number> => {
    const to = `mail${ids.length}@receiver.test`;
    const { promise, resolve } = Promise.withResolvers<number>();
    arrived.set(to, resolve);
    const ended = await runAs(
      mailq,
      WEB,
      [...PROGRAM, "enqueue", "--key", `invoice${ids.length}`],
      {
        stdin: mail({ to }),
      },
    );
    assert.equal(ended.code, 0, ended.stderr);
    const queuedAt = Date.now();
    ids.push(ended.stdout.trim());
    const late = AbortSignal.timeout(60_000);
    const never = new Promise<number>((_, reject) => {
      late.addEventListener(
        "abort",
        () => reject(new Error(`not sent in a minute\n${run.stderr}`)),
      );
    });
    return Math.max(0, await Promise.race([promise, never]) - queuedAt);
  };

  const undisturbed: number[] = [];
  for (let n = 0; n < 3; n++) undisturbed.push(await send());
  const attacker = await Attacker.start(mailq, home, script);
  const delays: number[] = [];
  try {
    for (let n = 0; n < MAILS; n++) delays.push(await send());
    // His own commands are denied to him as ever.
    const listed = await runAsNobody(mailq, ["list"]);
    assert.equal(listed.code, 77, listed.stderr);
  } finally {
    await attacker.end();
  }
  const limit = median(undisturbed) + DELAY_MS;
  const figures = `${name}: ${delays.map(Math.round)} ms, undisturbed ${
    undisturbed.map(Math.round)
  } ms`;
  if (Deno.env.has("MAILQ_TEST_FIGURES")) console.error(figures);
  assert.ok(median(delays) <= limit, figures);
  assert.ok(Math.max(...delays) <= LONGEST_MS, figures);
  await run.stop();
  assert.doesNotMatch(run.stderr, TRACEBACK);
  const sent = await mailq.run(["send"]);
  assert.equal(sent.code, 0, sent.stderr);
  assert.doesNotMatch(sent.stderr, TRACEBACK);
  const owned = submitters(mailq);
  assert.deepEqual(owned.get("www-data")?.toSorted(), ids.toSorted(), "in whose name mail went");
  assert.deepEqual([...owned.keys()].filter((one) => !/^(www-data|nobody)$/.test(one)), []);
  if (good !== undefined) assert.equal(owned.get("nobody")?.length ?? 0, good);
  const { dropped, taken } = leftIn(mailq);
  assert.deepEqual([dropped.filter((one) => !one.startsWith(".")), taken], [[], []]);
  const [secret = ""] = (await Deno.readTextFile("/etc/shadow")).split("\n");
  for (const { data } of server.messages) {
    assert.ok(!new TextDecoder().decode(data).includes(secret), "another's file was mailed");
  }
}

/** The ids of the queue's messages by who submitted them. */
function submitters(mailq: Mailq): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const rows = rowsOf(mailq.env.MAILQ_QUEUE ?? "", "SELECT id, submitter FROM message");
  for (const { id, submitter } of rows) {
    const who = String(submitter);
    found.set(who, [...found.get(who) ?? [], String(id)]);
  }
  return found;
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[values.length >> 1] ?? NaN;
}

/** A process of the user nobody that does the drop folder harm. */
class Attacker {
  readonly #stdout: Heard;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#stdout = new Heard(child.stdout);
  }

  /** Resolves once the attack is under way; rejects if it cannot be made. */
  static async start(mailq: Mailq, home: string, script: string): Promise<Attacker> {
    require(SETPRIV, PYTHON);
    const user = [`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"];
    const words = [PYTHON, "-c", PRELUDE + script, dropsOf(mailq), home];
    const attacker = new Attacker(startChild([SETPRIV, ...user, ...words], { stderr: "inherit" }));
    await attacker.#stdout.said(/^ready\n/);
    return attacker;
  }

  async end(): Promise<void> {
    await endChild(this.child);
    await this.#stdout.end;
  }
}
