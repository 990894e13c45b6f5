import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import { DropFolder } from "../../../src/store/drop/folder.ts";
import { DropOpener } from "../../../src/store/drop/opener.ts";
import {
  dropFolder,
  dropName,
  isDropName,
  usableDropFolder,
} from "../../../src/store/drop/names.ts";
import { namesIn, ScratchFolder } from "./scratch_folder.ts";

const NAME = dropName(1_800_000_000_000, new Uint8Array(16));
const DAY_MS = 24 * 60 * 60_000;

async function opened(scratch: ScratchFolder): Promise<DropFolder> {
  return DropFolder.open(await scratch.drop());
}

Deno.test("dropFolder: stands beside the queue", () => {
  assert.equal(dropFolder("/var/lib/mailq/queue.db"), "/var/lib/mailq/drop");
  assert.equal(dropFolder("/queue.db"), "/drop");
  assert.equal(dropFolder("queue.db"), "./drop");
});

Deno.test("dropName: sorts by time", () => {
  const random = new Uint8Array(16).fill(255);
  const times = [0, 1, 35, 36, 1_000_000, 1_800_000_000_000, 4_102_444_800_000];
  const names = times.map((time) => dropName(time, random));
  assert.deepEqual(names.toSorted(), names);
  assert.ok(names.every(isDropName));
});

Deno.test("usableDropFolder: a folder beside the queue, which is no link", async () => {
  await using scratch = await ScratchFolder.make();
  const queue = `${scratch.path}/queue.db`;
  assert.equal(usableDropFolder(queue), null);
  await scratch.drop();
  assert.equal(usableDropFolder(queue), `${scratch.path}/drop`);
  await Deno.writeTextFile(queue, "");
  assert.equal(usableDropFolder(queue), `${scratch.path}/drop`);
  await Deno.remove(`${scratch.path}/drop`, { recursive: true });
  await Deno.symlink("/tmp", `${scratch.path}/drop`);
  assert.equal(usableDropFolder(queue), null);
});

const FOREIGN: readonly (readonly [string, number, readonly string[]])[] = [
  ["a folder of somebody's own", 0o755, []],
  ["the same, with a folder that is called taken", 0o755, ["taken"]],
  ["one open to a group", 0o1770, ["taken", "refused"]],
  ["one open to all, without the folders inside", 0o1777, []],
  ["one where everybody may remove everything", 0o777, ["taken", "refused"]],
];

for (const [what, mode, inner] of FOREIGN) {
  Deno.test(`usableDropFolder: ${what} is none`, async () => {
    await using scratch = await ScratchFolder.make();
    const path = `${scratch.path}/drop`;
    await Deno.mkdir(path);
    for (const name of inner) await Deno.mkdir(`${path}/${name}`);
    await Deno.chmod(path, mode);
    assert.equal(usableDropFolder(`${scratch.path}/queue.db`), null);
  });
}

for (const mode of [0o1733, 0o3733]) {
  Deno.test(`usableDropFolder: what init system makes (${mode.toString(8)}) is one`, async () => {
    await using scratch = await ScratchFolder.make();
    const path = await scratch.drop(mode);
    assert.equal(usableDropFolder(`${scratch.path}/queue.db`), path);
  });
}

Deno.test("DropFolder: an inner folder that is none is an error", async () => {
  await using scratch = await ScratchFolder.make();
  const path = await scratch.drop();
  await Deno.remove(`${path}/taken`);
  await Deno.symlink(scratch.path, `${path}/taken`);
  assert.throws(() => DropFolder.open(path), { code: "permission", message: /taken in it/ });
});

Deno.test("DropFolder: names are those of drops, the oldest first, and of leftovers", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await opened(scratch);
  for (const name of ["b", "a", ".new-c", ".refused-d", "taken/f", "taken/e", "refused/g"]) {
    await Deno.writeTextFile(`${folder.path}/${name}`, "");
  }
  assert.deepEqual(await folder.look(Date.now()), { leftovers: ["e", "f"], dropped: ["a", "b"] });
});

