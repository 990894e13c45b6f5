import assert from "node:assert/strict";
import { enqueued } from "../support/queue_messages.ts";
import { rowsOf, SqliteFixture } from "../support/queue_sqlite.ts";

Deno.test("SQLite store: a copy asks for the notices of the recipients that stay", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const asked = { notify: ["failure"], orcpt: "rfc822;a@a.test" } as const;
  const dsn = { ret: "headers", envid: "e1", recipients: [asked, null] } as const;
  const old = await enqueued(store, { recipients: ["a@a.test", "b@a.test"], dsn });
  const { id } = await store.resendChanged(old, { recipients: ["c@c.test", "a@a.test"] });
  const rows = rowsOf(
    fixture.queue,
    `SELECT message.dsn AS envelope, recipient.dsn AS asked FROM recipient JOIN message USING (seq)
     WHERE id = '${id}' ORDER BY n`,
  );
  const envelope = JSON.stringify({ ret: "headers", envid: "e1" });
  assert.deepEqual(rows, [
    { envelope, asked: null },
    { envelope, asked: JSON.stringify(asked) },
  ]);
});
