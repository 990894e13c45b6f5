import assert from "node:assert/strict";
import { describePart, pausePart, readPart, resumeCommand } from "../../../src/app/pause/part.ts";
import type { PausedPart } from "../../../src/queue/policy/pause.ts";
import { TestApp } from "../../support/app.ts";

Deno.test("the part that is meant: read and told as a person writes it", () => {
  const cases: readonly [Parameters<typeof readPart>[0], PausedPart, string, string][] = [
    [{ relay: "bulk" }, { scope: "relay", value: "bulk" }, "the relay bulk", "--relay bulk"],
    [
      { sender: "Ann@Example.org" },
      { scope: "sender", value: "ann@example.org" },
      "the sender ann@example.org",
      "--sender ann@example.org",
    ],
    [{ sender: "<>" }, { scope: "sender", value: "" }, "the null sender", "--sender ''"],
    [{ sender: "" }, { scope: "sender", value: "" }, "the null sender", "--sender ''"],
    [
      { toDomain: "@Example.NET" },
      { scope: "domain", value: "example.net" },
      "the domain example.net",
      "--to-domain example.net",
    ],
    [{ tag: "it's" }, { scope: "tag", value: "it's" }, "the tag it's", "--tag 'it'\\''s'"],
  ];
  for (const [given, part, words, flags] of cases) {
    const read = readPart(given, ["default", "bulk"]);
    assert.deepEqual(read, part);
    assert.equal(describePart(part), words);
    assert.equal(resumeCommand(part), `mailq resume ${flags}`);
  }
  assert.equal(readPart({}, ["default"]), null);
});

Deno.test("the part that is meant: what names none is usage", () => {
  const cases: readonly [Parameters<typeof readPart>[0], RegExp][] = [
    [{ relay: "bluk" }, /Cannot find a relay called "bluk": expected one of default, bulk/],
    [{ sender: "ann" }, /expected an address/],
    [{ sender: "a@b c@d" }, /expected an address/],
    [{ toDomain: "ann@example.org" }, /expected one such as/],
    [{ toDomain: "@" }, /expected one such as/],
    [{ tag: "a", toDomain: "b.test" }, /more than one/],
  ];
  for (const [given, message] of cases) {
    assert.throws(() => readPart(given, ["default", "bulk"]), { code: "usage", message });
  }
});

Deno.test("pause of a part: stands in the queue with its reason and its end", async () => {
  await using app = await TestApp.make();
  const store = await app.openQueue(await app.settings(), { create: true });
  const part = { scope: "tag", value: "news" } as const;
  assert.equal(await pausePart(app, store, part, { forMs: 5_000, reason: "typo" }), true);
  const since = app.clock.now();
  const pause = { ...part, reason: "typo", since, isAutomatic: false, times: 0, refused: [] };
  assert.deepEqual((await store.status()).pauses, [{ ...pause, until: since + 5_000 }]);
  assert.equal(await pausePart(app, store, part, { forMs: null, reason: "typo" }), false);
  assert.deepEqual((await store.status()).pauses, [{ ...pause, until: null }]);
});
