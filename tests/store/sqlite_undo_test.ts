import { undoTests } from "../contract/store/undo.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

undoTests((behaviour, run) =>
  Deno.test(`SQLite store: ${behaviour}`, async () => {
    await using fixture = await SqliteFixture.open();
    await run(fixture);
    fixture.verify();
  })
);
