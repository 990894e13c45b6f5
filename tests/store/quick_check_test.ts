import assert from "node:assert/strict";
import { quickCheck } from "../../src/store/sqlite/read/quick_check.ts";
import { enqueued } from "../support/queue_messages.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

Deno.test("quickCheck: finds nothing in a whole queue, and damage in one with a page overwritten", async () => {
  await using fixture = await SqliteFixture.open();
  for (let n = 0; n < 50; n++) await enqueued(fixture.store);
  assert.deepEqual(quickCheck(fixture.queue), []);
  const copy = fixture.elsewhere;
  await fixture.store.backup(copy, { replaces: false, signal: new AbortController().signal });
  assert.deepEqual(quickCheck(copy), []);
  {
    using file = await Deno.open(copy, { write: true });
    const { size } = await file.stat();
    await file.seek(size - 8192, Deno.SeekMode.Start);
    await file.write(crypto.getRandomValues(new Uint8Array(8192)));
  }
  assert.notEqual(quickCheck(copy)?.length, 0);
});
