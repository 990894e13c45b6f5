import assert from "node:assert/strict";
import fc from "fast-check";
import { hasWords, readSearch, wordsOf } from "../../src/store/sql/words.ts";
import { enqueued, listed, newMessage } from "../support/queue_messages.ts";
import { SqliteFixture } from "../support/queue_sqlite.ts";

const ALL = { finalBefore: null, includeOpen: true };

const WORDS: readonly (readonly [text: string, words: string])[] = [
  ["Invoice-4711", "invoice 4711"],
  ["bob_b@acme.test", "bob b acme test"],
  ["ÄRGER über Straße", "arger uber strasse"],
  ["İstanbul ΟΔΟΣ οδος", "istanbul οδοσ οδοσ"],
  ["Привет, мир", "привет мир"],
  ["ﬁne ½", "fine 1 2"],
  ["東京タワー", "東 京 タ ワ ー"],
  ["한국어", "한국어".normalize("NFKD")],
  ["\0 \u202e «»", ""],
];

for (const [text, words] of WORDS) {
  Deno.test(`wordsOf: ${JSON.stringify(text)}`, () => {
    assert.equal(wordsOf(text).join(" "), words);
    assert.equal(wordsOf(words).join(" "), words, "words stay as they are");
  });
}

Deno.test("SQLite search: the index finds what reading the messages finds", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const letters = fc.constantFrom(..."abAB12éß東京İς _-.@\"*'()^:+\0\u0301😀ﬁ");
  const text = fc.string({ unit: letters, minLength: 1, maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      fc.array(text, { minLength: 1, maxLength: 8 }),
      text,
      async (subjects, search) => {
        await store.purge({}, ALL);
        const messages = subjects.map((subject) =>
          newMessage({
            sender: "",
            recipients: ["z@z.z"],
            display: { subject, from: null, to: null, messageId: null },
          })
        );
        await store.enqueue(messages);
        const unindexed = await listed(store, { search }, { sort: "oldest" });
        await store.bringSearchUpToDate();
        assert.deepEqual(await listed(store, { search }, { sort: "oldest" }), unindexed);
        const wanted = readSearch(search);
        const meant = messages.filter(({ display }) =>
          wanted === null ||
          hasWords(wanted, [wordsOf((display.subject ?? "").replaceAll("\0", " "))])
        );
        assert.deepEqual(unindexed, meant.map(({ id }) => id));
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("SQLite search: a purge frees the words of what it deleted", async () => {
  await using fixture = await SqliteFixture.open();
  const { store } = fixture;
  const unlike = (i: number) => (i * 2654435761 % 2 ** 32).toString(36);
  for (let from = 0; from < 20_000; from += 2_000) {
    await store.enqueue(
      Array.from({ length: 2_000 }, (_, i) => {
        const display = { subject: unlike(from + i), from: null, to: null, messageId: null };
        return newMessage({ display, tags: (from + i) % 10 === 0 ? ["kept"] : ["gone"] });
      }),
    );
  }
  await store.bringSearchUpToDate();
  const bytes = () => Number(store.db.get("SELECT sum(length(block)) AS n FROM words_data")?.n);
  const full = bytes();
  assert.equal(await store.purge({ tags: ["gone"] }, ALL), 18_000);
  assert(bytes() < full / 4, `${bytes()} of ${full} bytes are left for a tenth of the messages`);
  assert.equal((await listed(store, { search: "example" })).length, 2_000);
  await store.purge({}, ALL);
  assert(bytes() < 1_000, `${bytes()} bytes are left for no message`);
  const id = await enqueued(store);
  await store.bringSearchUpToDate();
  assert.deepEqual(await listed(store, { search: "hello" }), [id]);
});
