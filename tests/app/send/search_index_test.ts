import assert from "node:assert/strict";
import { splitGlobals } from "../../../src/cli/frame/globals.ts";
import { Output } from "../../../src/cli/frame/output.ts";
import { readySearch, spareForSearch } from "../../../src/app/send/search_index.ts";
import { type ErrorCode, MailqError } from "../../../src/queue/errors.ts";
import { LaterClock } from "../../support/later_clock.ts";
import type { Reader } from "../../../src/queue/ports/reader.ts";
import type { Store } from "../../../src/queue/ports/store.ts";

type Bring = Reader["bringSearchUpToDate"];

/** A command's output, and what it wrote to stderr. */
function terminal(
  isTerminal: boolean,
  ...argv: string[]
): { output: Output; said: () => string } {
  let said = "";
  const decoder = new TextDecoder();
  const stream = {
    isTerminal: () => isTerminal,
    writeSync: (bytes: Uint8Array) => {
      said += decoder.decode(bytes);
      return bytes.length;
    },
  };
  const output = new Output(stream, stream, splitGlobals(argv).globals, {});
  return { output, said: () => said };
}

function storeThat(bringSearchUpToDate: Bring): Store {
  // Nothing else of a store is asked for.
  return { bringSearchUpToDate } as Store;
}

/** Takes long enough for its progress to be told. */
const slow: Bring = async ({ onProgress } = {}) => {
  using clock = new LaterClock();
  for (const done of [400_000, 1_000_000]) {
    clock.aheadMs += 1_000;
    await Promise.resolve();
    onProgress?.(done, 1_000_000);
  }
};

Deno.test("search index: at a terminal one line says how far it has come, and goes", async () => {
  const { output, said } = terminal(true);
  await readySearch(output, storeThat(slow), "word");
  const [first = "", second = "", ...rest] = said().split("\r\x1b[K");
  const what = "mailq: bringing the search index up to date";
  assert.ok(first.startsWith(`${what}: 400,000 of 1,000,000, `), first);
  assert.ok(second.startsWith(`${what}: 1,000,000 of 1,000,0`), second);
  assert.deepEqual(rest, [""]);
});

Deno.test("search index: nothing is said elsewhere, or when it was quick", async () => {
  for (const [isTerminal, flag, bring] of [[false, "-v", slow], [true, "-q", slow]] as const) {
    const { output, said } = terminal(isTerminal, flag);
    await readySearch(output, storeThat(bring), "word");
    assert.equal(said(), "");
  }
  const { output, said } = terminal(true);
  const quick: Bring = (options) => Promise.resolve(options?.onProgress?.(5, 5));
  await readySearch(output, storeThat(quick), "word");
  assert.equal(said(), "");
  await readySearch(output, storeThat(() => assert.fail("nothing is searched")), undefined);
});

for (const code of ["busy", "disk_full", "permission", "io_error"] as const) {
  Deno.test(`search index: where it cannot be written (${code}) the search goes without`, async () => {
    const store = storeThat(() => Promise.reject(new MailqError(code, "Cannot write")));
    const { output, said } = terminal(false);
    await readySearch(output, store, "word");
    assert.equal(
      said(),
      "mailq: searching without an index, which may take longer: Cannot write\n",
    );
    await spareForSearch(store);
  });
}

Deno.test("search index: a damaged queue is no matter of taking longer", async () => {
  const code: ErrorCode = "queue_corrupt";
  const store = storeThat(() => Promise.reject(new MailqError(code, "damaged")));
  await assert.rejects(readySearch(terminal(true).output, store, "word"), { code });
  await assert.rejects(spareForSearch(store), { code });
});

Deno.test("search index: what a command has to spare for it ends after a moment", async () => {
  const forever: Bring = (options) =>
    new Promise((resolve) => options?.signal?.addEventListener("abort", () => resolve()));
  await spareForSearch(storeThat(forever));
});
