import { inTurn, median, medianRatio, runTimed } from "./processes.ts";
import { HEAP_FLAGS, PERMISSIONS } from "../support/permissions.ts";
import { mail } from "./mail.ts";

const RUNS = 40;

/** `enqueue` and `sendmail` of one message from stdin as whole processes, against the floor. */
export async function benchEnqueueProcess(binary: string | null): Promise<void> {
  await benchProcess(binary, ["enqueue"]);
  await benchProcess(binary, ["sendmail", "-i", "-f", "ann@example.org", "bob@example.net"]);
}

async function benchProcess(binary: string | null, args: readonly string[]): Promise<void> {
  const folder = await Deno.makeTempDir();
  const root = new URL("../../", import.meta.url).pathname;
  const input = mail(2048);
  const env = { MAILQ_QUEUE: `${folder}/queue.db` };
  const deno = [Deno.execPath(), "run", "--no-check"];
  const time = async (command: readonly string[], stdin?: Uint8Array) =>
    (await runTimed(command, { env, input: stdin })).ms;
  try {
    const runs = [
      () => time([...deno, "-A", `${root}tests/bench/floor.ts`, `${folder}/floor.db`], input),
      // As `deno task mailq`: with --no-lazy Deno's code cache holds every function.
      () =>
        time([
          ...deno,
          `--v8-flags=--no-lazy,${HEAP_FLAGS}`,
          ...PERMISSIONS,
          `${root}main.ts`,
          ...args,
        ], input),
      ...(binary === null ? [] : [() => time([binary, ...args], input)]),
    ];
    const [floor = [], source = [], compiled = []] = await inTurn(RUNS, runs);
    console.log(
      `${args[0]}, whole process: floor ${median(floor).toFixed(1)} ms, ` +
        `source ${median(source).toFixed(1)} ms = ${medianRatio(source, floor).toFixed(2)} x ` +
        `(budget 1.5)` +
        (binary === null
          ? ""
          : `, binary ${median(compiled).toFixed(1)} ms = ${
            medianRatio(compiled, floor).toFixed(2)
          } x`),
    );
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
