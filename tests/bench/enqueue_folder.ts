import { PERMISSIONS } from "../support/permissions.ts";
import { mail } from "./mail.ts";
import { runWatched } from "./processes.ts";

const SMALL = 2_000;
const LARGE = 20_000;

/** `enqueue` of a folder: messages a second, and memory that does not grow with the folder. */
export async function benchEnqueueFolder(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  try {
    const peaks: number[] = [];
    let rate = 0;
    for (const count of [SMALL, LARGE]) {
      const mails = `${folder}/${count}`;
      await Deno.mkdir(mails);
      for (let n = 0; n < count; n++) {
        await Deno.writeFile(`${mails}/${String(n).padStart(6, "0")}.eml`, mail(2048, n));
      }
      const run = await runWatched([
        Deno.execPath(),
        "run",
        "--no-check",
        ...PERMISSIONS,
        `${root}main.ts`,
        "enqueue",
        mails,
      ], { MAILQ_QUEUE: `${folder}/${count}.db` });
      peaks.push(run.peakMb);
      rate = count / (run.ms / 1000);
    }
    console.log(
      `enqueue of a folder: ${rate.toFixed(0)} messages of 2 KB a second (budget 15000), ` +
        `peak memory ${peaks.map((mb) => mb.toFixed(0)).join(" and ")} MB ` +
        `for ${SMALL} and ${LARGE} messages`,
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
