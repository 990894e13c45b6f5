import assert from "node:assert/strict";
import { APPLIES_TO, dryRun } from "../../../src/app/act/dry_run.ts";
import { TestApp } from "../../support/app.ts";
import { enqueued, START } from "../../support/queue_messages.ts";

Deno.test("dry run: counts what an action applies to within the filter, the oldest as samples", async () => {
  await using app = await TestApp.make();
  const store = await app.openQueue(await app.settings(), { create: true });
  const to = (address: string, isHeld = false) =>
    enqueued(store, { recipients: [address], isHeld });
  const ids: string[] = [];
  for (let i = 0; i < 4; i++) ids.push(await to("ann@one.test"));
  const held = await to("ann@one.test", true);
  await to("bob@two.test");
  await store.cancel({ ids: [await to("ann@one.test")] });
  const count = async (action: keyof typeof APPLIES_TO) => {
    const { count, samples } = await dryRun(store, { to: "@one.test" }, APPLIES_TO[action]);
    return [count, samples.map(({ id }) => id)];
  };
  assert.deepEqual(await count("hold"), [4, ids.slice(0, 3)]);
  assert.deepEqual(await count("release"), [1, [held]]);
  assert.deepEqual(await count("cancel"), [5, ids.slice(0, 3)]);
  assert.deepEqual(await count("resend"), [6, ids.slice(0, 3)]);
  assert.deepEqual(await count("retry"), [1, [held]]);
  const held1 = await dryRun(store, { statuses: ["held"] }, APPLIES_TO.hold);
  assert.equal(held1.count, 0, "the filter's own statuses count, too");
  assert.equal((await store.hold({ to: "@one.test" })).changed, 4, "as many as were told");
});

Deno.test("dry run: what ended, or is due, before a time", async () => {
  await using app = await TestApp.make();
  const store = await app.openQueue(await app.settings(), { create: true });
  const id = await enqueued(store, { createdAt: START });
  await store.cancel({ ids: [id] });
  const end = app.clock.now();
  const ended = (finalUntil: number) => dryRun(store, { finalUntil }, ["cancelled"]);
  assert.equal((await ended(end)).count, 0);
  assert.equal((await ended(end + 1)).count, 1);
});
