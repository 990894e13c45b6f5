// Prints each budget's figure beside its yardstick, measured in the same run: `deno task bench`.
import { benchEnqueueFolder } from "./enqueue_folder.ts";
import { benchEnqueueJsonl } from "./enqueue_jsonl.ts";
import { benchEnqueueProcess } from "./enqueue_process.ts";
import { benchListen } from "./listen.ts";
import { benchMillion } from "./million.ts";
import { benchRunLatency } from "./run_latency.ts";
import { benchSend } from "./send.ts";
import { benchTui } from "./tui.ts";

const binary = await Deno.stat("dist/mailq").then(() => `${Deno.cwd()}/dist/mailq`, () => null);
await benchEnqueueProcess(binary);
await benchEnqueueFolder();
await benchEnqueueJsonl();
await benchRunLatency();
await benchListen(2_048, 3_000, 1);
await benchSend(2_048, 100_000, 0.6);
await benchSend(51_200, 60_000, 0.9);
await benchMillion(binary);
await benchTui(binary);
