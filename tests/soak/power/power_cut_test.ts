// The power cut after every call that a command makes: the record of a real run (recorder.c below the
// program) is replayed up to each call, what was not synced is kept, dropped or torn (disk.ts), and the
// queue is opened as it then lies on the disk. What was acknowledged is there, whole; what was not is
// there as a whole or not at all.

import assert from "node:assert/strict";
import { openStore } from "../../../src/store/open.ts";
import { systemClock, systemRandom } from "../../../src/system/time.ts";
import { Mailq, PROGRAM } from "../../support/mailq.ts";
import { buildLibrary } from "../library.ts";
import { type Call, Disk, type Fate, readRecord } from "./disk.ts";
import { numbers } from "./numbers.ts";

/** States looked at for one command, at most; those around syncs always. */
const MOST_STATES = 400;
const FATES: readonly Fate[] = ["kept", "dropped", "torn"];

const library = await buildLibrary(new URL("recorder.c", import.meta.url));

const mail = (subject: string, bytes = 500) =>
  `From: a@x.test\nTo: b@x.test\nSubject: ${subject}\n\n${"0123456789abcde\n".repeat(bytes / 16)}`;

/** Subject and status of each message, with its whole text. */
interface Seen {
  readonly status: string;
  readonly text: string;
}

interface Case {
  readonly name: string;
  readonly args: (mailq: Mailq) => readonly string[];
  readonly stdin?: string;
  /** Subjects that the command adds, all or none. */
  readonly adds?: readonly string[];
  /** What else may become of the messages that were there: by subject, the statuses allowed. */
  readonly allows?: readonly string[];
  /** The messages that were there may be gone. */
  readonly deletes?: boolean;
}

const CASES: readonly Case[] = [
  { name: "enqueue", args: () => ["enqueue"], stdin: mail("new"), adds: ["new"] },
  { name: "sendmail", args: () => ["sendmail", "-t"], stdin: mail("new"), adds: ["new"] },
  {
    name: "enqueue of a large message",
    args: () => ["enqueue"],
    stdin: mail("large", 1_200_000),
    adds: ["large"],
  },
  {
    name: "enqueue of a folder",
    args: ({ folder }) => ["enqueue", `${folder}/mails`],
    adds: ["one", "two", "three"],
  },
  {
    name: "tx",
    args:
      () => ["tx", "--", "sh", "-c", 'eval "$MAILQ enqueue mail.eml && $MAILQ enqueue mail2.eml"'],
    adds: ["first", "second"],
  },
  {
    name: "send",
    args: () => ["send"],
    allows: ["queued", "sending", "sent"],
  },
  { name: "hold", args: () => ["hold", "--all"], allows: ["queued", "held"] },
  {
    name: "purge",
    args: () => ["purge", "--all", "--undelivered"],
    allows: ["queued"],
    deletes: true,
  },
];

for (const one of CASES) {
  Deno.test({
    name: `power cut: ${one.name}: nothing acknowledged is lost, nothing is there by halves`,
    ignore: library === null,
    fn: async () => {
      await using mailq = await Mailq.make();
      const queue = `${mailq.folder}/q`;
      await Deno.mkdir(queue, { mode: 0o700 });
      mailq.env.MAILQ_QUEUE = `${queue}/queue.db`;
      mailq.env.MAILQ_TRANSPORT = `maildir:${mailq.folder}/sink`;
      await Deno.mkdir(`${mailq.folder}/mails`);
      for (const name of ["one", "two", "three"]) {
        await Deno.writeTextFile(`${mailq.folder}/mails/${name}.eml`, mail(name));
      }
      await Deno.writeTextFile(`${mailq.folder}/mail.eml`, mail("first"));
      await Deno.writeTextFile(`${mailq.folder}/mail2.eml`, mail("second"));
      for (const subject of ["old", "older", "oldest"]) await mailq.enqueue(mail(subject));
      const before = await readFiles(queue);
      const old = await lookInto(before);
      assert.equal(old.size, 3);

      const record = `${mailq.folder}/record`;
      const ended = await mailq.run(one.args(mailq), {
        stdin: one.stdin ?? "",
        env: {
          LD_PRELOAD: library ?? "",
          RECORD_UNDER: queue,
          RECORD_TO: record,
          MAILQ: PROGRAM.map((word) => `'${word}'`).join(" "),
        },
      });
      assert.equal(ended.code, 0, ended.stderr);
      const calls = readRecord(await Deno.readFile(record), queue);
      const states = await replay(one, before, old, calls);
      console.log(`${one.name}: ${calls.length} calls, ${states} states`);
    },
  });
}

