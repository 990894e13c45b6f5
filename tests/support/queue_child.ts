// A process of its own for tests of several: does as its first argument says with the queue that
// its second one names, prints what came of it, and then waits to be killed or told to go on.
import { openStore } from "../../src/store/open.ts";
import { REAL_RANDOM } from "./queue_clock.ts";
import { enqueued, newMessage } from "./queue_messages.ts";

const [task = "", queue = "", count = "0"] = Deno.args;
const clock = { now: () => Date.now() };
const open = () => openStore(queue, { create: true, isWorker: true, clock, random: REAL_RANDOM });

/** Lets all children of a test begin at the same moment. */
async function waitForStart(): Promise<void> {
  console.log("ready");
  await Deno.stdin.read(new Uint8Array(1));
}

const tasks: Readonly<Record<string, () => Promise<void>>> = {
  async stage() {
    const stage = await (await open()).stage();
    const message = newMessage();
    await stage.add([message]);
    console.log(message.id);
    await Deno.stdin.read(new Uint8Array(1));
  },
  /** Claims everything and begins to hand over the first. */
  async claim() {
    const store = await open();
    const worker = await store.registerWorker("child");
    const { claims } = await store.claimDue({ worker, limit: 10, onlyUntried: true });
    const [first] = claims;
    if (first !== undefined) worker.noteDataBegun(first.token);
    console.log(claims.length);
    await Deno.stdin.read(new Uint8Array(1));
  },
  async open() {
    await waitForStart();
    const store = await open();
    await enqueued(store);
    await store.close();
    console.log("done");
  },
  async enqueue() {
    const store = await open();
    await waitForStart();
    for (let i = 0; i < Number(count); i++) await enqueued(store);
    await store.close();
    console.log("done");
  },
};
await tasks[task]?.();
