import assert from "node:assert/strict";
import { takeMaildir } from "../../../src/app/enqueue/maildir.ts";
import { intakeOptions } from "../../../src/app/enqueue/options.ts";
import { FileLock } from "../../../src/system/file_lock.ts";
import { TestApp } from "../../support/app.ts";
import { mail } from "../../support/mailq.ts";

async function withMaildir(): Promise<{ readonly app: TestApp; readonly path: string }> {
  const app = await TestApp.make();
  const path = `${app.folder}/box`;
  for (const part of ["tmp", "new", "cur"]) {
    await Deno.mkdir(`${path}/${part}`, { recursive: true });
  }
  return { app, path };
}

/** Puts a file into a Maildir as those who deliver there do: whole, at once. */
async function put(path: string, name: string, text = mail({ subject: name })): Promise<void> {
  await Deno.writeTextFile(`${path}/tmp/${name}`, text);
  await Deno.rename(`${path}/tmp/${name}`, `${path}/new/${name}`);
}

const namesIn = (path: string) => [...Deno.readDirSync(`${path}/new`)].map(({ name }) => name);

/** Takes a Maildir in; the ids of each commit come into `commits`. */
async function take(
  app: TestApp,
  path: string,
  how: { readonly setsAside?: boolean; readonly isWatched?: boolean } = {},
  commits: string[][] = [],
) {
  const settings = await app.settings();
  return await takeMaildir(app, settings, path, {
    intake: intakeOptions(app, settings, {}),
    setsAside: how.setsAside ?? false,
    isWatched: how.isWatched ?? false,
    onQueued({ messages }, queue) {
      assert.ok(queue !== null && app.openQueues === 1, "the queue is open");
      commits.push([...messages].map(({ id }) => id));
      app.tell.detail("committed");
      return Promise.resolve();
    },
  });
}

const subjects = async (app: TestApp) =>
  (await app.messages()).map(({ subject }) => subject).sort();

Deno.test("takeMaildir: queues all files in one commit and takes them away", async () => {
  const { app, path } = await withMaildir();
  await using _ = app;
  await put(path, "a");
  await put(path, "b");
  const commits: string[][] = [];
  assert.deepEqual(await take(app, path, {}, commits), { hasLeft: false });
  assert.deepEqual(commits.map(({ length }) => length), [2]);
  assert.deepEqual(await subjects(app), ["a", "b"]);
  assert.deepEqual(namesIn(path), []);
  assert.equal(app.openQueues, 0);
});

Deno.test("takeMaildir: a bad file keeps all where they are", async () => {
  const { app, path } = await withMaildir();
  await using _ = app;
  await put(path, "a");
  await put(path, "bad", "From: a@b.test\r\nTo: @\r\n\r\n");
  await assert.rejects(take(app, path), { code: "bad_address", message: /\/new\/bad: / });
  assert.deepEqual(await app.messages(), []);
  assert.deepEqual(namesIn(path).sort(), ["a", "bad"]);
  assert.equal(app.openQueues, 0);
});

Deno.test("takeMaildir: sets a bad file aside and queues those before and after it", async () => {
  const { app, path } = await withMaildir();
  await using _ = app;
  for (const name of ["a", "bad", "c"]) {
    await put(path, name, name === "bad" ? "From: a@b.test\r\nTo: @\r\n\r\n" : undefined);
  }
  assert.deepEqual(await take(app, path, { setsAside: true }), { hasLeft: false });
  assert.deepEqual(await subjects(app), ["a", "c"]);
  assert.deepEqual(namesIn(path), [".rejected-bad"]);
  assert.match(app.told.join("\n"), /^warn: set aside as \.rejected-bad: /m);
});

Deno.test("takeMaildir: a Maildir that another mailq has in hand is busy", async () => {
  const { app, path } = await withMaildir();
  await using _ = app;
  await put(path, "a");
  const lock = await FileLock.tryTake(`${path}/.mailq-lock`);
  const call = take(app, path).then(() => null, (error) => error);
  for (let ms = 0; ms < 3_000; ms += 100) {
    await app.idle();
    app.advance(100);
  }
  assert.equal((await call)?.code, "busy");
  lock?.release();
  assert.deepEqual(namesIn(path), ["a"]);
});

Deno.test("takeMaildir: watched, it takes what comes until it is told to stop", async () => {
  const { app, path } = await withMaildir();
  await using _ = app;
  await put(path, "a");
  const commits: string[][] = [];
  const watching = take(app, path, { isWatched: true }, commits);
  await app.until(() => commits.length === 1);
  await app.idle();
  assert.equal(app.openQueues, 0, "while nothing comes no queue is open");
  await put(path, "b");
  app.advance(60_000);
  await app.until(() => commits.flat().length === 2);
  app.stop();
  assert.deepEqual(await watching, { hasLeft: false });
  assert.deepEqual(await subjects(app), ["a", "b"]);
});
