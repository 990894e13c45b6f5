import assert from "node:assert/strict";
import { openDestination } from "../../../src/app/enqueue/destination.ts";
import { enqueueInputs, type Queued } from "../../../src/app/enqueue/enqueue.ts";
import { intakeOptions, type IntakeWishes } from "../../../src/app/enqueue/options.ts";
import type { Input } from "../../../src/intake/sources/files.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { TestApp } from "../../support/app.ts";
import { BAD, input, largeInput, mailInput } from "./inputs.ts";

/** Queues inputs where mail of the app goes. */
async function enqueue(
  app: TestApp,
  inputs: readonly Input[],
  wishes: IntakeWishes = {},
): Promise<Queued> {
  const settings = await app.settings("intake");
  const destination = await openDestination(app, settings);
  try {
    return await enqueueInputs(app, destination, inputs, intakeOptions(app, settings, wishes));
  } finally {
    if (destination.queue !== null) await app.closeQueue(destination.queue);
  }
}

async function subjects(app: TestApp): Promise<(string | null)[]> {
  return (await app.messages()).map(({ subject }) => subject);
}

Deno.test("enqueueInputs: returns what became of each message, in their order", async () => {
  await using app = await TestApp.make();
  const { messages, urgent } = await enqueue(app, [mailInput("a"), mailInput("b")]);
  const queued = await app.messages();
  assert.deepEqual([...messages].map(({ id }) => id), queued.map(({ id }) => id));
  assert.deepEqual(queued.map(({ subject }) => subject), ["a", "b"]);
  assert.deepEqual(urgent, []);
  assert.deepEqual(app.told, []);
});

Deno.test("enqueueInputs: what is returned can be walked again, staged or not", async () => {
  await using app = await TestApp.make();
  for (const inputs of [[mailInput("a")], [mailInput("b"), largeInput("c"), mailInput("d")]]) {
    const { messages } = await enqueue(app, inputs);
    assert.deepEqual([...messages], [...messages]);
    assert.equal([...messages].length, inputs.length);
  }
  assert.deepEqual((await subjects(app)).sort(), ["a", "b", "c", "d"]);
});

const FAULTS: readonly (readonly [what: string, before: readonly Input[]])[] = [
  ["one commit", [mailInput("a"), mailInput("b")]],
  ["a stage", [mailInput("a"), largeInput("b"), mailInput("c")]],
];

for (const [what, before] of FAULTS) {
  Deno.test(`enqueueInputs: one bad message keeps all of the call out of ${what}`, async () => {
    await using app = await TestApp.make();
    await assert.rejects(enqueue(app, [...before, BAD]), {
      code: "bad_address",
      message: /^bad\.eml: /,
    });
    assert.deepEqual(await app.messages(), []);
    await enqueue(app, before);
    assert.equal((await app.messages()).length, before.length, "the next call is not in its way");
  });
}

Deno.test("enqueueInputs: max_size holds for messages of any size", async () => {
  await using app = await TestApp.make({ max_size: "2KB" });
  const over = mailInput("x".repeat(2_048));
  await assert.rejects(enqueue(app, [mailInput("a"), over]), {
    code: "bad_message",
    message: /max_size/,
  });
  await assert.rejects(enqueue(app, [mailInput("a"), largeInput("b")]), { code: "bad_message" });
  assert.deepEqual(await app.messages(), []);
});

Deno.test("enqueueInputs: a key that is known brings the first id, and nothing is stored", async () => {
  await using app = await TestApp.make();
  const [first] = (await enqueue(app, [mailInput("a")], { key: "k" })).messages;
  const { messages, urgent } = await enqueue(app, [mailInput("b")], {
    key: "k",
    priority: "now",
  });
  assert.deepEqual([...messages], [{ id: first?.id, isKnownKey: true, suppressed: [] }]);
  assert.deepEqual(urgent, [], "the first is not sent for the sake of the second");
  assert.deepEqual(await subjects(app), ["a"]);
});

Deno.test("enqueueInputs: one key for several messages is no key, and none is queued", async () => {
  await using app = await TestApp.make();
  const call = enqueue(app, [mailInput("a"), mailInput("b")], { key: "k" });
  await assert.rejects(call, { code: "usage" });
  assert.deepEqual(await app.messages(), []);
});

