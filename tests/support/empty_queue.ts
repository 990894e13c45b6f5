import { openStore } from "../../src/store/open.ts";
import { systemClock, systemRandom } from "../../src/system/time.ts";

let empty: Promise<Uint8Array> | null = null;

/** Puts a queue without a message at `path`: the bytes of one that the store made before in this
 *  process. Making one costs ten disk syncs, which hundreds of tests need not wait for; how it is
 *  made is tested in tests/store/open_test.ts. */
export async function putEmptyQueue(path: string): Promise<void> {
  empty ??= makeEmptyQueue();
  await Deno.writeFile(path, await empty, { createNew: true, mode: 0o600 });
}

async function makeEmptyQueue(): Promise<Uint8Array> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-empty-" });
  try {
    const store = await openStore(`${folder}/queue.db`, {
      create: true,
      isWorker: true,
      clock: systemClock,
      random: systemRandom,
    });
    await store.close();
    return await Deno.readFile(`${folder}/queue.db`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
