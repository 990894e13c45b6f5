import assert from "node:assert/strict";
import { exportMessages } from "../../../src/app/export/messages.ts";
import {
  EmlPlace,
  type ExportPlace,
  MaildirPlace,
  MboxPlace,
  StreamPlace,
} from "../../../src/app/export/places.ts";
import { claimOne, worked } from "../../contract/store/claims.ts";
import { attemptOf, enqueued } from "../../support/queue_messages.ts";
import { systemRandom } from "../../../src/system/time.ts";
import { SqliteFixture } from "../../support/queue_sqlite.ts";

const GO_ON = new AbortController().signal;

/** Exports all of a queue. */
function exportAll(
  fixture: SqliteFixture,
  place: ExportPlace,
  more: { readonly signal?: AbortSignal; readonly onExported?: () => void } = {},
) {
  const how = { filter: {}, place, hasEnvelope: false, signal: GO_ON, ...more };
  return exportMessages(fixture.store, how);
}

function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

Deno.test("export: messages whose bytes were not kept are counted, the others written", async () => {
  await using fixture = await SqliteFixture.open();
  const sent = await enqueued(fixture.store);
  const sender = await fixture.another({ keepsBodies: () => false });
  {
    await using worker = await worked(sender);
    await sender.record([attemptOf(await claimOne(sender, worker.handle), "sent")]);
  }
  const open = await enqueued(fixture.store);
  const folder = `${fixture.folder}/out`;
  using place = await EmlPlace.make(folder);
  const result = await exportAll(fixture, place);
  assert.deepEqual(result, { exported: 1, withoutBody: 1 });
  assert.deepEqual(namesIn(folder), [`${open}.eml`]);
  assert.equal((await fixture.store.show(sent))?.status, "sent", "the queue keeps it");
});

Deno.test("export: .eml files are the queue's bytes, and none is written over", async () => {
  await using fixture = await SqliteFixture.open();
  const content = bytesOf("Subject: a\r\n\r\nFrom here\r\n");
  const id = await enqueued(fixture.store, { content });
  const folder = `${fixture.folder}/out`;
  {
    using place = await EmlPlace.make(`${folder}/`);
    assert.deepEqual(await exportAll(fixture, place), { exported: 1, withoutBody: 0 });
  }
  assert.deepEqual(await Deno.readFile(`${folder}/${id}.eml`), content);
  await Deno.writeTextFile(`${folder}/${id}.eml`, "mine");
  using again = await EmlPlace.make(folder);
  let exported = 0;
  await assert.rejects(exportAll(fixture, again, { onExported: () => exported++ }), {
    code: "cannot_create",
    message: /there is a file already$/,
  });
  assert.equal(exported, 0);
  assert.equal(await Deno.readTextFile(`${folder}/${id}.eml`), "mine");
  assert.deepEqual(namesIn(folder), [`${id}.eml`], "nothing is left of the attempt");
});

Deno.test("export: an mbox is new, with From lines quoted, and is not there before its end", async () => {
  await using fixture = await SqliteFixture.open();
  const content = bytesOf("Subject: a\r\n\r\nFrom here\r\n>From there\r\n");
  await enqueued(fixture.store, { content, sender: "s@x.test" });
  const path = `${fixture.folder}/out.mbox`;
  {
    using _left = await MboxPlace.make(path);
  }
  assert.equal(namesIn(fixture.folder).includes("out.mbox"), false);
  {
    using place = await MboxPlace.make(path);
    await exportAll(fixture, place);
  }
  const [from = "", ...lines] = (await Deno.readTextFile(path)).split("\n");
  assert.match(from, /^From s@x\.test /);
  assert.deepEqual(lines, ["Subject: a", "", ">From here", ">>From there", "", ""]);
  await Deno.writeTextFile(path, "mine");
  await assert.rejects(
    async () => {
      using place = await MboxPlace.make(path);
      await exportAll(fixture, place);
    },
    { code: "cannot_create" },
  );
  assert.equal(await Deno.readTextFile(path), "mine");
});

Deno.test("export: a Maildir that is there is added to; files have the time of queueing", async () => {
  await using fixture = await SqliteFixture.open();
  const createdAt = 1_700_000_000_000;
  const content = bytesOf("Subject: a\r\n\r\nhello\r\n");
  await enqueued(fixture.store, { content, createdAt, recipients: ["a@x.test", "b@x.test"] });
  const folder = `${fixture.folder}/Maildir`;
  const naming = { hostname: "host", clock: fixture.clock, random: systemRandom };
  for (const hasEnvelope of [false, true]) {
    using place = await MaildirPlace.make(folder, naming);
    await exportMessages(fixture.store, { filter: {}, place, hasEnvelope, signal: GO_ON });
  }
  assert.deepEqual(namesIn(folder), ["cur", "new", "tmp"]);
  assert.deepEqual(namesIn(`${folder}/tmp`), []);
  const paths = namesIn(`${folder}/new`).map((name) => `${folder}/new/${name}`);
  const texts = paths.map((path) => Deno.readTextFileSync(path));
  const plain = "Subject: a\n\nhello\n";
  const envelope = "X-Zope-From: app@sender.example\nX-Zope-To: a@x.test, b@x.test\n";
  assert.deepEqual(texts.sort(), [plain, envelope + plain]);
  for (const path of paths) assert.equal(Deno.statSync(path).mtime?.getTime(), createdAt);
});

Deno.test("export: a file in the place of a folder is no folder", async () => {
  await using fixture = await SqliteFixture.open();
  const path = `${fixture.folder}/file`;
  await Deno.writeTextFile(path, "mine");
  await assert.rejects(EmlPlace.make(path), { code: "cannot_create" });
});

Deno.test("export: to a stream, as it is or as an mbox", async () => {
  await using fixture = await SqliteFixture.open();
  await enqueued(fixture.store, { content: bytesOf("Subject: a\r\n\r\nhello\r\n") });
  const written = async (isMbox: boolean) => {
    let text = "";
    using place = new StreamPlace((bytes) => text += new TextDecoder().decode(bytes), isMbox);
    await exportAll(fixture, place);
    return text;
  };
  assert.equal(await written(false), "Subject: a\r\n\r\nhello\r\n");
  assert.match(await written(true), /^From app@sender\.example .*\nSubject: a\n\nhello\n\n$/);
});

Deno.test("export: told to stop it ends after the message in hand", async () => {
  await using fixture = await SqliteFixture.open();
  for (let i = 0; i < 3; i++) await enqueued(fixture.store);
  const stop = new AbortController();
  using place = await EmlPlace.make(`${fixture.folder}/out`);
  let exported = 0;
  const onExported = () => {
    exported++;
    stop.abort();
  };
  await assert.rejects(exportAll(fixture, place, { signal: stop.signal, onExported }), {
    code: "busy",
  });
  assert.equal(exported, 1);
});