async function replay(
  one: Case,
  before: ReadonlyMap<string, Uint8Array>,
  old: ReadonlyMap<string, Seen>,
  calls: readonly Call[],
): Promise<number> {
  const disk = new Disk(before);
  const unit = numbers(42);
  const step = Math.max(1, Math.ceil(calls.length * FATES.length / MOST_STATES));
  let states = 0;
  for (let n = 0; n <= calls.length; n++) {
    const call = calls[n - 1];
    if (call !== undefined) disk.apply(call);
    const isNearSync = [calls[n - 1], calls[n]].some((near) =>
      near?.kind === "sync" || near?.kind === "syncfs"
    );
    if (!isNearSync && n % step !== 0 && n < calls.length) continue;
    for (const fate of FATES) {
      states++;
      const what = `${one.name}, after ${n} of ${calls.length} calls (${call?.kind}), ${fate}`;
      const seen = await lookInto(disk.after(fate, unit)).catch((error) => {
        throw new Error(`${what}: ${error}`, { cause: error });
      });
      check(one, { old, seen, isAcknowledged: n === calls.length, what });
    }
  }
  return states;
}

function check(
  { adds = [], allows = ["queued"], deletes = false }: Case,
  { old, seen, isAcknowledged, what }: {
    readonly old: ReadonlyMap<string, Seen>;
    readonly seen: ReadonlyMap<string, Seen>;
    readonly isAcknowledged: boolean;
    readonly what: string;
  },
): void {
  for (const [subject, { text }] of old) {
    const found = seen.get(subject);
    if (found === undefined) {
      assert.ok(deletes, `${what}: ${subject} is lost`);
      continue;
    }
    assert.equal(found.text, text, `${what}: ${subject} has other bytes`);
    assert.ok(allows.includes(found.status), `${what}: ${subject} is ${found.status}`);
  }
  if (deletes && isAcknowledged) assert.equal(seen.size, 0, what);
  const added = adds.filter((subject) => seen.has(subject));
  assert.ok([0, adds.length].includes(added.length), `${what}: only ${added} of ${adds}`);
  if (isAcknowledged) assert.equal(added.length, adds.length, `${what}: acknowledged and lost`);
  for (const [subject, { text }] of seen) {
    if (!adds.includes(subject)) continue;
    assert.match(
      text,
      /^[\s\S]*\r\n\r\n(0123456789abcde\r\n)+$/,
      `${what}: ${subject} is no whole`,
    );
  }
}

/** The messages of a queue as it lies on a disk, in a folder of its own. The queue is opened as the next
 *  command would, and looked over by SQLite as a whole. */
async function lookInto(files: ReadonlyMap<string, Uint8Array>): Promise<Map<string, Seen>> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-cut-" });
  try {
    for (const [name, bytes] of files) {
      // What readers share in memory is made anew after a cut.
      if (!name.endsWith("-shm")) await Deno.writeFile(`${folder}/${name}`, bytes, { mode: 0o600 });
    }
    const seen = new Map<string, Seen>();
    const store = await openStore(`${folder}/queue.db`, {
      create: false,
      isWorker: true,
      clock: systemClock,
      random: systemRandom,
    });
    try {
      await store.takeOver();
      for await (const { id } of store.list({}, { sort: "oldest", after: null, limit: 0 })) {
        const message = await store.show(id);
        assert.ok(message);
        const pieces: Uint8Array<ArrayBuffer>[] = [];
        for await (const piece of store.content(message.seq)) pieces.push(piece.slice());
        const text = await new Blob(pieces).text();
        seen.set(message.subject ?? "", { status: message.status, text });
      }
      await store.backup(`${folder}/copy.db`, {
        replaces: false,
        signal: new AbortController().signal,
      });
    } finally {
      await store.close();
    }
    return seen;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function readFiles(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (isFile) files.set(name, await Deno.readFile(`${folder}/${name}`));
  }
  return files;
}
