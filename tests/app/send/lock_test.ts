import assert from "node:assert/strict";
import { type HeldLock, takeSendLock } from "../../../src/app/send/lock.ts";
import { FakeClock } from "../../support/queue_clock.ts";

/** A queue's path in a folder of its own, and what the lock takes of the program. */
class Place implements AsyncDisposable {
  readonly clock = new FakeClock();
  readonly waits: number[] = [];
  readonly #stop = new AbortController();
  /** Done when somebody waits. */
  onWait = () => {};

  private constructor(readonly folder: string) {}

  static async make(): Promise<Place> {
    const place = new Place(await Deno.makeTempDir({ prefix: "mailq-lock-" }));
    // Of the queue itself only the owner is looked at.
    await Deno.writeTextFile(place.settings.queue, "");
    return place;
  }

  get settings() {
    return { queue: `${this.folder}/queue.db`, lockPath: null };
  }

  stopSignal(): AbortSignal {
    return this.#stop.signal;
  }

  stop(): void {
    this.#stop.abort();
  }

  wait(ms: number): Promise<void> {
    this.waits.push(ms);
    this.clock.advance(ms);
    this.onWait();
    return Promise.resolve();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const NEVER = () => assert.fail("nothing is waited for");

async function take(place: Place, waitMs = 0, onWait: (held: HeldLock) => void = NEVER) {
  return await takeSendLock(place, place.settings, { waitMs, onWait });
}

/** The lock, which must be free. */
async function taken(place: Place): Promise<Disposable> {
  const lock = await take(place);
  assert.equal(lock.kind, "taken");
  return lock;
}

/** Who has the lock, which must be held. */
async function held(place: Place): Promise<HeldLock> {
  const lock = await take(place);
  assert.equal(lock.kind, "held");
  return lock;
}

Deno.test("send lock: one has it, the other hears who and for how long", async () => {
  await using place = await Place.make();
  {
    using _lock = await taken(place);
    place.clock.advance(60_000);
    const { pid, heldMs, isTold } = await held(place);
    assert.deepEqual({ pid, heldMs, isTold }, { pid: Deno.pid, heldMs: 60_000, isTold: false });
  }
  using _again = await taken(place);
});

Deno.test("send lock: that somebody was told is kept until another takes it", async () => {
  await using place = await Place.make();
  {
    using _lock = await taken(place);
    place.clock.advance(1_000);
    (await held(place)).noteTold();
    const { isTold, heldMs } = await held(place);
    assert.deepEqual({ isTold, heldMs }, { isTold: true, heldMs: 1_000 });
  }
  using _next = await taken(place);
  assert.equal((await held(place)).isTold, false);
});

Deno.test("send lock: is taken as soon as it is free, within the wait", async () => {
  await using place = await Place.make();
  const first = await taken(place);
  const told: (number | null)[] = [];
  place.onWait = () => {
    if (place.waits.length === 3) first[Symbol.dispose]();
  };
  const second = await take(place, 1_000, ({ pid }) => told.push(pid));
  assert.equal(second.kind, "taken");
  assert.deepEqual(told, [Deno.pid], "told once");
  assert.equal(place.waits.length, 3);
  if (second.kind === "taken") second[Symbol.dispose]();
});

Deno.test("send lock: the wait ends in time, or when told to stop", async () => {
  await using place = await Place.make();
  using _lock = await taken(place);
  assert.equal((await take(place, 250, () => {})).kind, "held");
  assert.deepEqual(place.waits, [100, 100, 50]);
  place.onWait = () => place.stop();
  assert.equal((await take(place, 10_000, () => {})).kind, "held");
  assert.equal(place.waits.length, 4);
});

Deno.test("send lock: a file that cannot be used says what to set", async () => {
  await using place = await Place.make();
  const settings = { ...place.settings, lockPath: `${place.folder}/none/lock` };
  await assert.rejects(takeSendLock(place, settings, { waitMs: 0, onWait: NEVER }), {
    code: "io_error",
    message: /Cannot lock .*\/none\/lock: .*; set lock_path to a file you may write$/,
  });
});

Deno.test("send lock: a link in the place of its file is refused", async () => {
  await using place = await Place.make();
  await Deno.writeTextFile(`${place.folder}/precious`, "mine");
  await Deno.symlink(`${place.folder}/precious`, `${place.settings.queue}-lock`);
  await assert.rejects(take(place), { code: "permission" });
  assert.equal(await Deno.readTextFile(`${place.folder}/precious`), "mine");
});

Deno.test("send lock: a clock that is set says nothing wrong of how long it is held", async () => {
  await using place = await Place.make();
  using _lock = await taken(place);
  place.clock.advance(-3_600_000);
  assert.equal((await held(place)).heldMs, 0);
  place.clock.advance(400 * 86_400_000);
  const { heldMs } = await held(place);
  assert.ok(heldMs <= Deno.osUptime() * 1000, `${heldMs} ms`);
});

Deno.test("send lock: the wait ends though the clock is set back meanwhile", async () => {
  await using place = await Place.make();
  using _lock = await taken(place);
  place.onWait = () => place.clock.advance(-60_000);
  assert.equal((await take(place, 250, () => {})).kind, "held");
});

Deno.test("send lock: is held though the disk has no room for who holds it", async () => {
  await using place = await Place.make();
  const { writeSync } = Deno.FsFile.prototype;
  Deno.FsFile.prototype.writeSync = () => {
    throw new Error("No space left on device (os error 28)");
  };
  let lock: Disposable;
  try {
    lock = await taken(place);
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
  }
  using _lock = lock;
  const { pid, heldMs } = await held(place);
  assert.deepEqual({ pid, heldMs }, { pid: null, heldMs: 0 });
});
