import assert from "node:assert/strict";
import { openDestination } from "../../../src/app/enqueue/destination.ts";
import { enqueueInputs } from "../../../src/app/enqueue/enqueue.ts";
import { intakeOptions } from "../../../src/app/enqueue/options.ts";
import { type CountedInputs, openInputs } from "../../../src/intake/sources/files.ts";
import { TestApp } from "../../support/app.ts";
import { LaterClock } from "../../support/later_clock.ts";
import { mail } from "../../support/mailq.ts";

Deno.test("enqueue: says how many it has taken once it takes long", async () => {
  await using app = await TestApp.make();
  using clock = new LaterClock();
  const folder = `${app.folder}/mail`;
  await Deno.mkdir(folder);
  for (const name of ["a", "b", "c"]) {
    await Deno.writeTextFile(`${folder}/${name}.eml`, mail({ subject: name }));
  }
  const files = openInputs([folder], { readSync: () => null });
  const slow: CountedInputs = {
    count: () => files.count(),
    *[Symbol.iterator]() {
      for (const input of files) {
        yield input;
        clock.aheadMs += 1_000;
      }
    },
  };
  const settings = await app.settings();
  const destination = await openDestination(app, settings);
  await enqueueInputs(app, destination, slow, intakeOptions(app, settings, {}));
  const told = app.told.filter((line) => line.startsWith("progress"));
  assert.equal(told.length, 2);
  assert.match(told[0] ?? "", /^progress: queueing: 1 of 3, \d+\/(s|min), \d+s left$/);
  assert.match(told[1] ?? "", /^progress: queueing: 2 of 3, /);
});

Deno.test("openInputs: counts files and folders, and nothing where input is read from a pipe", async () => {
  await using app = await TestApp.make();
  await Deno.writeTextFile(`${app.folder}/one.eml`, "");
  await Deno.writeTextFile(`${app.folder}/note.txt`, "");
  const stdin = { readSync: () => null };
  assert.equal(openInputs([app.folder, `${app.folder}/note.txt`], stdin).count(), 2);
  assert.equal(openInputs([app.folder, "-"], stdin).count(), null);
});
