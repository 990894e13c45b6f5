// Every command on a disk that fails: a library laid below the program (shim.c) makes the n-th
// write, sync, open, rename, link, unlink, mkdir or flock in the queue's folder fail. Whatever
// fails: the exit status says what is true of the queue, in one line, and nothing is lost.

import assert from "node:assert/strict";
import { openStore } from "../../../src/store/open.ts";
import { systemClock, systemRandom } from "../../../src/system/time.ts";
import type { Ended } from "../../support/child.ts";
import { Mailq, PROGRAM } from "../../support/mailq.ts";

const ERRORS = { EIO: 5, ENOSPC: 28, EDQUOT: 122, EMFILE: 24, ENOLCK: 37 } as const;
type ErrorName = keyof typeof ERRORS;

/** What each kind of call may fail with. */
const CALLS: Readonly<Record<string, readonly ErrorName[]>> = {
  open: ["EMFILE", "ENOSPC"],
  write: ["EIO", "ENOSPC", "EDQUOT"],
  sync: ["EIO", "ENOSPC"],
  flock: ["ENOLCK", "EIO"],
  rename: ["EIO", "ENOSPC"],
  link: ["EIO"],
  unlink: ["EIO"],
  mkdir: ["ENOSPC"],
};

/** So many calls of a kind are tried, spread over all of them, each with the next of its errors. */
const MOST_CALLS = 12;
/** So many are tried at a time. */
const AT_ONCE = 3;

const mail = (n: number) => `From: a@x.test\nTo: b${n}@x.test\nSubject: mail ${n}\n\ntext ${n}\n`;

interface Case {
  readonly name: string;
  readonly args: (mailq: Mailq) => readonly string[];
  readonly stdin?: string;
  /** Messages put into the queue before. */
  readonly messages: number;
  /** Messages that an exit status of 0 adds, all or none; 0 of commands that add none. */
  readonly adds: number;
}

const CASES: readonly Case[] = [
  {
    name: "enqueue into a new queue",
    args: () => ["enqueue"],
    stdin: mail(1),
    messages: 0,
    adds: 1,
  },
  { name: "enqueue", args: () => ["enqueue"], stdin: mail(1), messages: 3, adds: 1 },
  { name: "sendmail", args: () => ["sendmail", "-t"], stdin: mail(1), messages: 3, adds: 1 },
  {
    name: "enqueue of a large message",
    args: () => ["enqueue"],
    stdin: mail(1) + "0123456789abcdef\n".repeat(150_000),
    messages: 1,
    adds: 1,
  },
  {
    name: "tx",
    args: () => ["tx", "--", "sh", "-c", 'eval "$MAILQ enqueue mail.eml"'],
    messages: 1,
    adds: 1,
  },
  { name: "send", args: () => ["send"], messages: 4, adds: 0 },
  { name: "run --once", args: () => ["run", "--once"], messages: 4, adds: 0 },
  { name: "retry", args: () => ["retry"], messages: 2, adds: 0 },
  { name: "hold", args: () => ["hold", "--all"], messages: 2, adds: 0 },
  { name: "cancel", args: () => ["cancel", "--all"], messages: 2, adds: 0 },
  { name: "purge", args: () => ["purge", "--all", "--undelivered"], messages: 2, adds: 0 },
  { name: "suppress", args: () => ["suppress", "add", "z@x.test"], messages: 1, adds: 0 },
  { name: "pause", args: () => ["pause"], messages: 1, adds: 0 },
  { name: "list", args: () => ["list"], messages: 2, adds: 0 },
  {
    name: "backup",
    args: ({ folder }) => ["backup", `${folder}/queue/backup.db`],
    messages: 2,
    adds: 0,
  },
  {
    name: "export",
    args: ({ folder }) => ["export", "--all", "--maildir", `${folder}/queue/out`],
    messages: 2,
    adds: 0,
  },
];

const shim = await buildShim();

for (const one of CASES) {
  Deno.test({
    name: `faults: ${one.name}: exit status and queue agree, whatever call fails`,
    ignore: shim === null,
    fn: async () => {
      await using template = await prepared(one);
      const faults: Fault[] = [];
      for (const [call, errors] of Object.entries(CALLS)) {
        const count = await countCalls(template, one, call);
        faults.push(...faultsOf(call, errors, count));
      }
      assert.ok(faults.length > 0, "no call was counted");
      const left = faults.values();
      const wrong: string[] = [];
      const tryAll = async () => {
        for (const fault of left) {
          await tryFault(template, one, fault).catch(({ message }) => wrong.push(message));
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, tryAll));
      assert.deepEqual(wrong, [], `${wrong.length} of ${faults.length} faults end wrong`);
    },
  });
}

interface Fault {
  readonly call: string;
  readonly n: number;
  readonly error: ErrorName;
}

/** The errors in turn over calls spread from the first to the last; of a few calls each error. */
function faultsOf(call: string, errors: readonly ErrorName[], count: number): Fault[] {
  if (count * errors.length <= MOST_CALLS) {
    return Array.from(
      { length: count },
      (_, i) => errors.map((error) => ({ call, n: i + 1, error })),
    )
      .flat();
  }
  return Array.from({ length: MOST_CALLS }, (_, i) => {
    const n = 1 + Math.round(i * (count - 1) / (MOST_CALLS - 1));
    // There is one for each place.
    return { call, n, error: errors[i % errors.length] as ErrorName };
  });
}

