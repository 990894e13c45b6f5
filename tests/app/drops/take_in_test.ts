import assert from "node:assert/strict";
import { readPasswd, userName } from "../../../src/system/passwd.ts";
import { importDrops, takeInDrops } from "../../../src/app/drops/take_in.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { dropName } from "../../../src/store/drop/names.ts";
import { DropOpener } from "../../../src/store/drop/opener.ts";
import { FileLock } from "../../../src/system/file_lock.ts";
import { alteredStore } from "../../delivery/altered_store.ts";
import { drop, namesIn, subjects, takeIn, withDropFolder } from "./drops.ts";

const ME = userName(Deno.uid() ?? 0, readPasswd());

Deno.test("takeInDrops: queues what was dropped, for whose file it is, and removes it", async () => {
  await using app = await withDropFolder();
  await drop(app, ["a", "b"], { priority: "high", key: undefined, tags: ["t"] });
  await takeIn(app);
  const queued = await app.messages();
  assert.deepEqual(queued.map(({ subject }) => subject), ["a", "b"]);
  for (const { submitter, priority, tags } of queued) {
    assert.deepEqual([submitter, priority, tags], [ME, "high", ["t"]]);
  }
  assert.deepEqual([namesIn(app, ""), namesIn(app, "taken"), namesIn(app, "refused")], [
    [],
    [],
    [],
  ]);
  assert.deepEqual(app.told, []);
  assert.deepEqual(app.events, [
    {
      type: "message.enqueued",
      ids: queued.map(({ id }) => id),
      submitter: ME,
      way: "drop",
      client: null,
    },
  ]);
});

Deno.test("takeInDrops: a key is the submitter's own", async () => {
  await using app = await withDropFolder();
  await drop(app, ["a"], { key: "k" });
  await takeIn(app);
  await drop(app, ["again"], { key: "k" });
  await takeIn(app);
  assert.deepEqual((await app.messages()).map(({ subject, key }) => [subject, key]), [
    ["a", `${ME}:k`],
  ]);
  assert.deepEqual(namesIn(app, ""), []);
});

Deno.test("takeInDrops: what is no drop is moved aside and told; the others are taken", async () => {
  await using app = await withDropFolder();
  const garbage = dropName(app.clock.now() - 1, app.random.bytes(16));
  await Deno.writeTextFile(`${app.folder}/drop/${garbage}`, "mailq-drop 1\ngarbage");
  await Deno.writeTextFile(`${app.folder}/drop/letter.eml`, "From: me\r\n\r\n");
  await drop(app, ["a"]);
  await takeIn(app);
  assert.deepEqual(await subjects(app), ["a"]);
  assert.deepEqual(namesIn(app, "refused"), [garbage, "letter.eml"].sort());
  const notes = app.told.filter((line) => line.startsWith("note: "));
  assert.equal(notes.length, 2);
  for (const note of notes) {
    assert.match(note, new RegExp(`^note: refused a drop \\(of ${ME}, now `));
  }
  assert.ok(notes.some((note) => note.endsWith("its name is not a drop's")));
});

Deno.test("takeInDrops: a batch with one message that cannot be is refused as a whole", async () => {
  await using app = await withDropFolder();
  const path = await drop(app, ["a", "b"]);
  const bytes = await Deno.readFile(path);
  // In its place: the last message, and the line that would follow it, are cut off.
  await Deno.writeFile(path, bytes.subarray(0, bytes.length - 40));
  await takeIn(app);
  assert.deepEqual(await subjects(app), []);
  assert.equal(namesIn(app, "refused").length, 1);
});

Deno.test("takeInDrops: of many refused ones ten are told, and how many more", async () => {
  await using app = await withDropFolder();
  for (let i = 0; i < 13; i++) await Deno.writeTextFile(`${app.folder}/drop/${i}.eml`, "");
  await takeIn(app);
  assert.equal(app.told.length, 11);
  assert.equal(app.told.at(-1), "note: refused 3 more drops");
  assert.equal(namesIn(app, "refused").length, 13);
});

Deno.test("takeInDrops: after a crash between commit and removal nothing is queued twice", async () => {
  await using app = await withDropFolder();
  const path = await drop(app, ["a", "b"]);
  const bytes = await Deno.readFile(path);
  await takeIn(app);
  app.told.splice(0);
  const name = path.slice(path.lastIndexOf("/") + 1);
  await Deno.writeFile(`${app.folder}/drop/taken/${name}`, bytes);
  await takeIn(app);
  assert.deepEqual(await subjects(app), ["a", "b"]);
  assert.deepEqual(namesIn(app, "taken"), []);
  assert.deepEqual(app.told, [`detail: a drop of ${ME} is in the queue already`]);
});

