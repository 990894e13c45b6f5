import assert from "node:assert/strict";
import { NewFile, type NewFileOptions } from "../../src/system/new_file.ts";

const toError = (path: string, error: unknown) => new Error(`${path} cannot be`, { cause: error });
const NEW: NewFileOptions = { replaces: false, toError };
const REPLACING: NewFileOptions = { replaces: true, toError };

async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-new-" });
  try {
    await work(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const namesIn = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("a new file is there whole, for its owner alone, and not before", () =>
  inFolder(async (folder) => {
    const bytes = crypto.getRandomValues(new Uint8Array(60_000));
    {
      using file = await NewFile.make(`${folder}/one`, NEW);
      for (let i = 0; i < 5; i++) await file.write(bytes);
      assert.ok(!namesIn(folder).includes("one"));
      await file.publish();
    }
    assert.deepEqual(namesIn(folder), ["one"]);
    assert.equal((await Deno.stat(`${folder}/one`)).mode! & 0o777, 0o600);
    const found = await Deno.readFile(`${folder}/one`);
    assert.equal(found.length, 300_000);
    for (let i = 0; i < 5; i++) {
      assert.deepEqual(found.subarray(i * 60_000, (i + 1) * 60_000), bytes);
    }
  }));

Deno.test("a piece larger than what is gathered keeps its place", () =>
  inFolder(async (folder) => {
    using file = await NewFile.make(`${folder}/one`, NEW);
    await file.write(new Uint8Array([1]));
    await file.write(new Uint8Array(100_000).fill(2));
    await file.write(new Uint8Array([3]));
    await file.publish();
    const found = await Deno.readFile(`${folder}/one`);
    assert.deepEqual([found.length, found[0], found[1], found.at(-2), found.at(-1)], [
      100_002,
      1,
      2,
      2,
      3,
    ]);
  }));

Deno.test("a new file that is not published leaves nothing", () =>
  inFolder(async (folder) => {
    {
      using file = await NewFile.make(`${folder}/one`, NEW);
      await file.write(new Uint8Array(100_000));
    }
    assert.deepEqual(namesIn(folder), []);
  }));

Deno.test("what took the place meanwhile is kept", () =>
  inFolder(async (folder) => {
    {
      using file = await NewFile.make(`${folder}/one`, NEW);
      await Deno.writeTextFile(`${folder}/one`, "theirs");
      await assert.rejects(file.publish(), ({ cause }: Error) => {
        return cause instanceof Deno.errors.AlreadyExists;
      });
    }
    assert.deepEqual(namesIn(folder), ["one"]);
    assert.equal(await Deno.readTextFile(`${folder}/one`), "theirs");
  }));

Deno.test("a plain file is replaced if that is asked for", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/one`, "old");
    using file = await NewFile.make(`${folder}/one`, REPLACING);
    await file.write(new TextEncoder().encode("new"));
    assert.equal(await Deno.readTextFile(`${folder}/one`), "old");
    await file.publish();
    assert.equal(await Deno.readTextFile(`${folder}/one`), "new");
  }));

Deno.test("a place that is taken is refused at once", () =>
  inFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await Deno.mkdir(`${folder}/folder`);
    await Deno.symlink("file", `${folder}/link`);
    const cases: readonly (readonly [string, NewFileOptions, new () => Error])[] = [
      ["file", NEW, Deno.errors.AlreadyExists],
      ["folder", NEW, Deno.errors.IsADirectory],
      ["folder", REPLACING, Deno.errors.IsADirectory],
      ["link", REPLACING, Deno.errors.AlreadyExists],
      ["folder/", REPLACING, Deno.errors.IsADirectory],
      ["none/file", NEW, Deno.errors.NotFound],
      ["file/below", NEW, Deno.errors.NotADirectory],
    ];
    for (const [name, options, kind] of cases) {
      await assert.rejects(
        NewFile.make(`${folder}/${name}`, options),
        ({ message, cause }: Error) => {
          assert.equal(message, `${folder}/${name} cannot be`);
          assert.ok(cause instanceof kind, `${name}: ${cause}`);
          return true;
        },
      );
    }
    assert.deepEqual(namesIn(folder), ["file", "folder", "link"]);
  }));
