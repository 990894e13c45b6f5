import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import type { Ended } from "../../support/child.ts";
import { Mailq, PROGRAM, type RunOptions } from "../../support/mailq.ts";

/** A queue, and a `mailq` in the PATH of what is run in a transaction. */
export async function makeTxMailq(env: Readonly<Record<string, string>> = {}): Promise<Mailq> {
  const mailq = await Mailq.make(env);
  const bin = `${mailq.folder}/bin`;
  await Deno.mkdir(bin);
  const words = PROGRAM.map((word) => `'${word}'`).join(" ");
  await Deno.writeTextFile(`${bin}/mailq`, `#!/bin/sh\nexec ${words} "$@"\n`, { mode: 0o755 });
  mailq.env.PATH = `${bin}:${mailq.env.PATH}`;
  return mailq;
}

/** Runs `mailq tx -- sh -c SCRIPT`. */
export function runTx(mailq: Mailq, script: string, options: RunOptions = {}): Promise<Ended> {
  return mailq.run(["tx", "--", "sh", "-c", script], options);
}

/** Fails if a transaction has left anything but the given messages. */
export async function assertNoTrace(mailq: Mailq, subjects: readonly string[] = []): Promise<void> {
  await assertSwept(mailq, subjects);
  for await (const { name } of Deno.readDir(mailq.folder)) assert.doesNotMatch(name, /-worker-/);
}

/** Fails if there is anything in the queue's tables but the given messages. (The lock file of a
 *  process that was killed may stay for a minute.) */
export async function assertSwept(mailq: Mailq, subjects: readonly string[]): Promise<void> {
  assert.deepEqual(Object.keys(await mailq.statuses()).sort(), [...subjects].sort());
  using db = new DatabaseSync(mailq.queue);
  db.exec("PRAGMA busy_timeout = 10000");
  const { workers, lanes, keys, messages } = db.prepare(
    `SELECT (SELECT count(*) FROM worker) AS workers, (SELECT count(*) FROM batch) AS lanes,
       (SELECT count(*) FROM staged_key) AS keys, (SELECT count(*) FROM message) AS messages`,
  ).get() ?? {};
  assert.deepEqual([workers, lanes, keys, messages], [0, 0, 0, subjects.length]);
}
