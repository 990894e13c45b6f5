// Opens drops without waiting for their owners: a lease on a file (fcntl(2), F_SETLEASE) makes whoever
// opens it wait for up to 45 seconds, and Deno cannot open without waiting (O_NONBLOCK). So a thread
// opens it first, which is left behind if that takes long (open_thread.ts).

import { isSame } from "../../system/files.ts";
import { Thread, type ThreadFault } from "../../system/thread.ts";
import { broken } from "./format.ts";
import type { OpenQuestion } from "./open_thread.ts";

const OPEN_MS = 1_000;
/** The rest of a user's drops is left alone for so long if one could not be opened in time. */
const SLOW_MS = 60_000;

/** Opens drops; its thread begins with the first, and ends when this is disposed of. */
export class DropOpener implements Disposable {
  #thread: Thread<OpenQuestion, null> | null = null;
  /** Users, and until when by `performance.now()`. */
  readonly #slow = new Map<number, number>();

  /** The file that was looked at as `info`, open for reading; null if that would take long. Throws
   *  `bad_message` for another in its place, and what the system says. */
  async open(path: string, info: Deno.FileInfo): Promise<Deno.FsFile | null> {
    const uid = info.uid ?? 0;
    if ((this.#slow.get(uid) ?? 0) > performance.now()) return null;
    const thread = await this.#ready();
    if (!await inTime(thread.ask({ kind: "open", path }))) {
      this.#slow.set(uid, performance.now() + SLOW_MS);
      this[Symbol.dispose]();
      return null;
    }
    // As long as the thread has it open nobody can have a lease that keeps us out.
    const file = Deno.openSync(path);
    await thread.ask({ kind: "close" });
    if (isSame(file.statSync(), info)) return file;
    file.close();
    throw broken("another file has come into its place");
  }

  /** The thread, which is at work by then: that may take long on a busy machine. */
  async #ready(): Promise<Thread<OpenQuestion, null>> {
    if (this.#thread === null) {
      const url = import.meta.resolve("./open_thread.ts");
      this.#thread = new Thread<OpenQuestion, null>(url, toError);
      await this.#thread.ask({ kind: "close" });
    }
    return this.#thread;
  }

  [Symbol.dispose](): void {
    this.#thread?.end(new Error("the drops are no longer opened"));
    this.#thread = null;
  }
}

/** Whether it is settled in time; rejects as it does. */
async function inTime(promise: Promise<unknown>): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), OPEN_MS);
  });
  // It rejects, too, once the thread is ended.
  promise.catch(() => {});
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

function toError({ code, message }: ThreadFault): Error {
  return Object.assign(new Error(message), code === null ? {} : { code });
}
