import { PERMISSIONS } from "../support/permissions.ts";
import { makeManyMessages } from "../support/many_messages.ts";
import { openSqlite } from "../support/queue_sqlite.ts";
import { inTurn, median, medianRatio, runTimed, runWatched } from "./processes.ts";

const FEW = 1_000;
const MANY = 1_000_000;
const RUNS = 15;
const BUDGET = 1.5;

/** `status`, `list` and `show` as whole processes on a million messages against a thousand; and
 *  the memory of `send` with a million waiting. */
export async function benchMillion(binary: string | null): Promise<void> {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  const source = [Deno.execPath(), "run", "--no-check", ...PERMISSIONS, `${root}main.ts`];
  const mailq = binary === null ? source : [binary];
  try {
    const queues: { readonly path: string; readonly id: string }[] = [];
    for (const count of [FEW, MANY]) {
      const path = `${folder}/${count}.db`;
      const startedAt = performance.now();
      const id = await makeManyMessages(path, count);
      const madeAt = performance.now();
      const store = await openSqlite(path);
      await store.bringSearchUpToDate();
      await store.close();
      const [made, indexed] = [madeAt - startedAt, performance.now() - madeAt];
      console.log(
        `a queue of ${count} messages: made in ${(made / 1000).toFixed(1)} s, ` +
          `search index in ${(indexed / 1000).toFixed(1)} s`,
      );
      queues.push({ path, id });
    }
    const commands: ((id: string) => string[])[] = [
      () => ["status"],
      () => ["list"],
      () => ["list", "--status", "failed"],
      () => ["list", "--search", "invoice"],
      () => ["list", "--search", "bob customer4711"],
      (id) => ["show", id],
    ];
    for (const command of commands) {
      const runs = queues.map(({ path, id }) => async () =>
        (await runTimed([...mailq, ...command(id)], { env: { MAILQ_QUEUE: path } })).ms
      );
      const [few = [], many = []] = await inTurn(RUNS, runs);
      console.log(
        `${command("ID").join(" ")}, whole process: ${median(few).toFixed(1)} ms on ${FEW}, ` +
          `${median(many).toFixed(1)} ms on ${MANY} = ${medianRatio(many, few).toFixed(2)} x ` +
          `(budget ${BUDGET})`,
      );
    }
    await benchMemory(mailq, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

const SENT = 20_000;
const BUDGET_MB = 150;

async function benchMemory(mailq: readonly string[], folder: string): Promise<void> {
  for (const count of [FEW, MANY]) {
    const path = `${folder}/waiting-${count}.db`;
    await makeManyMessages(path, count, { isQueued: true });
    const run = await runWatched([...mailq, "send", "--max-batch", String(SENT)], {
      MAILQ_QUEUE: path,
      MAILQ_TRANSPORT: "null:",
    });
    console.log(
      `send of ${Math.min(count, SENT)} messages, ${count} waiting: peak memory ` +
        `${run.peakMb.toFixed(0)} MB (budget ${BUDGET_MB})`,
    );
  }
}
