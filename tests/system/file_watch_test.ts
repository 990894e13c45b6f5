import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { FileWatch } from "../../src/system/file_watch.ts";
import { wait } from "../../src/system/time.ts";

/** Longer than any test may take: only a touch ends a wait of this length in time. */
const LONG_MS = 600_000;
const never = () => new AbortController().signal;

class Folder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir({ prefix: "mailq-watch-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

/** In place of the system's: tells what the test says, as long as it is not closed. */
class SaidEvents implements Disposable {
  readonly #system = Deno.watchFs;
  readonly #said = new TransformStream<Deno.FsEvent, Deno.FsEvent>();
  readonly #writer = this.#said.writable.getWriter();
  watched: readonly string[] = [];
  isClosed = false;

  constructor() {
    Reflect.set(Deno, "watchFs", (paths: string[]) => {
      this.watched = paths;
      const { readable } = this.#said;
      return {
        [Symbol.asyncIterator]: () => readable.values(),
        close: () => this.isClosed = true,
      };
    });
  }

  /** Resolves once the watch has taken it and asks for more. */
  async say(kind: Deno.FsEvent["kind"]): Promise<void> {
    await this.#writer.write({ kind, paths: [] });
    await this.#writer.ready;
  }

  async break(): Promise<void> {
    await this.#writer.abort(new Error("too many events"));
  }

  [Symbol.dispose](): void {
    Reflect.set(Deno, "watchFs", this.#system);
  }
}

/** Waits that end when the test says, and that it can see. */
class SaidWaits {
  begun = 0;
  signal: AbortSignal | null = null;
  end = () => {};

  readonly wait = (_ms: number, signal: AbortSignal): Promise<void> => {
    this.begun++;
    this.signal = signal;
    return new Promise((resolve) => {
      this.end = resolve;
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  };
}

Deno.test("a touch by another process ends the wait", async () => {
  await using folder = await Folder.make();
  const file = `${folder.path}/wake`;
  await Deno.writeTextFile(file, "");
  using watch = new FileWatch({ wait });
  assert.ok(watch.watch(file));
  const next = watch.next(LONG_MS, never());
  await childOk(["touch", file]);
  await next;
  assert.ok(watch.isTouched);
});

Deno.test("each of a thousand touches ends a wait, however close they come to its beginning", async () => {
  await using folder = await Folder.make();
  using watch = new FileWatch({ wait });
  assert.ok(watch.watch(folder.path));
  const seen = new Set<string>();
  const names = Array.from({ length: 1_000 }, (_, n) => `${n}`);
  const making = (async () => {
    for (const name of names) {
      await Deno.writeTextFile(`${folder.path}/${name}`, "");
      // Let the watch run at other moments each time.
      for (let turn = Number(name) % 4; turn > 0; turn--) await Promise.resolve();
    }
  })();
  // As the users of a watch do: forget, look, wait. A lost touch would keep this waiting for ever.
  while (seen.size < names.length) {
    watch.clear();
    for (const { name } of Deno.readDirSync(folder.path)) seen.add(name);
    if (seen.size < names.length) await watch.next(LONG_MS, never());
  }
  await making;
});

Deno.test("what is made in, or moved into, any of several folders is told", async () => {
  await using folder = await Folder.make();
  const [one, other] = [`${folder.path}/one`, `${folder.path}/other`];
  await Deno.mkdir(one);
  await Deno.mkdir(other);
  await Deno.writeTextFile(`${folder.path}/ready`, "");
  for (
    const touch of [
      () => Deno.writeTextFile(`${one}/new`, ""),
      () => Deno.rename(`${folder.path}/ready`, `${other}/ready`),
    ]
  ) {
    using watch = new FileWatch({ wait });
    assert.ok(watch.watch(one, other));
    await touch();
    await watch.next(LONG_MS, never());
  }
});

Deno.test("a touch before the wait ends it at once, until it is forgotten", async () => {
  using events = new SaidEvents();
  const waits = new SaidWaits();
  using watch = new FileWatch(waits);
  watch.watch("/watched");
  assert.deepEqual(events.watched, ["/watched"]);
  await events.say("modify");
  await watch.next(LONG_MS, never());
  await watch.next(LONG_MS, never());
  assert.equal(waits.begun, 0);
  watch.clear();
  const next = watch.next(LONG_MS, never());
  assert.equal(waits.begun, 1);
  await events.say("create");
  await next;
});

Deno.test("reading, and what is to be ignored, is no touch; all else is", async () => {
  using events = new SaidEvents();
  const waits = new SaidWaits();
  using watch = new FileWatch({ wait: waits.wait, ignored: ["remove"] });
  watch.watch("/watched");
  const next = watch.next(LONG_MS, never());
  await events.say("access");
  await events.say("remove");
  await events.say("access");
  assert.ok(!watch.isTouched);
  assert.equal(waits.signal?.aborted, false);
  await events.say("any");
  await next;
  for (const kind of ["create", "modify", "rename", "other"] as const) {
    watch.clear();
    await events.say(kind);
    await events.say("access");
    assert.ok(watch.isTouched, kind);
  }
});

Deno.test("the wait's own end, and the signal, end it without a touch", async () => {
  using _events = new SaidEvents();
  const waits = new SaidWaits();
  using watch = new FileWatch(waits);
  watch.watch("/watched");
  const first = watch.next(LONG_MS, never());
  waits.end();
  await first;
  const stop = new AbortController();
  const second = watch.next(LONG_MS, stop.signal);
  stop.abort();
  await second;
  assert.ok(waits.signal?.aborted);
  await watch.next(LONG_MS, stop.signal);
  assert.equal(waits.begun, 2, "a signal aborted before begins no wait");
  assert.ok(!watch.isTouched);
});

Deno.test("a touch ends all waits", async () => {
  using events = new SaidEvents();
  using watch = new FileWatch({ wait });
  watch.watch("/watched");
  const all = [1, 2, 3].map(() => watch.next(LONG_MS, never()));
  await events.say("modify");
  await Promise.all(all);
});

Deno.test("where there is no watch to be had, waits end by themselves and it can be tried again", async () => {
  await using folder = await Folder.make();
  const path = `${folder.path}/later`;
  using watch = new FileWatch({ wait });
  assert.equal(watch.watch(path), false);
  assert.equal(watch.isWatching, false);
  await watch.next(1, never());
  await Deno.mkdir(path);
  assert.equal(watch.watch(path), true);
  assert.equal(watch.isWatching, true);
  const next = watch.next(LONG_MS, never());
  await Deno.writeTextFile(`${path}/new`, "");
  await next;
});

Deno.test("a watch that breaks can be begun anew", async () => {
  const waits = new SaidWaits();
  using watch = new FileWatch(waits);
  {
    using events = new SaidEvents();
    watch.watch("/watched");
    await events.break();
    while (watch.isWatching) await Promise.resolve();
    assert.ok(events.isClosed);
  }
  using events = new SaidEvents();
  assert.ok(watch.watch("/watched"));
  const next = watch.next(LONG_MS, never());
  await events.say("modify");
  await next;
});

Deno.test("a disposed watch leaves nothing behind, and its waits go on", async () => {
  await using folder = await Folder.make();
  const waits = new SaidWaits();
  const watch = new FileWatch(waits);
  watch.watch(folder.path);
  const next = watch.next(LONG_MS, never());
  watch[Symbol.dispose]();
  watch[Symbol.dispose]();
  assert.equal(watch.isWatching, false);
  waits.end();
  await next;
});
