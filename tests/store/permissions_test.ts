import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import { translateError } from "../../src/store/sqlite/db/errors.ts";
import { explainOpenError } from "../../src/store/sqlite/db/open_errors.ts";
import { enqueued, newMessage } from "../support/queue_messages.ts";
import { QueueProcess } from "../support/queue_process.ts";
import { openSqlite, SqliteFixture } from "../support/queue_sqlite.ts";

interface Case {
  readonly what: string;
  readonly folderMode: number;
  readonly fileMode: number | null;
  readonly says: RegExp;
}

const CASES: readonly Case[] = [
  {
    what: "a queue that may not be read",
    folderMode: 0o755,
    fileMode: 0o000,
    says: /^permission 77 Cannot open the queue/,
  },
  {
    what: "a queue that may be read only",
    folderMode: 0o777,
    fileMode: 0o444,
    says: /^permission 77 Cannot (write|open) the queue/,
  },
  {
    what: "a queue in a folder that may not be written",
    folderMode: 0o555,
    fileMode: 0o666,
    says: /^permission 77 Cannot (write|open) the queue/,
  },
  {
    what: "a new queue in a folder that may not be written",
    folderMode: 0o555,
    fileMode: null,
    says: /^permission 77 Cannot create the queue .*: you may not write in its folder/,
  },
  {
    what: "a new queue in a folder that may not be entered",
    folderMode: 0o000,
    fileMode: null,
    says: /^permission 77 /,
  },
];

for (const { what, folderMode, fileMode, says } of CASES) {
  Deno.test(`SQLite store: ${what} is an error of permission`, async () => {
    const home = await Deno.makeTempDir();
    await Deno.chmod(home, 0o777);
    const folder = `${home}/folder`;
    const path = `${folder}/queue.db`;
    await Deno.mkdir(folder);
    if (fileMode !== null) {
      const store = await openSqlite(path);
      await enqueued(store);
      await store.close();
      await Deno.chmod(path, fileMode);
    }
    await Deno.chmod(folder, folderMode);
    try {
      await using child = QueueProcess.startUnprivileged("use", path, home);
      assert.match(await child.says(), says);
      await child.end();
    } finally {
      await Deno.chmod(folder, 0o700);
      await Deno.remove(home, { recursive: true });
    }
  });
}

Deno.test("SQLite store: a connection that may only read says so", async () => {
  await using fixture = await SqliteFixture.open();
  fixture.store.db.get("PRAGMA query_only = 1");
  await assert.rejects(fixture.store.enqueue([newMessage()]), { code: "permission", exit: 77 });
});

const CODES = [
  [3, "permission"],
  [5, "busy"],
  [5 | 2 << 8, "busy"],
  [6, "busy"],
  [8, "permission"],
  [8 | 6 << 8, "permission"],
  [10, "io_error"],
  [10 | 18 << 8, "io_error"],
  [11, "queue_corrupt"],
  [13, "disk_full"],
  [14, "io_error"],
  [26, "queue_foreign"],
] as const;

for (const [errcode, code] of CODES) {
  Deno.test(`translateError: SQLite's ${errcode} is ${code}, with its cause`, () => {
    const cause = Object.assign(new Error("what SQLite says"), {
      code: "ERR_SQLITE_ERROR",
      errcode,
    });
    const error = translateError(cause, "/var/queue.db");
    assert(error instanceof MailqError);
    assert.equal(error.code, code);
    assert.equal(error.cause, cause);
    assert.match(error.message, /\/var\/queue\.db/);
  });
}

Deno.test("translateError: what Deno forbids is an error of permission, whatever its code", () => {
  const denied = new Deno.errors.NotCapable("Requires read access");
  Object.assign(denied, { code: "ERR_SQLITE_ERROR", errcode: 1 });
  assert.equal(Reflect.get(translateError(denied, "q"), "code"), "permission");
  const refused = new Deno.errors.PermissionDenied("no");
  assert.equal(Reflect.get(translateError(refused, "q"), "code"), "permission");
});

Deno.test("translateError: an error of the program stays what it is", () => {
  const bug = new TypeError("undefined is not a function");
  assert.equal(translateError(bug, "q"), bug);
  const known = new MailqError("usage", "no");
  assert.equal(translateError(known, "q"), known);
  const constraint = Object.assign(new Error("UNIQUE constraint failed"), { errcode: 2067 });
  assert.equal(translateError(constraint, "q"), constraint);
  assert(translateError("thrown text", "q") instanceof Error);
});

Deno.test("explainOpenError: what SQLite cannot open is looked into: the place tells why", async () => {
  const vague = Object.assign(new Error("unable to open database file"), { errcode: 14 });
  const folder = await Deno.makeTempDir({ prefix: "mailq-open-" });
  const path = `${folder}/queue.db`;
  const explained = (queue: string) => {
    const error = explainOpenError(vague, queue);
    assert(error instanceof MailqError);
    return [error.code, error.message.replace(/^.*?: /, "")];
  };
  await Deno.writeTextFile(path, "");
  const again = ["busy", "the system could not open a file just now; try again"];
  assert.deepEqual(explained(path), again);
  const { openSync } = Deno;
  for (
    const [thrown, code, says] of [
      [Object.assign(new Error("full"), { code: "ENOSPC" }), "disk_full", /df -i/],
      [new Error("Too many open files (os error 24)"), "busy", /too many files are open/],
      [new Error("Read-only file system (os error 30)"), "permission", /read-only/],
      [new Error("Input/output error (os error 5)"), "io_error", /dmesg/],
    ] as const
  ) {
    try {
      Deno.openSync = () => {
        throw thrown;
      };
      const [found, reason] = explained(path);
      assert.equal(found, code);
      assert.match(reason ?? "", says);
    } finally {
      Deno.openSync = openSync;
    }
  }
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name), ["queue.db"]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test({
  name: "explainOpenError: names the owner of a queue that is another's",
  ignore: Deno.uid() !== 0,
  async fn() {
    const denied = new Deno.errors.PermissionDenied("no");
    const path = await Deno.makeTempFile();
    const whose = async (uid: number) => {
      await Deno.chown(path, uid, uid);
      return explainOpenError(denied, path).message.replace(/^.*; it belongs to /, "");
    };
    assert.equal(await whose(1), "the user daemon, who alone may open it");
    assert.equal(await whose(54_321), "uid54321, who alone may open it");
    await Deno.remove(path);
  },
});
