import { DatabaseSync } from "node:sqlite";
import { HEAP_FLAGS, PERMISSIONS } from "../support/permissions.ts";
import { jsonLines } from "./enqueue_jsonl.ts";
import { mail } from "./mail.ts";
import { inTurn, runTimed } from "./processes.ts";
import type { Report } from "./report.ts";

const COUNT = 10_000;
const SIZE = 2048;
const ROUNDS = 5;
const BUDGET = 0.5;

/** `enqueue` of a folder and of JSON lines against raw inserts of the same bytes: a thousand rows a
 *  commit, from memory, in this process. */
export async function benchIntake(report: Report): Promise<void> {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  const flags = `--v8-flags=--no-lazy,${HEAP_FLAGS}`;
  const mailq = [Deno.execPath(), "run", "--no-check", flags, ...PERMISSIONS, `${root}main.ts`];
  try {
    await Deno.mkdir(`${folder}/mails`);
    const mails = Array.from({ length: COUNT }, (_, n) => mail(SIZE, n));
    for (const [n, bytes] of mails.entries()) {
      await Deno.writeFile(`${folder}/mails/${String(n).padStart(6, "0")}.eml`, bytes);
    }
    await Deno.writeTextFile(`${folder}/mails.jsonl`, jsonLines(COUNT));
    const rate = (ms: number) => COUNT / ms * 1_000;
    const enqueue = async (...args: string[]) => {
      const env = { MAILQ_QUEUE: `${folder}/queue.db`, MAILQ_CONFIG: "/dev/null" };
      const { ms } = await runTimed([...mailq, "enqueue", ...args], { env });
      await removeDatabase(env.MAILQ_QUEUE);
      return rate(ms);
    };
    const [raw = [], ofFolder = [], ofLines = []] = await inTurn(ROUNDS, [
      async () => {
        const startedAt = performance.now();
        insertAll(`${folder}/raw.db`, mails);
        const ms = performance.now() - startedAt;
        await removeDatabase(`${folder}/raw.db`);
        return rate(ms);
      },
      () => enqueue(`${folder}/mails`),
      () => enqueue("--jsonl", `${folder}/mails.jsonl`),
    ]);
    for (const [name, ours] of [["a folder", ofFolder], ["JSON lines", ofLines]] as const) {
      report.add({
        name: `enqueue of ${COUNT} mails, ${name}`,
        ours,
        yardstick: raw,
        budget: { atLeast: BUDGET },
        unit: "messages a second",
        yardstickName: "raw inserts",
      });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function insertAll(path: string, mails: readonly Uint8Array[]): void {
  const db = new DatabaseSync(path);
  db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
  db.exec("CREATE TABLE mail (id INTEGER PRIMARY KEY, bytes BLOB)");
  const insert = db.prepare("INSERT INTO mail (bytes) VALUES (?)");
  for (let from = 0; from < mails.length; from += 1_000) {
    db.exec("BEGIN");
    for (const bytes of mails.slice(from, from + 1_000)) insert.run(bytes);
    db.exec("COMMIT");
  }
  db.close();
}

async function removeDatabase(path: string): Promise<void> {
  for (const end of ["", "-wal", "-shm"]) await Deno.remove(path + end).catch(() => {});
}