Deno.test("DropFolder: sweeps what a dead process was writing, a day later", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await opened(scratch);
  await Deno.writeTextFile(`${folder.path}/.new-old`, "");
  await Deno.mkdir(`${folder.path}/.new-folder`);
  await folder.look(Date.now() + DAY_MS - 60_000);
  assert.deepEqual(namesIn(folder.path), [".new-folder", ".new-old"]);
  await folder.look(Date.now() + DAY_MS + 60_000);
  assert.deepEqual(namesIn(folder.path), [".new-folder"]);
});

Deno.test("DropFolder: takes a drop out of the folder, opens and removes it", async () => {
  await using scratch = await ScratchFolder.make();
  using opener = new DropOpener();
  const folder = await opened(scratch);
  await Deno.writeTextFile(`${folder.path}/${NAME}`, "text");
  const drop = folder.take(NAME);
  assert.ok(drop !== null);
  assert.deepEqual(namesIn(folder.path), []);
  {
    using file = await folder.open(drop, 4, opener);
    assert.equal(file?.sizeBytes, 4);
    assert.equal(file?.uid, Deno.uid());
  }
  await assert.rejects(folder.open(drop, 3, opener), {
    code: "bad_message",
    message: /more than 3/,
  });
  folder.remove(drop);
  folder.remove(drop);
  assert.deepEqual(namesIn(`${folder.path}/taken`), []);
  assert.equal(folder.take(NAME), null);
});

const ODD: readonly (readonly [string, RegExp, (path: string) => void | Promise<void>])[] = [
  ["a symbolic link", /a symbolic link/, (path) => Deno.symlinkSync("/etc/hostname", path)],
  ["a folder", /a folder/, (path) => Deno.mkdirSync(path)],
  ["a hard link", /2 hard links/, (path) => {
    Deno.writeTextFileSync(`${path}-one`, "");
    Deno.linkSync(`${path}-one`, path);
  }],
  ["a pipe", /a pipe/, async (path) => void await childOk(["mkfifo", path])],
];

for (const [what, message, make] of ODD) {
  Deno.test(`DropFolder: does not take ${what}, and moves it aside`, async () => {
    await using scratch = await ScratchFolder.make();
    const folder = await opened(scratch);
    const path = folder.dropped(NAME);
    await make(path);
    assert.throws(() => folder.take(NAME), { code: "bad_message", message });
    assert.equal(folder.refuse(path), `${folder.path}/refused/${NAME}`);
    assert.deepEqual(namesIn(`${folder.path}/refused`), [NAME]);
  });

  Deno.test(`DropFolder: does not open ${what} that took a drop's place as it was taken`, async () => {
    await using scratch = await ScratchFolder.make();
    using opener = new DropOpener();
    const folder = await opened(scratch);
    await Deno.writeTextFile(folder.dropped(NAME), "text");
    const drop = folder.take(NAME);
    assert.ok(drop !== null);
    await Deno.remove(drop.path);
    await make(drop.path);
    await assert.rejects(folder.open(drop, 1_000, opener), { code: "bad_message", message });
  });
}

Deno.test("DropFolder: a file of another name is none of a drop", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await opened(scratch);
  for (const name of ["mail.eml", ".hidden", `${NAME}\n`, NAME.toUpperCase(), "-rf"]) {
    await Deno.writeTextFile(folder.dropped(name), "");
    assert.throws(() => folder.take(name), { code: "bad_message", message: /its name/ });
  }
});

Deno.test("DropFolder: what is refused never takes the place of what was", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await opened(scratch);
  for (let n = 0; n < 3; n++) {
    await Deno.writeTextFile(folder.dropped("x"), String(n));
    folder.refuse(folder.dropped("x"));
  }
  const names = namesIn(`${folder.path}/refused`);
  assert.equal(names.length, 3);
  assert.ok(names.every((name) => name.startsWith("x")), names.join());
  assert.equal(await Deno.readTextFile(`${folder.path}/refused/x`), "0");
  assert.equal(folder.refuse(folder.dropped("x")), null, "it is gone");
});

Deno.test("DropFolder: a drop of a name that is in hand is not taken over it", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await opened(scratch);
  await Deno.writeTextFile(`${folder.path}/taken/${NAME}`, "first");
  await Deno.writeTextFile(folder.dropped(NAME), "second");
  assert.throws(() => folder.take(NAME), { code: "bad_message" });
  assert.equal(await Deno.readTextFile(`${folder.path}/taken/${NAME}`), "first");
});

