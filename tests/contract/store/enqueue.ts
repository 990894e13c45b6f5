import assert from "node:assert/strict";
import { enqueued, listed, newMessage, START } from "../../support/queue_messages.ts";
import type { TestStore } from "../store_contract.ts";

export function enqueueTests(test: TestStore): void {
  test("enqueue stores every field of a message", async ({ store }) => {
    const message = newMessage({
      recipients: ["ann@example.com", "bob@example.net"],
      priority: "high",
      sendAt: START + 5_000,
      expiresAt: START + 9_000,
      isHeld: true,
      tags: ["news", "march"],
      key: "order-1",
      submitter: "ann",
      replaces: "7kq3vd0x4zr2",
      changes: ["qualified From", "encoded 1 long line"],
    });
    const results = await store.enqueue([message]);
    assert.deepEqual(results, [{ id: message.id, isKnownKey: false, suppressed: [] }]);
    const shown = await store.show(message.id);
    assert(shown !== null);
    const { recipients, seq, ...rest } = shown;
    assert(seq > 0);
    assert.deepEqual(rest, {
      id: message.id,
      status: "held",
      isHeld: true,
      finalReason: null,
      sender: "app@sender.example",
      subject: "hello",
      from: "App <app@sender.example>",
      to: "ann@example.com",
      messageId: "<1@sender.example>",
      sizeBytes: message.sizeBytes,
      priority: "high",
      tags: ["news", "march"],
      key: "order-1",
      createdAt: START,
      sendAt: START + 5_000,
      expiresAt: START + 9_000,
      sentAt: null,
      tries: 0,
      nextAttemptAt: null,
      lastReply: null,
      recipientsTotal: 2,
      recipientsOpen: 2,
      recipientsSent: 0,
      recipientsFailed: 0,
      firstRecipient: "ann@example.com",
      submitter: "ann",
      replaces: "7kq3vd0x4zr2",
      dsn: null,
      changes: ["qualified From", "encoded 1 long line"],
      attempts: [],
    });
    assert.deepEqual(recipients.map(({ address, state }) => [address, state]), [
      ["ann@example.com", "queued"],
      ["bob@example.net", "queued"],
    ]);
  });

  test("enqueue takes the null sender and missing header fields", async ({ store }) => {
    const display = { subject: null, from: null, to: null, messageId: null };
    const id = await enqueued(store, { sender: "", display });
    const shown = await store.show(id);
    assert.equal(shown?.sender, "");
    assert.deepEqual([shown?.subject, shown?.from, shown?.to, shown?.messageId], [
      null,
      null,
      null,
      null,
    ]);
  });

  test("enqueue stores nothing at all if one of its messages cannot be stored", async ({ store }) => {
    const first = newMessage();
    const twin = newMessage({ id: first.id });
    await assert.rejects(store.enqueue([first, newMessage(), twin]));
    assert.deepEqual(await listed(store), []);
    assert.equal((await store.status()).queued, 0);
    assert.equal((await store.enqueue([first])).length, 1, "the store is usable afterwards");
  });

  test("enqueue of no messages does nothing", async ({ store }) => {
    assert.deepEqual(await store.enqueue([]), []);
  });

  test("enqueue answers a known key with the first message's id", async ({ store }) => {
    const first = await enqueued(store, { key: "k" });
    const again = newMessage({ key: "k" });
    assert.deepEqual(await store.enqueue([again]), [
      { id: first, isKnownKey: true, suppressed: [] },
    ]);
    assert.deepEqual(await listed(store), [first]);
  });

  test("enqueue knows a key that stands twice in one call", async ({ store }) => {
    const messages = [newMessage({ key: "k" }), newMessage({ key: "k" })];
    const results = await store.enqueue(messages);
    assert.deepEqual(results.map(({ id, isKnownKey }) => [id, isKnownKey]), [
      [messages[0]?.id, false],
      [messages[0]?.id, true],
    ]);
  });

  test("a key lives as long as its message", async ({ store }) => {
    const first = await enqueued(store, { key: "k" });
    await store.cancel({ ids: [first] });
    await store.purge({ ids: [first] }, { finalBefore: null, includeOpen: false });
    const second = await enqueued(store, { key: "k" });
    assert.notEqual(second, first);
    assert.deepEqual(await listed(store), [second]);
  });

  test("enqueue shows NUL in text for display as a replacement character", async ({ store }) => {
    const subject = "before\0after";
    const display = { subject, from: "\0", to: "a\0", messageId: "\0a" };
    const shown = await store.show(await enqueued(store, { display }));
    assert.equal(shown?.subject, "before\ufffdafter");
    assert.deepEqual([shown?.from, shown?.to, shown?.messageId], ["\ufffd", "a\ufffd", "\ufffda"]);
  });

  test("mail is found by another process as soon as enqueue has resolved", async (fixture) => {
    const other = await fixture.another();
    const id = await enqueued(fixture.store);
    assert.equal((await other.show(id))?.status, "queued");
    assert.deepEqual(await listed(other), [id]);
  });

  test("tags are found by any prefix, each once, at most as many as asked for", async ({ store }) => {
    const tags = [["news", "a%"], ["news"], ["newsletter", "ä"], ["nächste"], []];
    await store.enqueue(tags.map((tags) => newMessage({ tags })));
    assert.deepEqual(await store.tagsWithPrefix("", 9), [
      "a%",
      "news",
      "newsletter",
      "nächste",
      "ä",
    ]);
    assert.deepEqual(await store.tagsWithPrefix("new", 9), ["news", "newsletter"]);
    assert.deepEqual(await store.tagsWithPrefix("n", 2), ["news", "newsletter"]);
    assert.deepEqual(await store.tagsWithPrefix("a_", 9), []);
    assert.deepEqual(await store.tagsWithPrefix("z", 9), []);
  });

  test("ids are found by any prefix, at most as many as asked for", async ({ store }) => {
    const ids = ["aaaa00000000", "aaaa00000001", "aaab00000000", "zzzzzzzzzzzz"];
    await store.enqueue(ids.map((id) => newMessage({ id })));
    assert.deepEqual(await store.idsWithPrefix("aaaa", 5), ids.slice(0, 2));
    assert.deepEqual(await store.idsWithPrefix("aaa", 5), ids.slice(0, 3));
    assert.deepEqual(await store.idsWithPrefix("aaa", 2), ids.slice(0, 2));
    assert.deepEqual(await store.idsWithPrefix("z", 5), ids.slice(3));
    assert.deepEqual(await store.idsWithPrefix("zzzzzzzzzzzz", 5), ids.slice(3));
    assert.deepEqual(await store.idsWithPrefix("b", 5), []);
  });

  test("show knows no message that is not there", async ({ store }) => {
    assert.equal(await store.show("aaaa00000000"), null);
  });
}
