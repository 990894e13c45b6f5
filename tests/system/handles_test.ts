import assert from "node:assert/strict";
import { giveToOwnerOf, mend } from "../../src/system/handles.ts";

const ignore = Deno.uid() !== 0;

Deno.test({
  name: "giveToOwnerOf: the open file is given, whatever has come into its place meanwhile",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "mailq-handles-" });
    const [queue, lock, victim] = ["queue", "lock", "victim"].map((name) => `${folder}/${name}`);
    assert.ok(queue && lock && victim);
    for (const path of [queue, lock, victim]) await Deno.writeTextFile(path, "");
    await Deno.chown(queue, 1234, 1235);
    using file = await Deno.open(lock, { read: true, write: true });
    await Deno.rename(lock, `${lock}.moved`);
    await Deno.symlink(victim, lock);
    giveToOwnerOf(queue, file);
    const given = await Deno.stat(`${lock}.moved`);
    assert.deepEqual([given.uid, given.gid], [1234, 1235]);
    assert.equal((await Deno.stat(victim)).uid, 0);
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "giveToOwnerOf: what has another name as well, or is not root's, stays whose it is",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "mailq-handles-" });
    const queue = `${folder}/queue`;
    await Deno.writeTextFile(queue, "");
    await Deno.chown(queue, 1234, 1235);
    for (const change of ["link", "chown"] as const) {
      const path = `${folder}/${change}`;
      await Deno.writeTextFile(path, "");
      if (change === "link") await Deno.link(path, `${path}.2`);
      else await Deno.chown(path, 77, 78);
      using file = await Deno.open(path, { read: true, write: true });
      giveToOwnerOf(queue, file);
      assert.equal((await Deno.stat(path)).uid, change === "link" ? 0 : 77);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test({
  name: "mend: what came into the place of what was looked at is neither given nor opened",
  ignore,
  async fn() {
    const folder = await Deno.makeTempDir({ prefix: "mailq-handles-" });
    const wanted = { uid: 1234, gid: 1235, mode: 0o1733 };
    for (const kind of ["file", "folder"] as const) {
      const [path, victim] = [`${folder}/${kind}`, `${folder}/victim-${kind}`];
      for (const one of [path, victim]) {
        if (kind === "folder") await Deno.mkdir(one, { mode: 0o700 });
        else await Deno.writeTextFile(one, "", { mode: 0o600 });
      }
      const looked = await Deno.lstat(path);
      await Deno.rename(path, `${path}.moved`);
      await Deno.symlink(victim, path);
      assert.equal(mend(path, looked, wanted), false);
      const { uid, mode } = await Deno.stat(victim);
      assert.deepEqual([uid, (mode ?? 0) & 0o7077], [0, 0]);

      assert.equal(mend(`${path}.moved`, looked, wanted), true);
      const mended = await Deno.stat(`${path}.moved`);
      assert.deepEqual([mended.uid, mended.gid, (mended.mode ?? 0) & 0o7777], [1234, 1235, 0o1733]);
    }
    await Deno.remove(folder, { recursive: true });
  },
});

Deno.test("owners and modes are set in handles.ts alone: a path may lead elsewhere by then", async () => {
  const root = new URL("../../src/", import.meta.url);
  const found: string[] = [];
  for await (const { name, isFile } of walk(root)) {
    if (isFile && /\bDeno\.(l?chown|chmod)/.test(await Deno.readTextFile(new URL(name, root)))) {
      found.push(name);
    }
  }
  assert.deepEqual(found, ["system/handles.ts"]);
});

async function* walk(root: URL, under = ""): AsyncGenerator<Deno.DirEntry> {
  for await (const { name, ...entry } of Deno.readDir(new URL(under, root))) {
    yield { ...entry, name: under + name };
    if (entry.isDirectory) yield* walk(root, `${under}${name}/`);
  }
}
