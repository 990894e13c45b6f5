import { PERMISSIONS } from "../support/permissions.ts";
import { mail } from "./mail.ts";
import { runWatched } from "./processes.ts";

const SMALL = 2_000;
const LARGE = 20_000;
const ROUNDS = 3;

/** `enqueue --jsonl`: messages a second and memory that does not grow, and its CPU time against a
 *  folder of the same messages in the same run, which a busy machine spoils less. */
export async function benchEnqueueJsonl(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  const enqueue = async (queue: string, ...args: string[]) => {
    const program = [Deno.execPath(), "run", "--no-check", ...PERMISSIONS, `${root}main.ts`];
    const path = `${folder}/${queue}.db`;
    const run = await runWatched([...program, "enqueue", ...args], { MAILQ_QUEUE: path });
    for (const end of ["", "-wal", "-shm"]) await Deno.remove(path + end).catch(() => {});
    return run;
  };
  try {
    await Deno.mkdir(`${folder}/mails`);
    for (let n = 0; n < LARGE; n++) {
      await Deno.writeFile(`${folder}/mails/${String(n).padStart(6, "0")}.eml`, mail(2048, n));
    }
    await Deno.writeTextFile(`${folder}/small.jsonl`, jsonLines(SMALL));
    await Deno.writeTextFile(`${folder}/large.jsonl`, jsonLines(LARGE));
    const small = await enqueue("small", "--jsonl", `${folder}/small.jsonl`);
    const runs = [];
    for (let round = 0; round < ROUNDS; round++) {
      const files = await enqueue("folder", `${folder}/mails`);
      runs.push({ files, jsonl: await enqueue("large", "--jsonl", `${folder}/large.jsonl`) });
    }
    const best = (values: number[]) => Math.min(...values);
    const ms = best(runs.map(({ jsonl }) => jsonl.ms));
    const cpu = [
      best(runs.map(({ jsonl }) => jsonl.cpuMs)),
      best(runs.map(({ files }) => files.cpuMs)),
    ].map((one) => (one * 1_000 / LARGE).toFixed(0));
    const peaks = [small.peakMb, best(runs.map(({ jsonl }) => jsonl.peakMb))];
    console.log(
      `enqueue --jsonl: ${(LARGE / ms * 1_000).toFixed(0)} messages of 2 KB a second ` +
        `(budget 15000), ${cpu[0]} µs of CPU each (folder: ${cpu[1]}), ` +
        `peak memory ${peaks.map((mb) => mb.toFixed(0)).join(" and ")} MB ` +
        `for ${SMALL} and ${LARGE} messages`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** JSON lines of mails of 2 KB. */
export function jsonLines(count: number): string {
  const decoder = new TextDecoder();
  let text = "";
  for (let n = 0; n < count; n++) {
    const [, body = ""] = decoder.decode(mail(2048, n)).split("\r\n\r\n");
    text += JSON.stringify({
      from: "Cron <cron@sender.test>",
      to: `ops${n % 1000}@receiver.test`,
      subject: `Report number ${n}`,
      text: body.replaceAll("\r\n", "\n"),
    }) + "\n";
  }
  return text;
}
