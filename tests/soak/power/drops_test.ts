// The power cut after every call of dropping mail, and of taking it in: what was dropped is there once,
// whole, whatever of the folder and of the queue had come to the disk.

import assert from "node:assert/strict";
import { PERMISSIONS } from "../../support/permissions.ts";
import { runChild } from "../../support/child.ts";
import { Mailq } from "../../support/mailq.ts";
import { TestApp } from "../../support/app.ts";
import {
  drop,
  makeDropFolder,
  namesIn,
  subjects,
  takeIn,
  withDropFolder,
} from "../../app/drops/drops.ts";
import { buildLibrary } from "../library.ts";
import { type Call, Disk, type Fate, readRecord } from "./disk.ts";
import { numbers } from "./numbers.ts";

const FATES: readonly Fate[] = ["kept", "dropped", "torn"];

const library = await buildLibrary(new URL("recorder.c", import.meta.url));

Deno.test({
  name: "power cut: while mail is dropped: it is there as a whole or not at all",
  ignore: library === null,
  fn: async () => {
    await using mailq = await Mailq.make();
    const below = `${mailq.folder}/tmp`;
    await Deno.mkdir(below);
    const record = `${mailq.folder}/record`;
    const program = new URL("drop_program.ts", import.meta.url).pathname;
    const ended = await runChild([Deno.execPath(), "run", "--no-check", ...PERMISSIONS, program], {
      cwd: mailq.folder,
      env: {
        ...mailq.env,
        TMPDIR: below,
        LD_PRELOAD: library ?? "",
        RECORD_UNDER: below,
        RECORD_TO: record,
      },
    });
    assert.equal(ended.code, 0, ended.stderr);
    const name = [...Deno.readDirSync(below)].map((entry) => entry.name).join();
    const calls = readRecord(await Deno.readFile(record), below);
    assert.ok(calls.some(({ kind }) => kind === "rename"), "nothing was recorded");
    const states = await replay(new Disk(new Map()), calls, async (files, isLast, what) => {
      const inFolder = [...files].map(([path, bytes]) =>
        [path.slice(`${name}/`.length), bytes] as const
      );
      const seen = await takenIn(new Map(inFolder), what);
      if (seen.length > 0 || isLast) assert.deepEqual(seen, ["a", "b"], what);
    });
    console.log(`drop: ${calls.length} calls, ${states} states`);
  },
});

Deno.test({
  name: "power cut: while drops are taken in: each is in the queue once",
  ignore: library === null,
  fn: async () => {
    await using app = await withDropFolder();
    await using mailq = await Mailq.make({ MAILQ_QUEUE: app.queue });
    mailq.env.MAILQ_TRANSPORT = `maildir:${mailq.folder}/sink`;
    await mailq.enqueue("To: b@x.test\nSubject: old\n\nx\n");
    await drop(app, ["a", "b"]);
    await drop(app, ["c"]);
    const before = await filesBelow(app.folder);
    const record = `${mailq.folder}/record`;
    const ended = await mailq.run(["send"], {
      env: { LD_PRELOAD: library ?? "", RECORD_UNDER: app.folder, RECORD_TO: record },
    });
    assert.equal(ended.code, 0, ended.stderr);
    assert.deepEqual(namesIn(app, ""), []);
    const calls = readRecord(await Deno.readFile(record), app.folder);
    const states = await replay(new Disk(before), calls, async (files, _isLast, what) => {
      assert.deepEqual(await takenIn(files, what), ["a", "b", "c", "old"], what);
    });
    console.log(`taking in: ${calls.length} calls, ${states} states`);
  },
});

/** Runs a check on each state of the disk; returns how many there were. */
async function replay(
  disk: Disk,
  calls: readonly Call[],
  check: (files: Map<string, Uint8Array>, isLast: boolean, what: string) => Promise<void>,
): Promise<number> {
  const unit = numbers(42);
  for (let n = 0; n <= calls.length; n++) {
    const call = calls[n - 1];
    if (call !== undefined) disk.apply(call);
    for (const fate of FATES) {
      const what = `after ${n} of ${calls.length} calls (${call?.kind}), ${fate}`;
      await check(disk.after(fate, unit), n === calls.length, what);
    }
  }
  return (calls.length + 1) * FATES.length;
}

/** What is in the queue once the drops that lie there were taken in, by subject. */
async function takenIn(files: ReadonlyMap<string, Uint8Array>, what: string): Promise<string[]> {
  await using app = await TestApp.make();
  await makeDropFolder(app);
  for (const [name, bytes] of files) {
    // What readers share in memory is made anew after a cut, as locks are.
    if (name.endsWith("-shm") || name.endsWith("-lock")) continue;
    await Deno.writeFile(`${app.folder}/${name}`, bytes, { mode: 0o600 });
  }
  await takeIn(app);
  assert.deepEqual(namesIn(app, "refused"), [], what);
  return (await subjects(app)).map((subject) => subject ?? "").sort();
}

async function filesBelow(folder: string, prefix = ""): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  for await (const { name, isFile, isDirectory } of Deno.readDir(`${folder}/${prefix}`)) {
    const path = prefix + name;
    if (isFile) files.set(path, await Deno.readFile(`${folder}/${path}`));
    if (!isDirectory) continue;
    for (const [below, bytes] of await filesBelow(folder, `${path}/`)) files.set(below, bytes);
  }
  return files;
}
