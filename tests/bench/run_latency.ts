import { openStore } from "../../src/store/open.ts";
import { endChild, startChild } from "../support/child.ts";
import { PERMISSIONS } from "../support/permissions.ts";
import { newMessage } from "../support/queue_messages.ts";
import { SmtpServer } from "../support/smtp_server.ts";
import { median } from "./processes.ts";
import { systemClock, systemRandom } from "../../src/system/time.ts";

const MESSAGES = 200;
const BUDGET_MS = 20;

/** A hook that never has done with its first batch. */
const HANGING_HOOK = `[[hook]]
name = "hangs"
command = "exec sleep 3600"
timeout = "1h"
`;

/** From a commit by one process to the service's connection to the relay, message by message; the same
 *  beside a hook that hangs, in turn; and a bare connection as the yardstick. */
export async function benchRunLatency(): Promise<void> {
  await using plain = await startService("");
  await using hooked = await startService(HANGING_HOOK);
  const latencies: number[] = [];
  const besideHook: number[] = [];
  const bare: number[] = [];
  for (let n = -20; n < MESSAGES; n++) {
    const from = performance.now();
    (await Deno.connect({ hostname: "127.0.0.1", port: plain.port })).close();
    const connected = performance.now();
    const [one, other] = [await plain.send(), await hooked.send()];
    if (n < 0) continue; // warming up
    latencies.push(one);
    besideHook.push(other);
    bare.push(connected - from);
  }
  const told = (values: readonly number[]) =>
    `median ${median(values).toFixed(1)} ms, p95 ${p95(values).toFixed(1)} ms`;
  console.log(
    `run, commit to MAIL FROM: ${told(latencies)} (budget ${BUDGET_MS}); ` +
      `beside a hook that hangs ${told(besideHook)} = ` +
      `${(p95(besideHook) / p95(latencies)).toFixed(2)} x; a bare connection ${told(bare)}`,
  );
}

/** `mailq run` on a queue and with a relay of its own. `send` queues a message and resolves to the ms
 *  from its commit until the relay has it, once its end is on disk. */
async function startService(settings: string) {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  let arrived = Promise.withResolvers<number>();
  let settled = Promise.withResolvers<void>();
  const server = new SmtpServer({
    onMail: () => {
      arrived.resolve(performance.now());
      return null;
    },
  });
  await Deno.writeTextFile(`${folder}/mailq.toml`, settings);
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
  await settled.promise;
  return {
    port: server.port,
    async send(): Promise<number> {
      arrived = Promise.withResolvers();
      settled = Promise.withResolvers();
      await store.enqueue([newMessage({ createdAt: systemClock.now() })]);
      const committed = performance.now();
      const at = await arrived.promise;
      await settled.promise;
      return at - committed;
    },
    async [Symbol.asyncDispose]() {
      await endChild(service, "SIGTERM");
      await told;
      await store.close();
      await server[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function p95(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.95)] ?? NaN;
}