async function tryFault(template: Mailq, one: Case, { call, n, error }: Fault): Promise<void> {
  const what = `${one.name}, ${call} ${n}, ${error}`;
  await using mailq = await copyOf(template);
  const before = await subjects(mailq);
  const ended = await underShim(mailq, one, {
    FAULT_CALL: call,
    FAULT_N: String(n),
    FAULT_ERRNO: String(ERRORS[error]),
  });
  const said = `${what}: exit ${ended.code} ${ended.signal ?? ""}, said: ${ended.stderr}`;
  assert.ok([0, 73, 74, 75, 77].includes(ended.code), said);
  assert.doesNotMatch(ended.stderr, /^\s+at |panicked|Uncaught|stack/m, said);
  // An export tells in one more what it has written by then.
  const lines = ended.stderr.trim().split("\n").filter((line) =>
    !/exported before that$/.test(line)
  );
  assert.ok(lines.length <= 1, `${said}; more than one line`);
  if (ended.code !== 0) assert.match(ended.stderr, /^mailq: [A-Z]/m, said);
  const after = await subjects(mailq);
  if (one.adds > 0) {
    assert.equal(after.length, before.length + (ended.code === 0 ? one.adds : 0), said);
  } else if (one.name === "purge") {
    if (ended.code === 0) assert.equal(after.length, 0, said);
  } else assert.deepEqual(after, before, said);
  const left = await workerFiles(mailq);
  assert.deepEqual(left.filter((size) => size === 0), [], `${said}; an empty lock file is left`);
  // What was sent is sent, and what was not waits: nothing is lost, and the next pass sends it.
  if (one.name !== "send" && one.name !== "run --once") return;
  await mailq.ok(["retry"]);
  await mailq.ok(["send"]);
  const delivered = new Set<string>();
  for await (const { name } of Deno.readDir(`${mailq.env.SINK}/new`)) {
    const text = await Deno.readTextFile(`${mailq.env.SINK}/new/${name}`);
    delivered.add(/^Subject: (.*)$/m.exec(text)?.[1] ?? "");
  }
  assert.deepEqual([...delivered].sort(), before, said);
}

async function countCalls(template: Mailq, one: Case, call: string): Promise<number> {
  await using mailq = await copyOf(template);
  const count = `${mailq.folder}/count`;
  const ended = await underShim(mailq, one, {
    FAULT_CALL: call,
    FAULT_N: "0",
    FAULT_ERRNO: "5",
    FAULT_COUNT: count,
  });
  assert.equal(ended.code, 0, `${one.name}: ${ended.stderr}`);
  return await Deno.stat(count).then(({ size }) => size, () => 0);
}

/** A queue with the messages of a case, and a Maildir beside it that mail is sent into. */
async function prepared(one: Case): Promise<Mailq> {
  const mailq = await Mailq.make();
  mailq.env.SINK = `${mailq.folder}/sink`;
  mailq.env.MAILQ_TRANSPORT = `maildir:${mailq.env.SINK}`;
  const folder = `${mailq.folder}/queue`;
  await Deno.mkdir(folder, { mode: 0o700 });
  mailq.env.MAILQ_QUEUE = `${folder}/queue.db`;
  await Deno.writeTextFile(`${mailq.folder}/mail.eml`, mail(1));
  if (one.messages > 0) {
    await Deno.mkdir(`${mailq.folder}/mails`);
    for (let n = 0; n < one.messages; n++) {
      await Deno.writeTextFile(`${mailq.folder}/mails/${n}.eml`, mail(n));
    }
    await mailq.ok(["enqueue", `${mailq.folder}/mails`]);
  }
  return mailq;
}

/** Another queue with the same messages. */
async function copyOf(template: Mailq): Promise<Mailq> {
  const mailq = await Mailq.make();
  const { success } = await new Deno.Command("cp", {
    args: ["-a", `${template.folder}/.`, mailq.folder],
  }).output();
  assert.ok(success);
  for (const name of ["MAILQ_QUEUE", "SINK", "MAILQ_TRANSPORT"]) {
    mailq.env[name] = template.env[name]?.replace(template.folder, mailq.folder) ?? "";
  }
  return mailq;
}

async function underShim(
  mailq: Mailq,
  one: Case,
  env: Readonly<Record<string, string>>,
): Promise<Ended> {
  return await mailq.run(one.args(mailq), {
    stdin: one.stdin ?? "",
    env: {
      ...env,
      LD_PRELOAD: shim ?? "",
      FAULT_UNDER: `${mailq.folder}/queue/`,
      MAILQ: programText(),
    },
  });
}

/** The sizes of the workers' lock files beside the queue. */
async function workerFiles(mailq: Mailq): Promise<number[]> {
  const sizes: number[] = [];
  for await (const { name } of Deno.readDir(`${mailq.folder}/queue`)) {
    if (!name.includes("-worker-")) continue;
    sizes.push((await Deno.stat(`${mailq.folder}/queue/${name}`)).size);
  }
  return sizes;
}

/** What is visible in the queue, by its own code: nothing fails here. */
async function subjects(mailq: Mailq): Promise<string[]> {
  const path = mailq.env.MAILQ_QUEUE ?? "";
  const store = await openStore(path, {
    create: false,
    isWorker: true,
    clock: systemClock,
    random: systemRandom,
  });
  try {
    const found: string[] = [];
    for await (const one of store.list({}, { sort: "newest", after: null, limit: 0 })) {
      found.push(String(one.subject));
    }
    return found.sort();
  } finally {
    await store.close();
  }
}

/** The program as a shell is told to call it. */
function programText(): string {
  return PROGRAM.map((word) => `'${word}'`).join(" ");
}

/** Compiles shim.c; null where there is no C compiler. */
async function buildShim(): Promise<string | null> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-shim-" });
  addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const source = new URL("shim.c", import.meta.url).pathname;
  const library = `${folder}/shim.so`;
  try {
    const { success, stderr } = await new Deno.Command("cc", {
      args: ["-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return library;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log("faults: not run: there is no C compiler here (cc); Debian: apt-get install gcc");
    return null;
  }
}
