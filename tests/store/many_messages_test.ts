import assert from "node:assert/strict";
import { makeManyMessages } from "../support/many_messages.ts";
import { listed } from "../support/queue_messages.ts";
import { openSqlite, verifySqlite } from "../support/queue_sqlite.ts";

Deno.test("a queue that was made by the thousand is one as the store makes it", async () => {
  const folder = await Deno.makeTempDir({ prefix: "mailq-store-" });
  try {
    const path = `${folder}/queue.db`;
    const middle = await makeManyMessages(path, 1_000);
    verifySqlite(path);
    const store = await openSqlite(path);
    const { sent, failed, deferred, held, queued } = await store.status();
    assert.deepEqual([sent, failed, deferred, held, queued], [900, 30, 30, 10, 30]);
    const shown = await store.show(middle);
    assert.equal(shown?.attempts.length, shown?.tries);
    assert.match(shown?.firstRecipient ?? "", /@customer\d+\.example$/);
    let bytes = 0;
    for await (const piece of store.content(shown?.seq ?? 0)) bytes += piece.length;
    assert.equal(bytes, shown?.sizeBytes);
    // What a search finds near its start is what the index finds, too.
    await store.bringSearchUpToDate();
    for (const search of ["invoice", "inv", "100500", "sender.example bob", "customer1"]) {
      for (const sort of ["newest", "oldest"] as const) {
        const all = await listed(store, { search }, { sort });
        assert(all.length > 0, search);
        assert.deepEqual(await listed(store, { search }, { sort, limit: 5 }), all.slice(0, 5));
        const after = all[2] ?? all[0] ?? "";
        const rest = all.slice(all.indexOf(after) + 1);
        assert.deepEqual(
          await listed(store, { search }, { sort, after, limit: 5 }),
          rest.slice(0, 5),
        );
      }
    }
    await store.close();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
