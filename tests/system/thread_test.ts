import assert from "node:assert/strict";
import { errorFromThread, MailqError } from "../../src/queue/errors.ts";
import { Thread } from "../../src/system/thread.ts";
import type { Question } from "./thread_child.ts";

const CHILD = import.meta.resolve("./thread_child.ts");

class Asked implements Disposable {
  readonly thread: Thread<Question, unknown>;

  constructor(url = CHILD) {
    this.thread = new Thread(url, errorFromThread);
  }

  ask(question: Question): Promise<unknown> {
    return this.thread.ask(question);
  }

  [Symbol.dispose](): void {
    this.thread.end(new Error("the test is over"));
  }
}

Deno.test("Thread: each question has its own answer, whatever their order", async () => {
  using asked = new Asked();
  const open = asked.ask({ kind: "open" });
  const sums = [1, 2, 3].map((n) => asked.ask({ kind: "add", numbers: [n, 10] }));
  assert.deepEqual(await Promise.all(sums), [11, 12, 13]);
  await asked.ask({ kind: "release" });
  assert.equal(await open, "released");
});

Deno.test("Thread: what it throws is thrown here, with its code", async () => {
  using asked = new Asked();
  await assert.rejects(asked.ask({ kind: "throw", code: "disk_full" }), (error) => {
    assert.ok(error instanceof MailqError);
    assert.deepEqual([error.code, error.exit, error.message], ["disk_full", 74, "no room"]);
    return true;
  });
  await assert.rejects(asked.ask({ kind: "throw", code: "EOTHER" }), (error: Error) => {
    assert.ok(!(error instanceof MailqError));
    assert.equal(error.message, "no room");
    assert.match(error.stack ?? "", /thread_child\.ts/);
    return true;
  });
  await assert.rejects(asked.ask({ kind: "throw text" }), { message: "text alone" });
  assert.equal(await asked.ask({ kind: "add", numbers: [1] }), 1, "it goes on");
});

Deno.test("Thread: what is named of an answer is given away", async () => {
  using asked = new Asked();
  const buffer = await asked.ask({ kind: "give", size: 1_000 });
  assert.ok(buffer instanceof ArrayBuffer && buffer.byteLength === 1_000);
});

Deno.test("Thread: ended while it is busy, it rejects what is open and what comes after", async () => {
  using asked = new Asked();
  await asked.ask({ kind: "add", numbers: [] });
  const spinning = asked.ask({ kind: "spin" });
  const behind = asked.ask({ kind: "add", numbers: [] });
  const reason = new Error("enough");
  asked.thread.end(reason);
  asked.thread.end(new Error("a second end"));
  const rejected = (error: unknown) => error === reason;
  await assert.rejects(spinning, rejected);
  await assert.rejects(behind, rejected);
  await assert.rejects(asked.ask({ kind: "add", numbers: [] }), rejected);
  assert.equal(asked.thread.isAlive, false);
});

Deno.test("Thread: an error that nobody catches ends it and rejects what is open", async () => {
  using asked = new Asked();
  const open = asked.ask({ kind: "open" });
  open.catch(() => {});
  await assert.rejects(asked.ask({ kind: "fail" }), /nobody catches this/);
  await assert.rejects(open, /nobody catches this/);
  assert.equal(asked.thread.isAlive, false);
});

Deno.test("Thread: a module that cannot be loaded is told to who asks", async () => {
  using asked = new Asked("data:text/javascript,throw new Error('not to be loaded')");
  await assert.rejects(asked.ask({ kind: "add", numbers: [] }), /not to be loaded/);
  assert.equal(asked.thread.isAlive, false);
});
