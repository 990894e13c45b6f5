import assert from "node:assert/strict";
import { newMessage } from "../support/queue_messages.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

/** Messages, more than are changed in one commit. */
const COUNT = 700;

interface Told {
  readonly steps: [done: number, total: number | null][];
  readonly onProgress: (done: number, total: number | null) => void;
}

function listener(): Told {
  const steps: [number, number | null][] = [];
  return { steps, onProgress: (done, total) => void steps.push([done, total]) };
}

async function filled(): Promise<SqliteFixture> {
  const fixture = await SqliteFixture.open();
  await fixture.store.enqueue(Array.from({ length: COUNT }, () => newMessage()));
  return fixture;
}

Deno.test("resend, purge: tell after each commit of how many messages they have seen to", async () => {
  await using fixture = await filled();
  const resent = listener();
  await fixture.store.resend({}, { unsentOnly: false, ...resent });
  assert.deepEqual(resent.steps, [[500, COUNT], [COUNT, COUNT]]);
  const retried = listener();
  await fixture.store.retry({}, { dueOnly: false, ...retried });
  assert.deepEqual(retried.steps, []);
  const purged = listener();
  await fixture.store.purge({}, { finalBefore: null, includeOpen: true, ...purged });
  assert.deepEqual(purged.steps, [[500, COUNT], [COUNT, COUNT]]);
});

Deno.test("backup: tells of the bytes it has copied", async () => {
  await using fixture = await filled();
  const { steps, onProgress } = listener();
  const { signal } = new AbortController();
  await fixture.store.backup(fixture.elsewhere, { replaces: false, signal, onProgress });
  const [done, total] = steps.at(-1) ?? [];
  assert.equal(done, total);
  assert.ok(Number(total) > 0);
});
