import assert from "node:assert/strict";
import { openDestination } from "../../../src/app/enqueue/destination.ts";
import { enqueueInputs } from "../../../src/app/enqueue/enqueue.ts";
import { intakeOptions } from "../../../src/app/enqueue/options.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { makeDropFolder, namesIn } from "../drops/drops.ts";
import { TestApp } from "../../support/app.ts";
import { largeInput, mailInput } from "./inputs.ts";

const REFUSAL = new MailqError("permission", "Cannot open the queue: permission denied");

/** What lies in the drop folder, but for its owner's own folders. */

Deno.test("openDestination: the queue, which is made if there is none", async () => {
  await using app = await TestApp.make();
  const { intake, queue, isTentative } = await openDestination(app, await app.settings());
  assert.equal(intake, queue);
  assert.ok(!isTentative);
  assert.deepEqual(await app.messages(), []);
});

Deno.test("openDestination: the drop folder where the queue is another user's", async () => {
  await using app = await TestApp.make();
  await makeDropFolder(app);
  app.refusal = REFUSAL;
  const settings = await app.settings();
  const destination = await openDestination(app, settings);
  assert.equal(destination.queue, null);
  assert.match(app.told.join("\n"), /^detail: handing in by .*\/drop: /);
  const options = intakeOptions(app, settings, { priority: "now" });
  const inputs = [mailInput("a"), largeInput("b")];
  const { messages, urgent } = await enqueueInputs(app, destination, inputs, options);
  assert.equal([...messages].length, 2);
  assert.deepEqual(urgent, [], "it is not this process's to send");
  assert.equal(namesIn(app, "").length, 1, "a call is one drop");
  assert.match(app.told.at(-1) ?? "", /^note: priority now: .*not at once/);
});

Deno.test("openDestination: without a drop folder the refusal stands, and says what is missing", async () => {
  await using app = await TestApp.make();
  app.refusal = REFUSAL;
  await assert.rejects(openDestination(app, await app.settings()), {
    code: "permission",
    message: /permission denied; nor is there a folder .*\/drop,? .*mailq init system/,
    cause: REFUSAL,
  });
});

Deno.test("openDestination: other trouble with the queue is no reason to drop mail", async () => {
  await using app = await TestApp.make();
  await makeDropFolder(app);
  app.refusal = new MailqError("busy", "The queue is busy");
  await assert.rejects(openDestination(app, await app.settings()), app.refusal);
});

Deno.test("openDestination: the open batch of MAILQ_TX, which shows at its commit", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const batch = await (await app.openQueue(settings, { create: true })).openBatch(null);
  app.env.MAILQ_TX = batch.token;
  const destination = await openDestination(app, settings);
  assert.deepEqual([destination.queue, destination.isTentative], [null, true]);
  const options = intakeOptions(app, settings, { priority: "now" });
  const { messages, urgent } = await enqueueInputs(app, destination, [mailInput("a")], options);
  const ids = [...messages].map(({ id }) => id);
  assert.deepEqual(urgent, [], "whoever holds the batch sends it");
  assert.deepEqual(await app.messages(), []);
  const { count, urgent: atCommit } = await batch.commit();
  assert.deepEqual([count, atCommit], [1, ids]);
  assert.deepEqual((await app.messages()).map(({ id }) => id), ids);
});

Deno.test("openDestination: a batch that is over takes nothing more", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const batch = await (await app.openQueue(settings, { create: true })).openBatch(null);
  await batch.commit();
  app.env.MAILQ_TX = batch.token;
  await assert.rejects(async () => {
    const destination = await openDestination(app, settings);
    const options = intakeOptions(app, settings, {});
    await enqueueInputs(app, destination, [mailInput("a")], options);
  }, { code: "batch_ended" });
  assert.deepEqual(await app.messages(), []);
});

Deno.test("openDestination: within a batch no queue is made, nor is mail dropped", async () => {
  await using app = await TestApp.make();
  await makeDropFolder(app);
  app.env.MAILQ_TX = "mailq-tx-1";
  const settings = await app.settings();
  await assert.rejects(openDestination(app, settings), { code: "config_invalid" });
  assert.throws(() => Deno.statSync(app.queue), Deno.errors.NotFound);
  assert.equal(app.openQueues, 0);
  app.refusal = REFUSAL;
  await assert.rejects(openDestination(app, settings), REFUSAL);
  assert.deepEqual(namesIn(app, ""), []);
});

Deno.test("openDestination: a relay's program cannot queue its message where it came from", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const first = await openDestination(app, settings);
  const options = intakeOptions(app, settings, {});
  const [one] = (await enqueueInputs(app, first, [mailInput("a")], options)).messages;
  app.env.MAILQ_RELAYING = "out";
  app.env.MAILQ_ID = one?.id ?? "";
  await openDestination(app, settings);
  const worker = await first.queue?.registerWorker("send");
  assert.ok(worker);
  await first.queue?.claimDue({ worker, limit: 1, onlyUntried: true });
  const before = app.openQueues;
  await assert.rejects(openDestination(app, settings), {
    code: "config_invalid",
    message: new RegExp(`relay "out": it is handing over message ${one?.id}`),
  });
  assert.equal(app.openQueues, before, "what was opened for it is closed");
  await worker.close();
});
