import assert from "node:assert/strict";
import { SqliteStore } from "../../src/store/sqlite/store.ts";
import { systemRandom } from "../../src/system/time.ts";
import { attemptOf, newMessage, START } from "../support/queue_messages.ts";

const ID = "aaaa00000000";

type Read = (store: SqliteStore) => Promise<unknown>;
const list: Read = (store) =>
  Array.fromAsync(store.list({}, { sort: "newest", after: null, limit: 0 }));
const show: Read = (store) => store.show(ID);
const resend: Read = (store) => store.resendChanged(ID, {});

interface Case {
  /** The statement that damages the row. */
  readonly sql: string;
  readonly reads: Readonly<Record<string, Read>>;
  /** What the error says besides its end. */
  readonly says: string;
}

const CASES: readonly Case[] = [
  {
    sql: "UPDATE OR ROLLBACK message SET status = 'asleep'",
    reads: { list, show, resend },
    says: `message ${ID}: its status is "asleep"`,
  },
  {
    sql: "UPDATE message SET priority = 9",
    reads: { list, show, resend },
    says: `message ${ID}: its priority is 9`,
  },
  {
    sql: "UPDATE message SET final_reason = 'bored'",
    reads: { list, show },
    says: `message ${ID}: its reason is "bored"`,
  },
  {
    sql: `UPDATE message SET tags = '"red"'`,
    reads: { list, show },
    says: `message ${ID}: its list of tags is "\\"red\\""`,
  },
  {
    sql: "UPDATE message SET tags = '[red'",
    reads: { list, show },
    says: `message ${ID}: its list of tags is "[red" (`,
  },
  {
    sql: "UPDATE recipient SET state = 'lost'",
    reads: { show },
    says: `the recipient ann@example.com of message ${ID}: its state is "lost"`,
  },
  {
    sql: "UPDATE recipient SET reason = 'bored'",
    reads: { show },
    says: `the recipient ann@example.com of message ${ID}: its reason is "bored"`,
  },
  {
    sql: "UPDATE attempt SET result = 'so-so'",
    reads: { show },
    says: `attempt 1 of message ${ID}: its result is "so-so"`,
  },
  {
    sql: "UPDATE attempt SET outcomes = '{}'",
    reads: { show },
    says: `attempt 1 of message ${ID}: its list of outcomes is "{}"`,
  },
  {
    sql: `UPDATE attempt SET outcomes = '[{"address": "a@b.test", "outcome": "maybe"}]'`,
    reads: { show },
    says: `attempt 1 of message ${ID}: its outcome is "maybe"`,
  },
  {
    sql: "INSERT INTO tally VALUES (0, 'asleep', 1)",
    reads: { status: (store) => store.status() },
    says: `the counts: its status is "asleep"`,
  },
];

for (const { sql, reads, says } of CASES) {
  for (const [what, read] of Object.entries(reads)) {
    Deno.test(`damage: ${what} tells ${says}`, async () => {
      const clock = { now: () => START };
      const options = { path: null, create: true, isWorker: true, clock, random: systemRandom };
      const store = await SqliteStore.open(options);
      try {
        await store.enqueue([newMessage({ id: ID })]);
        const worker = await store.registerWorker("test");
        const { claims } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
        await store.record(claims.map((one) => attemptOf(one, { retryAt: START })));
        await store.requeueDue();
        await read(store);
        await store.resend({}, { unsentOnly: false });
        store.db.run(sql);
        await assert.rejects(async () => await read(store), (error) => {
          assert(error instanceof Error);
          assert(error.message.includes(`Cannot read ${says}`), error.message);
          assert.match(error.message, /which mailq never writes; the queue is damaged/);
          assert.equal(Reflect.get(error, "code"), "queue_corrupt");
          return true;
        });
      } finally {
        await store.close();
      }
    });
  }
}