Deno.test("enqueueInputs: tells who is on the do-not-send list", async () => {
  await using app = await TestApp.make();
  await enqueue(app, [mailInput("a")]);
  await app.look((store) => store.suppress(["bob@receiver.test"], null));
  const [one] = (await enqueue(app, [mailInput("b")])).messages;
  assert.deepEqual(one?.suppressed, ["bob@receiver.test"]);
});

Deno.test("enqueueInputs: of priority now the new ones are urgent, in their order", async () => {
  await using app = await TestApp.make();
  const now = (subject: string) =>
    mailInput(subject, { options: { priority: "now", key: `key of ${subject}` } });
  await enqueue(app, [now("a")]);
  const { messages, urgent } = await enqueue(app, [
    mailInput("b"),
    now("c"),
    now("a"),
    largeInput("d"),
    now("e"),
  ]);
  const ids = [...messages].map(({ id }) => id);
  assert.deepEqual(urgent, [ids[1], ids[4]]);
});

Deno.test("enqueueInputs: warnings about a message are told with its name", async () => {
  await using app = await TestApp.make();
  const odd = "From: a@b.test\r\nTo: c@d.test\r\nX-Mail-Queue-Priority: soon\r\n\r\n";
  await enqueue(app, [input(odd)]);
  assert.match(app.told.join("\n"), /^warn: mail\.eml: .*soon/);
});

Deno.test("enqueueInputs: inputs are taken away once the mail is on disk, not before", async () => {
  await using app = await TestApp.make();
  const queuedAtTaking: Promise<number>[] = [];
  const taken = () => void queuedAtTaking.push(app.messages().then(({ length }) => length));
  await assert.rejects(enqueue(app, [mailInput("a", { taken }), BAD]));
  assert.equal(queuedAtTaking.length, 0);
  await enqueue(app, [mailInput("a", { taken }), mailInput("b", { taken })]);
  assert.deepEqual(await Promise.all(queuedAtTaking), [2, 2]);
});

Deno.test("enqueueInputs: an input that cannot be taken away is told, and no failure", async () => {
  await using app = await TestApp.make();
  const taken = () => {
    throw new Error("read-only");
  };
  const { messages } = await enqueue(app, [mailInput("a", { taken }), mailInput("b")]);
  assert.equal([...messages].length, 2);
  assert.deepEqual(app.told, ["warn: queued, but mail.eml not taken away: read-only"]);
  assert.deepEqual(await subjects(app), ["a", "b"]);
});

Deno.test("enqueueInputs: nothing is taken away for mail that may yet be dropped", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const batch = await (await app.openQueue(settings, { create: true })).openBatch(null);
  app.env.MAILQ_TX = batch.token;
  let isTaken = false;
  const call = enqueue(app, [mailInput("a", { taken: () => void (isTaken = true) })]);
  await assert.rejects(call, { code: "usage", message: /MAILQ_TX/ });
  assert.equal(isTaken, false);
  assert.equal((await batch.commit()).count, 0);
});

Deno.test("enqueueInputs: an error of the queue is the call's, and nothing is left staged", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const queue = await app.openQueue(settings, { create: true });
  const full = new MailqError("disk_full", "No space");
  let aborted = 0;
  const intake = {
    enqueue: () => Promise.reject(full),
    stage: async () => {
      const stage = await queue.stage();
      return {
        add: () => Promise.reject(full),
        addLarge: () => Promise.reject(full),
        commit: () => stage.commit(),
        abort: () => {
          aborted++;
          return stage.abort();
        },
      };
    },
  };
  const options = intakeOptions(app, settings, {});
  for (const inputs of [[mailInput("a")], [mailInput("a"), largeInput("b")], [largeInput("c")]]) {
    await assert.rejects(enqueueInputs(app, { intake, queue }, inputs, options), full);
  }
  assert.equal(aborted, 2, "each stage that was begun");
  assert.deepEqual(await app.messages(), []);
});

Deno.test("intakeOptions: the names of host and user are looked up when they are asked for", async () => {
  await using app = await TestApp.make();
  let userLookups = 0;
  const user = () => `user${++userLookups}`;
  const { clock, random } = app;
  const options = intakeOptions({ clock, random, user }, await app.settings(), {
    to: ["root"],
  });
  assert.deepEqual([app.hostnameLookups, userLookups], [0, 0]);
  assert.equal(options.settings.hostname, "host.test");
  assert.equal(options.settings.user, "user1");
  assert.deepEqual([app.hostnameLookups, userLookups], [1, 1]);
  assert.equal(options.now, clock.now());
});
