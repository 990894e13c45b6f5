import assert from "node:assert/strict";
import { DropWatch } from "../../../src/app/drops/watch.ts";
import { TestApp } from "../../support/app.ts";
import { childOk } from "../../support/child.ts";
import { drop, makeDropFolder, namesIn, subjects, withDropFolder } from "./drops.ts";

const POLL_MS = 1_000;
const SEE_MS = 100;

/** A queue that is there, as a service's is. */
async function withQueue(app: TestApp): Promise<void> {
  await app.closeQueue(await app.openQueue(await app.settings(), { create: true }));
}

Deno.test("DropWatch: takes in what lies there and what comes", async () => {
  await using app = await withDropFolder();
  await withQueue(app);
  await drop(app, ["a"]);
  const settings = await app.settings();
  {
    await using _watch = new DropWatch(app, () => settings, app.queue);
    const taken = (count: number) =>
      app.until(() =>
        app.events.filter(({ type }) => type === "message.enqueued").length === count
      );
    await taken(1);
    await app.idle();
    await drop(app, ["b"]);
    app.advance(SEE_MS);
    await taken(2);
  }
  assert.equal(app.openQueues, 0, "it closes what it has opened");
  assert.deepEqual(await subjects(app), ["a", "b"]);
});

Deno.test("DropWatch: a pipe that anybody makes there keeps nobody's mail waiting", async () => {
  await using app = await withDropFolder();
  await withQueue(app);
  const settings = await app.settings();
  await using _watch = new DropWatch(app, () => settings, app.queue);
  await app.idle();
  // Deno opens what it tells of where it watches, and nobody writes to this.
  await childOk(["mkfifo", `${app.folder}/drop/pipe`]);
  app.advance(SEE_MS);
  await app.until(() => app.told.some((line) => line.includes("it is a pipe")));
  await app.idle();
  await drop(app, ["a"]);
  app.advance(SEE_MS);
  await app.until(() => app.events.some(({ type }) => type === "message.enqueued"));
});

Deno.test("DropWatch: a folder that is made later is found", async () => {
  await using app = await TestApp.make();
  await withQueue(app);
  const settings = await app.settings();
  await using _watch = new DropWatch(app, () => settings, app.queue);
  await app.idle();
  await makeDropFolder(app);
  await drop(app, ["a"]);
  app.advance(POLL_MS);
  await app.until(() => app.events.some(({ type }) => type === "message.enqueued"));
  assert.deepEqual(namesIn(app, ""), []);
});

Deno.test("DropWatch: trouble is told once, and outlasted", async () => {
  await using app = await withDropFolder();
  await withQueue(app);
  await Deno.remove(`${app.folder}/drop/refused`);
  await Deno.writeTextFile(`${app.folder}/drop/refused`, "in the way");
  const settings = await app.settings();
  await using _watch = new DropWatch(app, () => settings, app.queue);
  await app.idle();
  assert.match(
    app.told.join("\n"),
    /^warn: mail in the drop folder has to wait: .*; trying again$/,
  );
  app.advance(POLL_MS);
  await app.idle();
  assert.equal(app.told.length, 1);
  await Deno.remove(`${app.folder}/drop/refused`);
  await Deno.mkdir(`${app.folder}/drop/refused`, { mode: 0o700 });
  await drop(app, ["a"]);
  app.advance(POLL_MS);
  await app.until(() => app.events.some(({ type }) => type === "message.enqueued"));
});
