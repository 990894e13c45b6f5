import assert from "node:assert/strict";
import { problemMessages, problems, unsentBy } from "../../../src/app/problems/groups.ts";
import { wholeNumber } from "../../../src/queue/policy/problem.ts";
import { selectMessages } from "../../../src/app/select.ts";
import type { Store } from "../../../src/queue/ports/store.ts";
import { TestApp } from "../../support/app.ts";
import { attemptOf, type Ending, enqueued, START } from "../../support/queue_messages.ts";

/** What one attempt brought, with a reply of its own. */
interface Told {
  readonly to: readonly string[];
  readonly sender?: string;
  readonly ending: Ending;
  readonly reply: string;
  readonly tags?: readonly string[];
  readonly at?: number;
}

/** Queues a message and records its attempt. */
async function tried(store: Store, { to, sender, ending, reply, tags, at = START }: Told) {
  const id = await enqueued(store, {
    recipients: to,
    sender: sender ?? "a@s.test",
    tags: tags ?? [],
  });
  const worker = await store.registerWorker("send");
  const { claims: [claim] } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
  assert.ok(claim !== undefined);
  const attempt = attemptOf(claim, ending, { startedAt: at });
  const changes = attempt.changes.map((change) => ({ ...change, reply }));
  await store.record([{ ...attempt, code: changes[0]?.code ?? null, changes }]);
  await worker.close();
  return id;
}

async function openQueue(app: TestApp): Promise<Store> {
  return await app.openQueue(await app.settings(), { create: true });
}

const LATER = { retryAt: START + 60_000 };

Deno.test("problems: what was told the same is one, with counts, times and what to do", async () => {
  await using app = await TestApp.make();
  const store = await openQueue(app);
  const one = await tried(store, {
    to: ["ann@one.test", "bob@two.test"],
    ending: "failed",
    reply: "<ann@one.test>: User unknown, id 17",
    at: START + 5,
  });
  const two = await tried(store, {
    to: ["eve@one.test"],
    ending: "failed",
    reply: "<eve@one.test>: User unknown, id 4711",
    at: START + 9,
  });
  const busy = await tried(store, { to: ["x@y.test"], ending: LATER, reply: "busy now" });
  await tried(store, { to: ["x@y.test"], ending: "sent", reply: "ok" });
  await enqueued(store);
  const found = await problems(store, { openOnly: false });
  assert.deepEqual(
    found.map(({ messages, recipients, open, firstSeen, lastSeen }) => [
      messages,
      recipients,
      open,
      firstSeen,
      lastSeen,
    ]),
    [[2, 3, 0, START + 5, START + 9], [1, 1, 1, START, START]],
  );
  const [unknown, waits] = found;
  assert.ok(unknown !== undefined && waits !== undefined);
  assert.deepEqual(unknown.domains.entries, [["one.test", 2], ["two.test", 1]]);
  assert.deepEqual(unknown.relays.entries, [["default", 3]]);
  assert.match(unknown.hint ?? "", /see to the addresses/);
  assert.deepEqual(waits.reply, { code: 450, enhanced: "4.2.0", text: "busy now" });
  assert.deepEqual((await problems(store, { openOnly: true })).map(({ number }) => number), [
    waits.number,
  ]);
  assert.deepEqual(await problemMessages(store, unknown.number), [one, two]);
  assert.deepEqual(await problemMessages(store, waits.number), [busy]);
});

Deno.test("problems: mail that waits for a relay that refuses is part of its refusal", async () => {
  await using app = await TestApp.make();
  const store = await openQueue(app);
  const reply = "Daily user sending limit exceeded";
  await tried(store, { to: ["x@y.test"], ending: "failed", reply });
  await enqueued(store);
  const worker = await store.registerWorker("send");
  const { claims: [claim] } = await store.claimDue({ worker, limit: 1, onlyUntried: true });
  assert.ok(claim !== undefined);
  const reason = `the relay default is left alone: 550 5.1.1 ${reply}`;
  await store.postpone([{ claim, recipients: [0], until: START + 9, reason }]);
  await worker.close();
  const [problem, ...others] = await problems(store, { openOnly: false });
  assert.deepEqual(others, []);
  assert.deepEqual([problem?.messages, problem?.open], [2, 1]);
  assert.deepEqual(problem?.relays.entries, [["default", 2]]);
});