Deno.test("takeInDrops: after a crash before the commit the drop is queued", async () => {
  await using app = await withDropFolder();
  const path = await drop(app, ["a"]);
  await Deno.rename(path, path.replace("/drop/", "/drop/taken/"));
  await takeIn(app);
  assert.deepEqual(await subjects(app), ["a"]);
  assert.deepEqual(namesIn(app, "taken"), []);
});

Deno.test("takeInDrops: a drop that comes again is no new mail, and worth a line", async () => {
  await using app = await withDropFolder();
  const path = await drop(app, ["a"]);
  const bytes = await Deno.readFile(path);
  await takeIn(app);
  app.told.splice(0);
  await Deno.writeFile(path, bytes);
  await takeIn(app);
  assert.deepEqual(await subjects(app), ["a"]);
  assert.deepEqual(app.told, [`note: a drop of ${ME} is in the queue already`]);
});

Deno.test("takeInDrops: a full disk is told and stops no pass; the drop waits and is taken later", async () => {
  await using app = await withDropFolder();
  await drop(app, ["a"]);
  const enqueue = () => Promise.reject(new MailqError("disk_full", "No space is left"));
  await takeIn(app, (store) => alteredStore(store, { enqueue }));
  assert.deepEqual(app.told, ["warn: mail in the drop folder has to wait: No space is left"]);
  assert.equal(namesIn(app, "taken").length, 1);
  await takeIn(app);
  assert.deepEqual(await subjects(app), ["a"]);
  assert.deepEqual(namesIn(app, "taken"), []);
});

Deno.test("takeInDrops: told to stop it takes nothing more", async () => {
  await using app = await withDropFolder();
  await drop(app, ["a"]);
  app.stop();
  await takeIn(app);
  assert.deepEqual(await subjects(app), []);
  assert.equal(namesIn(app, "").length, 1);
});

Deno.test("importDrops: opens no queue for nothing, and leaves all to another at work", async () => {
  await using app = await withDropFolder();
  const settings = await app.settings();
  const never = () => Promise.reject(new Error("opened"));
  using opener = new DropOpener();
  assert.equal(await importDrops(app, settings, opener, never), true);
  await drop(app, ["a"]);
  const lock = await FileLock.tryTake(`${app.queue}-drop-lock`);
  assert.equal(await importDrops(app, settings, opener, never), false);
  lock?.release();
  assert.equal(namesIn(app, "").length, 1);
});

Deno.test({
  name: "takeInDrops: one user's thousands keep nobody's mail, nor this thread, waiting",
  ignore: Deno.uid() !== 0,
  async fn() {
    await using app = await withDropFolder();
    for (let n = 0; n < 3_000; n++) {
      const path = `${app.folder}/drop/${dropName(1_000 + n, app.random.bytes(16))}`;
      await Deno.writeTextFile(path, "");
      await Deno.chown(path, 1234, 1234);
    }
    await drop(app, ["another's"]);
    const settings = await app.settings();
    const queue = await app.openQueue(settings, { create: true, isWorker: true });
    let longestMs = 0;
    let last = performance.now();
    const beat = setInterval(() => {
      longestMs = Math.max(longestMs, performance.now() - last);
      last = performance.now();
    }, 5);
    let refusedBefore = -1;
    const watched = alteredStore(queue, {
      enqueue(messages) {
        refusedBefore = namesIn(app, "refused").length;
        return queue.enqueue(messages);
      },
    });
    {
      await using _taking = await takeInDrops(app, settings, watched);
    }
    clearInterval(beat);
    await app.closeQueue(queue);
    assert.deepEqual(await subjects(app), ["another's"]);
    assert.ok(refusedBefore <= 20, `${refusedBefore} of the other user's came first`);
    assert.ok(longestMs < 1_000, `nothing else had its turn for ${longestMs} ms`);
    assert.equal(namesIn(app, "refused").length, 1_000, "the rest is swept");
    assert.match(app.told.at(-1) ?? "", /^note: deleted 2000 refused drops: /);
  },
});

Deno.test("takeInDrops: what comes while much is taken in has its turn", async () => {
  await using app = await withDropFolder();
  for (let n = 0; n < 200; n++) await drop(app, [`old ${n}`]);
  const settings = await app.settings();
  const queue = await app.openQueue(settings, { create: true, isWorker: true });
  let taken = 0;
  const slow = alteredStore(queue, {
    async enqueue(messages) {
      taken += 1;
      if (taken === 1) await drop(app, ["new"]);
      // A look ends after a third of a second.
      const until = performance.now() + 4;
      while (performance.now() < until);
      return await queue.enqueue(messages);
    },
  });
  {
    await using _taking = await takeInDrops(app, settings, slow);
  }
  await app.closeQueue(queue);
  assert.equal(taken, 201, "in the same call");
});
