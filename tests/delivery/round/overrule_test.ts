import assert from "node:assert/strict";
import type { Failure, HandlerAnswer } from "../../../src/delivery/error_handler.ts";
import { type Blame, blameAll } from "../../../src/delivery/round/overrule.ts";
import type { DeliveryOutcome } from "../../../src/queue/ports/transport.ts";
import type { Rule } from "../../../src/queue/policy/rule.ts";
import { passOn, POLICY } from "../pass_on.ts";
import { QueueFile } from "../queue_file.ts";
import {
  accept,
  DEFERRED,
  FAILED,
  RELAY_DOWN,
  reportOf,
  ScriptedRelay,
  SENT,
  UNCERTAIN,
} from "../scripted_relay.ts";

const rule = (action: Rule["action"], parts: Partial<Rule> = {}): Rule => ({
  code: null,
  enhanced: null,
  text: null,
  waitMs: null,
  ...parts,
  action,
});
const LOGIN_REFUSED: DeliveryOutcome = {
  ...FAILED,
  code: 530,
  kind: "deferred",
  isRelayFault: true,
};

/** An outcome, the action of a rule that matches all, and what comes of it. */
const CASES: readonly (readonly [
  string,
  DeliveryOutcome,
  Rule["action"],
  readonly [kind: string, blame: Blame, suppresses: boolean],
])[] = [
  ["a refusal for ever is put off", FAILED, "defer", ["deferred", "mail", false]],
  ["a refusal for now is final", DEFERRED, "fail", ["failed", "mail", false]],
  ["a refusal is final for all mail", DEFERRED, "suppress", ["failed", "mail", true]],
  ["a refusal is the relay's", FAILED, "relay", ["deferred", "relay", false]],
  ["a refusal is the sender's", FAILED, "sender", ["deferred", "sender", false]],
  ["a fault of the relay is the message's", LOGIN_REFUSED, "fail", ["failed", "mail", false]],
  ["a relay that is down stays down", RELAY_DOWN, "fail", ["deferred", "relay", false]],
  ["an acceptance stays one", SENT, "suppress", ["sent", "mail", false]],
  ["what may have been delivered stays uncertain", { ...UNCERTAIN, code: 451 }, "fail", [
    "uncertain",
    "mail",
    false,
  ]],
];

for (const [what, outcome, action, [kind, blame, suppresses]] of CASES) {
  Deno.test(`blameAll: rule ${action}: ${what}`, () => {
    const [ruled] = blameAll([outcome], [rule(action)]);
    assert.deepEqual([ruled?.kind, ruled?.blame, ruled?.suppresses], [kind, blame, suppresses]);
  });
}

Deno.test("blameAll: a rule's wait goes with what it lets wait", () => {
  const [ruled] = blameAll([FAILED], [rule("sender", { waitMs: 6 * 3_600_000 })]);
  assert.equal(ruled?.waitMs, 6 * 3_600_000);
});

const unknown: DeliveryOutcome = { ...FAILED, enhanced: null, text: "Go away", phase: "rcpt" };

Deno.test("blameAll: a 5xx that nobody knows is unproven, unless others of the message are taken", () => {
  const blames = (outcomes: readonly DeliveryOutcome[]) =>
    blameAll(outcomes, []).map(({ blame, kind }) => [blame, kind]);
  assert.deepEqual(blames([unknown]), [["unproven", "deferred"]]);
  assert.deepEqual(blames([SENT, unknown]), [["mail", "sent"], ["mail", "failed"]]);
  assert.deepEqual(blames([FAILED]), [["mail", "failed"]], "no such user");
  assert.deepEqual(blames([{ ...unknown, code: 451, kind: "deferred" }]), [["mail", "deferred"]]);
});

Deno.test("blameAll: what the table of refusals knows is not the mail's fault", () => {
  const quota = { ...FAILED, enhanced: "5.4.5", text: "Daily user sending limit exceeded" };
  const [ruled] = blameAll([quota], []);
  assert.deepEqual([ruled?.kind, ruled?.blame], ["deferred", "quota"]);
  assert.ok(ruled?.hint);
});

Deno.test("pass: rules decide for each recipient, and suppress for good", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["Gone@x.test", "full@x.test", "grey@x.test"] });
  const relay = new ScriptedRelay((delivery) =>
    reportOf(delivery, [
      { ...FAILED, text: "user unknown" },
      { ...FAILED, code: 552, enhanced: "5.2.2", text: "mailbox full" },
      { ...DEFERRED, text: "try in a year" },
    ])
  );
  const rules = [
    rule("suppress", { text: "user unknown" }),
    rule("defer", { enhanced: "5.2.2" }),
    rule("fail", { code: "451" }),
  ];
  await passOn(queue, { relay, rules });
  const { recipients, attempts } = await queue.show(id);
  assert.deepEqual(recipients.map(({ state }) => state), ["failed", "deferred", "failed"]);
  assert.deepEqual(attempts[0]?.outcomes.map(({ kind }) => kind), ["failed", "deferred", "failed"]);
  const listed = await Array.fromAsync(queue.store.suppressions());
  assert.deepEqual(listed.map(({ address, reason }) => [address, reason]), [
    ["gone@x.test", "user unknown"],
  ]);
  const [next] = await queue.add({ recipients: ["GONE@x.test"] });
  assert.equal((await queue.show(next)).status, "suppressed");
});

Deno.test("pass: a rule that makes the relay's fault the message's keeps the relay in use", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(3);
  const relay = new ScriptedRelay((delivery) => reportOf(delivery, LOGIN_REFUSED));
  const result = await passOn(queue, { relay, rules: [rule("fail", { code: "530" })] });
  assert.deepEqual([result.failed, result.stoppedBy], [3, null]);
  assert.deepEqual((await queue.store.status()).relays, []);
});

