import assert from "node:assert/strict";
import {
  beside,
  folderOf,
  isThere,
  lookAt,
  makeFile,
  makeFolder,
  makeFolders,
  nameOf,
  removeFile,
  syncFolder,
  systemCode,
  withoutSlash,
  writeAll,
  writeAllSync,
} from "../../src/system/files.ts";

const PATHS: readonly (readonly [path: string, folder: string, name: string, beside: string])[] = [
  ["/a/b/c", "/a/b", "c", "/a/b/x"],
  ["/a", "/", "a", "/x"],
  ["a/b", "a", "b", "a/x"],
  ["./a", ".", "a", "./x"],
  ["a", ".", "a", "x"],
  ["a/", "a", "", "a/x"],
  ["/", "/", "", "/x"],
];

for (const [path, folder, name, neighbour] of PATHS) {
  Deno.test(`the parts of the path ${path}`, () => {
    assert.deepEqual([folderOf(path), nameOf(path), beside(path, "x")], [folder, name, neighbour]);
  });
}

Deno.test("withoutSlash leaves the root alone", () => {
  const ends = ["/", "//", "a/", "a//", "/a/b/"].map((path) => withoutSlash(path));
  assert.deepEqual(ends, ["/", "/", "a", "a", "/a/b"]);
});

class Folder implements AsyncDisposable {
  private constructor(readonly path: string) {}

  static async make(): Promise<Folder> {
    return new Folder(await Deno.makeTempDir({ prefix: "mailq-files-" }));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}

Deno.test("lookAt sees links themselves, and nothing where there is nothing", async () => {
  await using folder = await Folder.make();
  const link = `${folder.path}/link`;
  assert.equal(lookAt(link), null);
  assert.equal(isThere(link), false);
  await Deno.symlink("nowhere", link);
  assert.equal(lookAt(link)?.isSymlink, true);
  assert.equal(isThere(link), true);
});

Deno.test("lookAt throws what else the system says", async () => {
  await using folder = await Folder.make();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  assert.throws(() => lookAt(`${folder.path}/file/below`), Deno.errors.NotADirectory);
});

Deno.test("makeFile makes a file for its owner alone and touches nothing that is there", async () => {
  await using folder = await Folder.make();
  const path = `${folder.path}/new`;
  makeFile(path)?.close();
  assert.equal((lookAt(path)?.mode ?? 0) & 0o777, 0o600);
  await Deno.writeTextFile(path, "kept");
  assert.equal(makeFile(path), null);
  assert.equal(await Deno.readTextFile(path), "kept");
  await Deno.symlink(`${folder.path}/missing`, `${folder.path}/link`);
  assert.equal(makeFile(`${folder.path}/link`), null);
  assert.equal(isThere(`${folder.path}/missing`), false);
  assert.throws(() => makeFile(`${folder.path}/no/such`), Deno.errors.NotFound);
});

Deno.test("makeFolder tells whether it made one, and takes nothing else for a folder", async () => {
  await using folder = await Folder.make();
  const path = `${folder.path}/one`;
  assert.deepEqual([await makeFolder(path), await makeFolder(path)], [true, false]);
  assert.equal((lookAt(path)?.mode ?? 0) & 0o777, 0o700);
  await Deno.symlink(path, `${folder.path}/link`);
  assert.equal(await makeFolder(`${folder.path}/link`), false);
  await Deno.writeTextFile(`${folder.path}/file`, "");
  await assert.rejects(makeFolder(`${folder.path}/file`), Deno.errors.AlreadyExists);
  await assert.rejects(makeFolder(`${folder.path}/no/such`), Deno.errors.NotFound);
});

Deno.test("removeFile tells whether there was one", async () => {
  await using folder = await Folder.make();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  assert.equal(removeFile(`${folder.path}/file`), true);
  assert.equal(removeFile(`${folder.path}/file`), false);
  await Deno.mkdir(`${folder.path}/full/inner`, { recursive: true });
  assert.throws(() => removeFile(`${folder.path}/full`));
});

Deno.test("writeAll writes what the system takes in pieces", async () => {
  await using folder = await Folder.make();
  const path = `${folder.path}/file`;
  const bytes = crypto.getRandomValues(new Uint8Array(1_000));
  using file = makeFile(path);
  assert.ok(file !== null);
  const { write, writeSync } = file;
  file.write = (piece) => write.call(file, piece.subarray(0, 7));
  file.writeSync = (piece) => writeSync.call(file, piece.subarray(0, 7));
  await writeAll(file, bytes);
  writeAllSync(file, bytes);
  const found = await Deno.readFile(path);
  assert.deepEqual(found.subarray(0, 1_000), bytes);
  assert.deepEqual(found.subarray(1_000), bytes);
});

Deno.test("syncFolder reaches a folder, and rejects where there is none", async () => {
  await using folder = await Folder.make();
  await syncFolder(folder.path);
  await assert.rejects(syncFolder(`${folder.path}/none`), Deno.errors.NotFound);
});

Deno.test("systemCode knows the system's errors by name, and no others", async () => {
  await using folder = await Folder.make();
  let missing: unknown = null;
  await Deno.stat(`${folder.path}/none`).catch((error) => missing = error);
  assert.equal(systemCode(missing), "ENOENT");
  assert.equal(systemCode(new Error("Disk quota exceeded (os error 122)")), "EDQUOT");
  assert.equal(systemCode(new Error("File too large (os error 27)")), "EFBIG");
  assert.equal(systemCode(new Error("something (os error 99)")), "E99");
  assert.equal(systemCode(new Error("a mistake of ours")), null);
  assert.equal(systemCode("text"), null);
});

Deno.test("makeFolders makes what is missing, and syncs each folder that got a new one", async () => {
  await using folder = await Folder.make();
  const synced: string[] = [];
  const { openSync } = Deno;
  Deno.openSync = (path, options) => {
    synced.push(String(path));
    return openSync(path, options);
  };
  try {
    makeFolders(`${folder.path}/a/b/c/`, 0o700);
    assert.deepEqual(synced.sort(), ["", "/a", "/a/b"].map((part) => folder.path + part));
    for (const made of ["a", "a/b", "a/b/c"]) {
      assert.equal((lookAt(`${folder.path}/${made}`)?.mode ?? 0) & 0o777, 0o700, made);
    }
    makeFolders(`${folder.path}/a/b/c`, 0o700);
    assert.equal(synced.length, 3, "nothing is new");
    Deno.openSync = () => {
      throw new Error("Input/output error (os error 5)");
    };
    assert.throws(() => makeFolders(`${folder.path}/d`, 0o700), /Input\/output/);
  } finally {
    Deno.openSync = openSync;
  }
});
