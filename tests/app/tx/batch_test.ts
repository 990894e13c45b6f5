import assert from "node:assert/strict";
import { childOk } from "../../support/child.ts";
import { runBatch } from "../../../src/app/tx/batch.ts";
import { TestApp } from "../../support/app.ts";
import { newMessage } from "../../support/queue_messages.ts";

const run = async (app: TestApp, words: readonly string[]) =>
  await runBatch(app, await app.settings(), { words, env: { GIVEN: "yes" }, isAtTerminal: false });

/** A command that tells its batch's token by a pipe, and exits as it is told by another. */
async function talking(app: TestApp) {
  const [token, status] = [`${app.folder}/token`, `${app.folder}/status`];
  await childOk(["mkfifo", token, status]);
  const words = [
    "sh",
    "-c",
    `echo "$MAILQ_TX" > "$1"; read n < "$2"; exit "$n"`,
    "sh",
    token,
    status,
  ];
  const ending = run(app, words);
  return {
    token: (await Deno.readTextFile(token)).trim(),
    async exit(n: number) {
      await Deno.writeTextFile(status, `${n}\n`);
      return await ending;
    },
  };
}

/** Adds a message to the batch, as a child's `mailq enqueue` does. */
const add = (app: TestApp, token: string, parts = {}) =>
  app.look(async (store) => {
    const [one] = await (await store.joinBatch(token)).enqueue([newMessage(parts)]);
    return one?.id;
  });

Deno.test("runBatch: what was added is queued when the command exits 0, and not before", async () => {
  await using app = await TestApp.make();
  const child = await talking(app);
  await add(app, child.token);
  const urgent = await add(app, child.token, { priority: "now" });
  assert.deepEqual(await app.messages(), []);
  const { end, queued } = await child.exit(0);
  assert.deepEqual(end, { status: 0, signal: null });
  assert.deepEqual([queued?.count, queued?.urgent], [2, [urgent]]);
  assert.equal((await app.messages()).length, 2);
});

Deno.test("runBatch: what was added is dropped when the command fails", async () => {
  await using app = await TestApp.make();
  const child = await talking(app);
  await add(app, child.token);
  const { end, queued } = await child.exit(3);
  assert.deepEqual([end.status, queued], [3, null]);
  assert.deepEqual(await app.messages(), []);
  await assert.rejects(add(app, child.token), { code: "batch_ended" });
});

Deno.test("runBatch: within another batch it becomes a part of that one", async () => {
  await using app = await TestApp.make();
  const outer = await (await app.openQueue(await app.settings(), { create: true })).openBatch(null);
  app.env.MAILQ_TX = outer.token;
  const child = await talking(app);
  await add(app, child.token);
  await child.exit(0);
  assert.deepEqual(await app.messages(), []);
  assert.equal((await outer.commit()).count, 1);
  assert.equal((await app.messages()).length, 1);
});

Deno.test("runBatch: the command is told the queue, and what its caller gives it", async () => {
  await using app = await TestApp.make();
  const path = `${app.folder}/told`;
  await run(app, ["sh", "-c", `echo "$MAILQ_QUEUE $GIVEN" > "$1"`, "sh", path]);
  assert.equal(await Deno.readTextFile(path), `${await Deno.realPath(app.queue)} yes\n`);
});

Deno.test("runBatch: a command that cannot be started leaves no batch open", async () => {
  await using app = await TestApp.make();
  await assert.rejects(run(app, ["/no/such/command"]), { code: "command_not_found" });
  await app.look(async (store) => assert.deepEqual((await store.status()).workers, []));
});
