import assert from "node:assert/strict";
import { killEnqueues, killSends } from "../e2e/support/kills.ts";

Deno.test("kill -9: an enqueue that is killed keeps all or nothing, one that exits 0 all", async () => {
  await killEnqueues({ single: 140, folders: 40, leastHits: 80 });
});

Deno.test("kill -9: a send that is killed loses nothing, and repeats only what is uncertain", async () => {
  const repeated = await killSends({ rounds: 30, enough: 150, leastHits: 80 });
  assert.ok(repeated > 0, "no moment between the relay's 250 and our commit was hit");
});
