// Prints the figures that take long or much disk, each beside its yardstick: `deno task bench:full`.
import { benchEnqueueFolder } from "./enqueue_folder.ts";
import { benchEnqueueJsonl } from "./enqueue_jsonl.ts";
import { benchListen } from "./listen.ts";
import { benchMillion } from "./million.ts";
import { machine, Report } from "./report.ts";
import { benchRunLatency } from "./run_latency.ts";
import { benchSend } from "./send.ts";
import { benchTui } from "./tui.ts";

const binary = await Deno.stat("dist/mailq").then(() => `${Deno.cwd()}/dist/mailq`, () => null);
const report = new Report();
console.log(await machine());
await benchEnqueueFolder();
await benchEnqueueJsonl();
await benchRunLatency();
await benchListen(2_048, 3_000, 1);
await benchSend(report, { sizeBytes: 2_048, count: 100_000, budget: 0.75 });
await benchSend(report, { sizeBytes: 51_200, count: 60_000, budget: 0.9 });
await benchMillion(binary);
await benchTui(binary);
console.log(await machine());
if (report.missed.length > 0) Deno.exit(1);