interface HandlerCase {
  readonly what: string;
  readonly outcome: DeliveryOutcome;
  readonly verdict: HandlerAnswer["outcome"] | null;
  /** The recipient's state, and the outcome recorded. */
  readonly becomes: readonly [state: string, outcome: string, failures: number];
}

const HANDLED: readonly HandlerCase[] = [
  { what: "failed as sent", outcome: FAILED, verdict: "sent", becomes: ["sent", "sent", 0] },
  {
    what: "failed as deferred",
    outcome: FAILED,
    verdict: "deferred",
    becomes: ["deferred", "deferred", 1],
  },
  {
    what: "deferred as failed",
    outcome: DEFERRED,
    verdict: "failed",
    becomes: ["failed", "failed", 0],
  },
  {
    what: "uncertain as deferred",
    outcome: UNCERTAIN,
    verdict: "deferred",
    becomes: ["deferred", "uncertain", 1],
  },
  { what: "uncertain as sent", outcome: UNCERTAIN, verdict: "sent", becomes: ["sent", "sent", 0] },
  {
    what: "no relay as deferred",
    outcome: RELAY_DOWN,
    verdict: "deferred",
    becomes: ["deferred", "deferred", 0],
  },
  {
    what: "no relay as failed",
    outcome: RELAY_DOWN,
    verdict: "failed",
    becomes: ["failed", "failed", 0],
  },
  {
    what: "failed without an answer",
    outcome: FAILED,
    verdict: null,
    becomes: ["failed", "failed", 0],
  },
  {
    what: "deferred without an answer",
    outcome: DEFERRED,
    verdict: null,
    becomes: ["deferred", "deferred", 1],
  },
];

for (const { what, outcome, verdict, becomes } of HANDLED) {
  Deno.test(`pass: the error handler takes ${what}`, async () => {
    await using queue = await QueueFile.make();
    const [id] = await queue.add({});
    await passOn(queue, {
      relay: new ScriptedRelay((delivery) => reportOf(delivery, outcome)),
      errorHandler: () =>
        Promise.resolve(verdict === null ? null : { outcome: verdict, wantsReconnect: false }),
    });
    const { recipients: [recipient], attempts: [attempt] } = await queue.show(id);
    assert.deepEqual(
      [recipient?.state, attempt?.outcomes[0]?.kind, recipient?.failures],
      becomes,
    );
  });
}

Deno.test("pass: the error handler is told of what was not sent, and of nothing else", async () => {
  await using queue = await QueueFile.make();
  const [id] = await queue.add({ recipients: ["a@x.test", "b@x.test", "c@x.test"] });
  const told: Failure[] = [];
  const relay = new ScriptedRelay((delivery) =>
    reportOf(delivery, [SENT, { ...FAILED, phase: "rcpt" }, DEFERRED])
  );
  await passOn(queue, {
    relay,
    rules: [rule("fail", { code: "451" })],
    errorHandler: (failure) => {
      told.push(failure);
      return Promise.resolve(null);
    },
  });
  const common = {
    id,
    sender: "ann@sender.test",
    relay: "default",
    host: "relay.test:25",
    outcome: "failed",
    error: "No such user",
    tries: 1,
  };
  assert.deepEqual(told, [
    {
      ...common,
      recipient: "b@x.test",
      phase: "rcpt",
      code: 550,
      enhanced: "5.1.1",
      reply: "No such user",
    },
    {
      ...common,
      recipient: "c@x.test",
      phase: null,
      code: 451,
      enhanced: "4.3.0",
      reply: "Try again later",
    },
  ]);
});

Deno.test("pass: an error handler that wants to reconnect gets a new connection", async () => {
  await using queue = await QueueFile.make();
  await queue.addMany(4);
  const relay: ScriptedRelay = new ScriptedRelay((delivery, options) =>
    relay.ids.length === 2 ? reportOf(delivery, DEFERRED) : accept(delivery, options)
  );
  const result = await passOn(queue, {
    relay,
    concurrency: 1,
    errorHandler: () => Promise.resolve({ outcome: "deferred", wantsReconnect: true }),
  });
  assert.deepEqual([result.sent, result.deferred, relay.opened, relay.closed], [3, 1, 2, 2]);
});

Deno.test("pass: without keeping bodies only what is sent to all loses its bytes", async () => {
  await using queue = await QueueFile.make();
  const [sent, partial, deferred] = await queue.add(
    { content: new Uint8Array(600_000).fill(65) },
    { recipients: ["a@x.test", "refuse@x.test"] },
    { recipients: ["defer@x.test"] },
  );
  const relay = new ScriptedRelay((delivery) =>
    reportOf(
      delivery,
      delivery.recipients.map((one) =>
        one.startsWith("refuse") ? FAILED : one.startsWith("defer") ? DEFERRED : SENT
      ),
    )
  );
  const store = await queue.open({ keepsBodies: () => false });
  await passOn(queue, { relay, store, policy: { ...POLICY, max: null } });
  for (const [id, isKept] of [[sent, false], [partial, true], [deferred, true]] as const) {
    const read = Array.fromAsync(queue.store.content((await queue.show(id)).seq));
    if (isKept) await read;
    else await assert.rejects(read, { code: "input_unreadable" });
  }
  const result = await queue.store.resend({}, { unsentOnly: false });
  assert.deepEqual([result.changed, result.withoutBody], [2, 1]);
  assert.equal((await queue.show(sent)).status, "sent");
});