Deno.test("DropFolder: a file with holes is not opened, though it may be of any size", async () => {
  await using scratch = await ScratchFolder.make();
  using opener = new DropOpener();
  const folder = await opened(scratch);
  const size = 100 * 1024 ** 3;
  {
    using file = await Deno.create(folder.dropped(NAME));
    await file.truncate(size);
  }
  const drop = folder.take(NAME);
  assert.ok(drop !== null);
  await assert.rejects(folder.open(drop, 2 * size, opener), {
    code: "bad_message",
    message: /on disk/,
  });
  await assert.rejects(folder.open(drop, 1_000, opener), {
    code: "bad_message",
    message: /more than/,
  });
});

Deno.test("DropFolder: another file that came into the place of a drop is not read", async () => {
  await using scratch = await ScratchFolder.make();
  using opener = new DropOpener();
  const path = `${scratch.path}/one`;
  await Deno.writeTextFile(path, "mine");
  await Deno.writeTextFile(`${path}.other`, "another's");
  const info = await Deno.lstat(path);
  await Deno.remove(path);
  await Deno.symlink(`${path}.other`, path);
  await assert.rejects(opener.open(path, info), { code: "bad_message", message: /its place/ });
});

Deno.test({
  name: "DropFolder: a drop that its owner keeps a lease on is left, and the rest of his with it",
  ignore: !await hasPython(),
  async fn() {
    await using scratch = await ScratchFolder.make();
    const folder = await opened(scratch);
    using opener = new DropOpener();
    await Deno.writeTextFile(folder.dropped(NAME), "text");
    const drop = folder.take(NAME);
    assert.ok(drop !== null);
    await using lease = await Lease.on(drop.path);
    const begun = performance.now();
    assert.equal(await folder.open(drop, 1_000, opener), null);
    assert.equal(await folder.open(drop, 1_000, opener), null, "at once");
    assert.ok(performance.now() - begun < 10_000, "a lease is broken after 45 seconds");
    await lease.end();
    using later = new DropOpener();
    using file = await folder.open(drop, 1_000, later);
    assert.equal(file?.sizeBytes, 4);
  },
});

/** A lease on a file, which makes whoever opens it wait. Deno has no way to take one. */
class Lease implements AsyncDisposable {
  #hasEnded = false;

  private constructor(readonly child: Deno.ChildProcess) {}

  static async on(path: string): Promise<Lease> {
    const script = "import fcntl, os, signal, sys\n" +
      "signal.signal(signal.SIGIO, signal.SIG_IGN)\n" +
      "fd = os.open(sys.argv[1], os.O_RDWR)\n" +
      "fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)\n" +
      'os.write(1, b"held")\n' +
      "sys.stdin.read()\n";
    const child = new Deno.Command("python3", {
      args: ["-c", script, path],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    await reader.cancel();
    assert.equal(new TextDecoder().decode(value), "held");
    return new Lease(child);
  }

  async end(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    await this.child.stdin.close();
    await this.child.status;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.end();
  }
}

async function hasPython(): Promise<boolean> {
  return await new Deno.Command("python3", { args: ["-c", "import fcntl"] }).output()
    .then(({ success }) => success, () => false);
}

Deno.test("DropFolder: refused drops are swept by age, and by count of each user", async () => {
  await using scratch = await ScratchFolder.make();
  const folder = await opened(scratch);
  const refused = `${folder.path}/refused`;
  for (let n = 0; n < 1_002; n++) await Deno.writeTextFile(`${refused}/${n}`, "");
  await Deno.mkdir(`${folder.path}/.refused-folder/inner`, { recursive: true });
  const now = Date.now();
  assert.equal(await folder.sweepRefused(now), 3);
  const left = [...Deno.readDirSync(refused), ...Deno.readDirSync(folder.path)]
    .filter(({ name }) => name !== "taken" && name !== "refused").length;
  assert.equal(left, 1_000);
  assert.equal(await folder.sweepRefused(now + 89 * DAY_MS), 0);
  assert.equal(await folder.sweepRefused(now + 91 * DAY_MS), 1_000);
  assert.deepEqual(namesIn(folder.path), []);
});
