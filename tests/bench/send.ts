import { endChild, startChild } from "../support/child.ts";
import { HEAP_FLAGS, PERMISSIONS } from "../support/permissions.ts";
import { mail } from "./mail.ts";
import { cpuMsOf, runByThread, runTimed } from "./processes.ts";
import type { Report } from "./report.ts";

const SINK = "/usr/sbin/smtp-sink";
const SOURCE = "/usr/sbin/smtp-source";
const ROUNDS = 5;

/** What the threads of `send` do. */
const THREADS: Readonly<Record<string, string>> = {
  "deno": "the thread that talks to the relay",
  "worker-1": "the thread that claims and records",
  "V8 DefaultWorke": "V8's compilers and collectors",
};

/** `send` of a full queue with 10 connections against Postfix's smtp-source with 10 sessions, in
 *  turn, to the same smtp-sink; and on what the CPUs spent the time. */
export async function benchSend(
  report: Report,
  { sizeBytes, count, budget }: {
    readonly sizeBytes: number;
    readonly count: number;
    readonly budget: number;
  },
): Promise<void> {
  const name = `send of ${count} messages of ${sizeBytes} bytes`;
  if (!await isThere(SINK) || !await isThere(SOURCE)) {
    report.notMeasured(name, "smtp-sink and smtp-source (Debian's postfix) are missing");
    return;
  }
  const folder = await Deno.makeTempDir();
  await Deno.chmod(folder, 0o755);
  const root = new URL("../../", import.meta.url).pathname;
  const port = freePort();
  const user = Deno.uid() === 0 ? ["-u", "nobody"] : [];
  const sink = startChild([SINK, ...user, `127.0.0.1:${port}`, "1000"], {
    cwd: folder,
    stdout: "null",
    stderr: "null",
  });
  try {
    await listening(port);
    const mails = `${folder}/mails`;
    await Deno.mkdir(mails);
    for (let n = 0; n < count; n++) {
      await Deno.writeFile(`${mails}/${String(n).padStart(6, "0")}.eml`, mail(sizeBytes, n));
    }
    const env = { MAILQ_QUEUE: `${folder}/queue.db`, MAILQ_TRANSPORT: `smtp://127.0.0.1:${port}` };
    // As `deno task mailq`.
    const flags = `--v8-flags=--no-lazy,${HEAP_FLAGS}`;
    const mailq = [Deno.execPath(), "run", "--no-check", flags, ...PERMISSIONS, `${root}main.ts`];
    await runTimed([...mailq, "enqueue", mails], { env });
    await Deno.remove(mails, { recursive: true });
    await Deno.rename(`${folder}/queue.db`, `${folder}/full.db`);
    const source = [
      SOURCE,
      "-d",
      ...["-s", "10"],
      ...["-l", String(sizeBytes)],
      ...["-m", String(count)],
      ...["-f", "a@sender.test", "-t", "b@receiver.test"],
      `127.0.0.1:${port}`,
    ];
    const ours: number[] = [], theirs: number[] = [];
    let spent = "";
    for (let round = 0; round <= ROUNDS; round++) {
      const sourced = await runTimed(source);
      // What was written before is not to be waited for meanwhile.
      await Deno.copyFile(`${folder}/full.db`, `${folder}/queue.db`);
      await runTimed(["sync"]);
      const sinkMs = cpuMsOf(sink.pid);
      const sent = await runByThread([...mailq, "send", "--concurrency", "10", "--strict"], env);
      const each = (ms: number) => `${(ms * 1_000 / count).toFixed(1)} us`;
      spent =
        `${each(sent.ms)} a message; of CPU time smtp-sink ${each(cpuMsOf(sink.pid) - sinkMs)}` +
        [...sent.cpuMs].filter(([, ms]) => ms * 1_000 > count / 2)
          .map(([name, ms]) => `, ${THREADS[name] ?? name} ${each(ms)}`).join("");
      if (round === 0) continue; // warming up
      theirs.push(count / (sourced.ms / 1000));
      ours.push(count / (sent.ms / 1000));
    }
    report.add({
      name,
      ours,
      yardstick: theirs,
      budget: { atLeast: budget },
      unit: "messages a second",
      yardstickName: "smtp-source",
    });
    console.log(`       ${spent}`);
  } finally {
    await endChild(sink);
    await Deno.remove(folder, { recursive: true });
  }
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

async function listening(port: number): Promise<void> {
  for (;;) {
    try {
      (await Deno.connect({ hostname: "127.0.0.1", port })).close();
      return;
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionRefused)) throw error;
    }
  }
}
