// The thread that has the queue open: a statement that takes long, or waits for a lock, keeps no
// key waiting. Started by worker_data.ts; the answers are store_data.ts's.

import { openStore } from "../../store/open.ts";
import { answerQuestions } from "../../system/thread.ts";
import { systemClock, systemRandom } from "../../system/time.ts";
import { OpenedQueue } from "./opened_queue.ts";
import { StoreData } from "./store_data.ts";
import type { Opening, Question } from "./worker_protocol.ts";

let queue: Promise<OpenedQueue> | null = null;
const raws = new Map<number, AsyncIterator<Uint8Array>>();
let stop: AbortController | null = null;

async function open(opening: Opening): Promise<StoreData> {
  return new StoreData(
    await openStore(opening.queue, {
      create: false,
      isWorker: true,
      clock: systemClock,
      random: systemRandom,
    }),
    { isReadonly: opening.isReadonly, clock: systemClock },
  );
}

/** Questions that write. */
const WRITES = new Set(["act", "undo", "resendChanged", "change"]);

async function answer({ method, args }: Question): Promise<unknown> {
  if (method === "open") {
    // The one who asks is our other half (worker_data.ts).
    const opening = args[0] as Opening;
    const path = opening.file;
    queue = OpenedQueue.open({ path, open: () => open(opening) });
    await queue;
    return null;
  }
  if (queue === null) throw new Error("the queue is not open");
  const opened = await queue;
  switch (method) {
    case "changed":
      stop = new AbortController();
      return await opened.changed(stop.signal);
    case "close":
      stop?.abort();
      return await opened.close();
  }
  const data = WRITES.has(method) ? await opened.writable() : await opened.data();
  switch (method) {
    case "raw":
      raws.set(Number(args[0]), data.raw(String(args[1]))[Symbol.asyncIterator]());
      return null;
    case "next": {
      const found = await raws.get(Number(args[0]))?.next();
      return found === undefined || found.done === true ? null : found.value;
    }
    case "end":
      await raws.get(Number(args[0]))?.return?.();
      raws.delete(Number(args[0]));
      return null;
  }
  const known: unknown = Reflect.get(data, method);
  if (typeof known !== "function") throw new Error(`no such question: ${method}`);
  return await known.apply(data, args);
}

answerQuestions(answer);
