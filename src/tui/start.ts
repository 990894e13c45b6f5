// Starts the screen on this process's terminal. Called by `mailq tui`, which loads it only then.
// Opening the queue (a thread) and loading Ink go on at the same time.

import { queuePath } from "../store/open.ts";
import { readyMeasure } from "./measure.ts";
import type { SessionOptions } from "./session.tsx";
import { systemTerminal } from "./terminal/terminal.ts";
import { WorkerData } from "./data/worker_data.ts";

type StartOptions = Omit<SessionOptions, "data" | "terminal">;

/** Runs the screen on this process's terminal until it is left; resolves to what is still to be told. */
export async function startTui(options: StartOptions): Promise<string | null> {
  // React's other build checks much that is checked in tests, and is twice as slow.
  Deno.env.set("NODE_ENV", "production");
  // The thread that opens the queue starts while Ink is being loaded.
  const opening = WorkerData.open({
    queue: options.queue,
    file: fileOf(options.queue),
    isReadonly: options.isReadonly,
  });
  const loading = loadSession();
  const [opened, loaded] = await Promise.allSettled([opening, loading, readyMeasure()]);
  if (loaded.status === "rejected") throw loaded.reason;
  if (opened.status === "rejected") throw opened.reason;
  const data = opened.value;
  try {
    const { Session } = loaded.value;
    return await new Session({ ...options, data, terminal: systemTerminal() }).run();
  } finally {
    await data.close();
  }
}

/** The file that a queue is; null for one that is none. */
function fileOf(queue: string): string | null {
  try {
    return queuePath(queue);
  } catch {
    return null;
  }
}

function loadSession(): Promise<typeof import("./session.tsx")> {
  return import(import.meta.resolve("./session.tsx"));
}