Deno.test("select: a problem's messages as they are now; one that is not there is usage", async () => {
  await using app = await TestApp.make();
  const store = await openQueue(app);
  const id = await tried(store, { to: ["x@y.test"], ending: LATER, reply: "busy" });
  await tried(store, { to: ["x@y.test"], ending: LATER, reply: "away" });
  const number = (await problems(store, { openOnly: false }))
    .find(({ reply }) => reply.text === "busy")?.number ?? 0;
  const filter = await selectMessages(store, [], { problem: number, to: "@y.test" });
  assert.deepEqual(filter, { to: "@y.test", and: [{ ids: [id] }] });
  assert.equal((await store.retry(filter, { dueOnly: false })).requeued, 1);
  await assert.rejects(selectMessages(store, [], { problem: 12_345 }), {
    code: "usage",
    message: /Cannot find the problem 12345/,
  });
});

Deno.test("what is not sent: by domain, relay, sender and tag, each message once a group", async () => {
  await using app = await TestApp.make();
  const store = await openQueue(app);
  await tried(store, {
    to: ["a@one.test", "b@ONE.test", "c@two.test"],
    ending: LATER,
    reply: "busy",
    tags: ["x", "y"],
  });
  await tried(store, { to: ["a@one.test"], sender: "", ending: "failed", reply: "no" });
  await tried(store, { to: ["a@one.test"], ending: "sent", reply: "ok" });
  await enqueued(store, { recipients: ["q@two.test"], sender: "a@s.test" });
  const routes = [{ sender: null, recipient: "@two.test", relays: ["bulk", "default"] }];
  const by = async (grouping: Parameters<typeof unsentBy>[1]) =>
    (await unsentBy(store, grouping, routes))
      .map(({ name, messages, queued, deferred, failed }) => [
        name,
        messages,
        queued,
        deferred,
        failed,
      ]);
  assert.deepEqual(await by("domain"), [["one.test", 2, 0, 2, 1], ["two.test", 2, 1, 1, 0]]);
  assert.deepEqual(await by("relay"), [["bulk", 2, 1, 1, 0], ["default", 2, 0, 2, 1]]);
  assert.deepEqual(await by("sender"), [["a@s.test", 2, 1, 3, 0], ["<>", 1, 0, 0, 1]]);
  assert.deepEqual(await by("tag"), [
    ["(none)", 2, 1, 0, 1],
    ["x", 1, 0, 3, 0],
    ["y", 1, 0, 3, 0],
  ]);
});

/** Two replies whose numbers begin with the same five digits. */
function namesakes(): [string, string] {
  const seen = new Map<number, string>();
  for (let n = 0;; n++) {
    // Words without digits, which are no part of the number.
    const text = `no ${[...String(n)].map((digit) => "abcdefghij"[Number(digit)]).join("")}`;
    const number = Math.floor(wholeNumber({ code: 550, enhanced: "5.1.1", text }) / 100_000);
    const other = seen.get(number);
    if (other !== undefined) return [other, text];
    seen.set(number, text);
  }
}

Deno.test("problems: two whose numbers begin with the same digits are two, and told apart by more", async () => {
  await using app = await TestApp.make();
  const store = await openQueue(app);
  const replies = namesakes();
  const ids = [];
  for (const reply of replies) {
    ids.push(await tried(store, { to: ["a@b.test"], ending: "failed", reply }));
  }
  const found = await problems(store, { openOnly: false });
  assert.deepEqual(found.map(({ recipients }) => recipients), [1, 1]);
  for (const { number, reply } of found) {
    assert.match(String(number), /^\d{6,10}$/);
    assert.deepEqual(await problemMessages(store, number), [ids[replies.indexOf(reply.text)]]);
  }
  const common = Number(String(found[0]?.number).slice(0, 5));
  await assert.rejects(problemMessages(store, common), (error: Error) => {
    const named = found.map(({ number }) => number).toSorted((a, b) => a - b).join(", ");
    return error.message === `Cannot use the problem ${common}: several begin so: ${named}`;
  });
});
