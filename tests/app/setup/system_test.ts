import assert from "node:assert/strict";
import type { SetUpStep } from "../../../src/app/setup/folders.ts";
import { readPasswd, userName } from "../../../src/system/passwd.ts";
import { setUpSystem } from "../../../src/app/setup/system.ts";
import { TestApp } from "../../support/app.ts";

const ME = userName(Deno.uid() ?? 0, readPasswd());
const DROP = Deno.uid() === 0 ? 0o1733 : 0o3733;

async function setUp(app: TestApp) {
  const steps: SetUpStep[] = [];
  const done = await setUpSystem(app, { user: null, onStep: (step) => void steps.push(step) });
  return { done, steps };
}

const modeOf = (path: string) => (Deno.lstatSync(path).mode ?? 0) & 0o7777;

Deno.test("setUpSystem: makes queue and drop folder, tells each step and returns where they are", async () => {
  await using app = await TestApp.make();
  const { done, steps } = await setUp(app);
  assert.deepEqual(done, { queue: app.queue, origin: "--queue", owner: ME });
  const at = (path: string) => steps.find((step) => step.path === app.folder + path);
  assert.deepEqual(at("/queue.db"), {
    step: "made",
    path: app.queue,
    mode: 0o600,
    owner: ME,
  });
  assert.equal(at("/drop")?.mode, DROP);
  for (const { path, mode } of steps) assert.equal(modeOf(path), mode, path);
  assert.equal(app.openQueues, 0);
});

Deno.test("setUpSystem: again it keeps what is right and mends the rest", async () => {
  await using app = await TestApp.make();
  await setUp(app);
  await Deno.chmod(`${app.folder}/drop`, 0o777);
  await Deno.remove(`${app.folder}/drop/refused`);
  const { steps } = await setUp(app);
  const done = new Map(steps.map(({ path, step }) => [path.slice(app.folder.length), step]));
  assert.deepEqual(
    ["/queue.db", "/drop/taken", "/drop/refused", "/drop"].map((path) => done.get(path)),
    [
      "kept",
      "kept",
      "made",
      "mended",
    ],
  );
});

Deno.test("setUpSystem: the steps before a failure are told", async () => {
  await using app = await TestApp.make();
  await Deno.symlink("/tmp", `${app.folder}/drop`);
  const steps: SetUpStep[] = [];
  const call = setUpSystem(app, { user: null, onStep: (step) => void steps.push(step) });
  await assert.rejects(call, { code: "permission" });
  assert.deepEqual(steps.map(({ path }) => path).slice(0, 2), [app.folder, app.queue]);
  assert.ok(!steps.some(({ path }) => path.endsWith("/drop")));
});

Deno.test("setUpSystem: a folder that holds other things is not taken over", async () => {
  await using app = await TestApp.make();
  await Deno.writeTextFile(`${app.folder}/letter`, "");
  await assert.rejects(setUp(app), { code: "cannot_create", message: /letter/ });
  assert.throws(() => Deno.statSync(app.queue), Deno.errors.NotFound);
});
