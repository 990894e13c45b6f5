import { openStore } from "../../src/store/open.ts";
import { endChild, startChild } from "../support/child.ts";
import { PERMISSIONS } from "../support/permissions.ts";
import { newMessage } from "../support/queue_messages.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { median } from "./processes.ts";
import { systemClock, systemRandom } from "../../src/system/time.ts";

const MESSAGES = 200;
const BUDGET_MS = 20;

/** From a commit by one process to the service's connection to the relay, message by message, and
 *  a bare connection to the same server as the yardstick. */
export async function benchRunLatency(): Promise<void> {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  let arrived = Promise.withResolvers<number>();
  let settled = Promise.withResolvers<void>();
  await using server = new SmtpServer({
    onMail: () => {
      arrived.resolve(performance.now());
      return null;
    },
  });
  await Deno.writeTextFile(`${folder}/mailq.toml`, "");
  const command = [Deno.execPath(), "run", "--no-check", ...PERMISSIONS, `${root}main.ts`];
  const service = startChild([...command, "run", "--verbose"], {
    env: {
      MAILQ_CONFIG: `${folder}/mailq.toml`,
      MAILQ_QUEUE: `${folder}/queue.db`,
      MAILQ_TRANSPORT: server.url,
    },
    stdout: "null",
  });
  const told = (async () => {
    // It tells of each message once it is on disk.
    for await (const _ of service.stderr) settled.resolve();
  })();
  const store = await openStore(`${folder}/queue.db`, {
    create: true,
    isWorker: true,
    clock: systemClock,
    random: systemRandom,
  });
  try {
    await settled.promise;
    const latencies: number[] = [];
    const bare: number[] = [];
    for (let n = -20; n < MESSAGES; n++) {
      const from = performance.now();
      (await Deno.connect({ hostname: "127.0.0.1", port: server.port })).close();
      const connected = performance.now();
      arrived = Promise.withResolvers();
      settled = Promise.withResolvers();
      await store.enqueue([newMessage({ createdAt: systemClock.now() })]);
      const committed = performance.now();
      const at = await arrived.promise;
      await settled.promise;
      if (n < 0) continue; // warming up
      latencies.push(at - committed);
      bare.push(connected - from);
    }
    const p95 = percentile(latencies, 0.95);
    console.log(
      `run, commit to MAIL FROM: median ${median(latencies).toFixed(1)} ms, ` +
        `p95 ${p95.toFixed(1)} ms (budget ${BUDGET_MS}), ` +
        `a bare connection ${median(bare).toFixed(1)} ms, p95 ${percentile(bare, 0.95).toFixed(1)}`,
    );
  } finally {
    await endChild(service, "SIGTERM");
    await told;
    await store.close();
    await Deno.remove(folder, { recursive: true });
  }
}

function percentile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? NaN;
}
