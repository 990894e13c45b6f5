import assert from "node:assert/strict";
import { childOk } from "../support/child.ts";
import { FileLock } from "../../src/system/file_lock.ts";

/** As on Deno 2.4, which has no `tryLock`, with threads that come so late. */
function slowLocks(lateMs: number): Disposable {
  const prototype = Deno.FsFile.prototype;
  const { tryLock, lock } = prototype;
  Reflect.deleteProperty(prototype, "tryLock");
  prototype.lock = async function (this: Deno.FsFile, exclusive?: boolean) {
    await new Promise((resolve) => setTimeout(resolve, lateMs));
    await lock.call(this, exclusive);
  };
  return {
    [Symbol.dispose]() {
      prototype.lock = lock;
      Reflect.set(prototype, "tryLock", tryLock);
    },
  };
}

Deno.test("FileLock: a new file's lock is had, however late the machine's threads come", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailq-lock-" });
  try {
    using _slow = slowLocks(400);
    const lock = await FileLock.make(`${folder}/lock`);
    await assert.rejects(FileLock.make(`${folder}/lock`), /is there already/);
    lock.release();
    using holder = await Deno.open(`${folder}/lock`, { read: true, write: true });
    await holder.lock(true);
    assert.equal(await FileLock.tryTake(`${folder}/lock`), null, "it is held");
    await holder.unlock();
    // The late thread of the try lets go of what it takes.
    using other = await Deno.open(`${folder}/lock`, { read: true, write: true });
    await other.lock(true);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FileLock: nothing is waited for to know that we hold a lock ourselves", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailq-lock-" });
  try {
    const path = `${folder}/lock`;
    const lock = await FileLock.make(path);
    const other = await FileLock.make(`${folder}/other`);
    {
      using _none = noLocks(false);
      assert.equal(await FileLock.tryTakeOld(path), null);
      await Deno.rename(`${folder}/other`, path);
      assert.equal(await FileLock.tryTake(path), null, "it is the other's by now");
      other.release();
      await assert.rejects(FileLock.tryTake(path), "the system is asked again");
    }
    lock.release();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("FileLock: a lock is had once its holder lets go, and not before", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailq-lock-" });
  try {
    const path = `${folder}/lock`;
    assert.equal(await FileLock.tryTakeOld(path), null, "there is no such file");
    const lock = await FileLock.tryTake(path);
    assert.ok(lock !== null);
    assert.equal(await FileLock.tryTake(path), null);
    lock.release();
    (await FileLock.tryTake(path))?.release();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

/** Has the system give no lock, as a network's file system may. */
function noLocks(hasTryLock: boolean): Disposable {
  const prototype = Deno.FsFile.prototype;
  const { tryLock, lock } = prototype;
  const refuse = () => Promise.reject(new Error("No locks available (os error 37)"));
  if (hasTryLock) Reflect.set(prototype, "tryLock", refuse);
  else Reflect.deleteProperty(prototype, "tryLock");
  prototype.lock = refuse;
  return {
    [Symbol.dispose]() {
      prototype.lock = lock;
      Reflect.set(prototype, "tryLock", tryLock);
    },
  };
}

Deno.test("FileLock: a new file that was swept before it was locked is no lock", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailq-lock-" });
  const { lock } = Deno.FsFile.prototype;
  const path = `${folder}/lock`;
  try {
    Deno.FsFile.prototype.lock = async function (this: Deno.FsFile, exclusive?: boolean) {
      await Deno.remove(path);
      await lock.call(this, exclusive);
    };
    await assert.rejects(FileLock.make(path), Deno.errors.NotFound);
  } finally {
    Deno.FsFile.prototype.lock = lock;
    await Deno.remove(folder, { recursive: true });
  }
});

for (const hasTryLock of [true, false]) {
  Deno.test(`FileLock: no lock to be had is an error, not another's lock (tryLock: ${hasTryLock})`, async () => {
    const folder = await Deno.makeTempDir({ prefix: "mailq-lock-" });
    try {
      const path = `${folder}/lock`;
      const refused = { message: /No locks available/ };
      {
        using _none = noLocks(hasTryLock);
        await assert.rejects(FileLock.tryTake(path), refused);
        await assert.rejects(FileLock.tryTakeOld(path), refused);
        await assert.rejects(FileLock.make(`${folder}/new`), refused);
      }
      await assert.rejects(
        Deno.lstat(`${folder}/new`),
        Deno.errors.NotFound,
        "none is left behind",
      );
      (await FileLock.tryTakeOld(path))?.release();
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });
}

Deno.test("FileLock: an unlock that fails is no error: closing lets go of it", async () => {
  const path = await Deno.makeTempFile();
  const { unlockSync } = Deno.FsFile.prototype;
  const lock = await FileLock.tryTake(path);
  try {
    Deno.FsFile.prototype.unlockSync = () => {
      throw new Error("Input/output error (os error 5)");
    };
    lock?.release();
  } finally {
    Deno.FsFile.prototype.unlockSync = unlockSync;
  }
  const next = await FileLock.tryTake(path);
  assert.ok(next !== null);
  next.release();
  await Deno.remove(path);
});

Deno.test("FileLock: takes a plain file alone, and changes nothing behind a link", async () => {
  const folder = await Deno.makeTempDir();
  const victim = `${folder}/victim`;
  await Deno.writeTextFile(victim, "precious");
  await Deno.symlink(victim, `${folder}/symbolic`);
  await Deno.symlink(`${folder}/missing`, `${folder}/dangling`);
  await Deno.link(victim, `${folder}/hard`);
  await childOk(["mkfifo", `${folder}/pipe`]);
  for (const name of ["symbolic", "dangling", "hard", "pipe"]) {
    const path = `${folder}/${name}`;
    for (const taking of [FileLock.tryTake(path), FileLock.tryTakeOld(path)]) {
      await assert.rejects(taking, {
        name: "NotPlainFile",
        message: `Cannot use ${path}: it is no plain file; remove it`,
      });
    }
  }
  assert.equal(await Deno.readTextFile(victim), "precious");
  await assert.rejects(Deno.lstat(`${folder}/missing`), Deno.errors.NotFound);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("FileLock: one holder at a time, in this process or another", async () => {
  const path = await Deno.makeTempFile();
  const lock = await FileLock.tryTake(path);
  assert(lock !== null);
  assert.equal(await FileLock.tryTake(path), null);
  assert.equal(await FileLock.tryTakeOld(path), null);
  lock.release();
  const again = await FileLock.tryTakeOld(path);
  assert(again !== null);
  again.release();
  await Deno.remove(path);
});

Deno.test("FileLock: makes its file for its owner alone, and only if it is to", async () => {
  const folder = await Deno.makeTempDir();
  const path = `${folder}/lock`;
  assert.equal(await FileLock.tryTakeOld(path), null);
  const lock = await FileLock.tryTake(path);
  assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  lock?.release();
  await Deno.remove(folder, { recursive: true });
});
