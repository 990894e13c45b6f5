import { HEAP_FLAGS, PERMISSIONS } from "../support/permissions.ts";
import { childOk } from "../support/child.ts";
import { mail } from "./mail.ts";
import { inTurn, runTimed } from "./processes.ts";
import type { Report } from "./report.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const ROUNDS = 15;
const SENDMAIL = ["sendmail", "-i", "-f", "ann@example.org", "bob@example.net"];

/** Whole processes that take or show one mail, against the floor: an empty script that opens a queue
 *  file and inserts one row durably, run as the same kind of program. */
export async function benchStarts(report: Report, binary: string | null): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await benchSource(report, folder);
    if (binary === null) report.notMeasured("starts of the binary", "there is no dist/mailq");
    else if (!await benchBinary(report, folder, binary)) {
      report.notMeasured("starts of the binary", "no base to compile the floor on: set DENORT_BIN");
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function benchSource(report: Report, folder: string): Promise<void> {
  const deno = [Deno.execPath(), "run", "--no-check"];
  const floor = [...deno, "-A", `${ROOT}tests/bench/floor.ts`, `${folder}/source_floor.db`];
  // As `deno task mailq`: with --no-lazy Deno's code cache holds every function.
  const flags = `--v8-flags=--no-lazy,${HEAP_FLAGS}`;
  const mailq = [...deno, flags, ...PERMISSIONS, `${ROOT}main.ts`];
  await compare(report, folder, { floor, mailq, suffix: "from source" }, [
    { args: ["enqueue"], budget: 1.2 },
    { args: SENDMAIL, budget: 1.2 },
  ]);
}

async function benchBinary(report: Report, folder: string, binary: string): Promise<boolean> {
  const compiled = `${folder}/floor`;
  try {
    await childOk([
      Deno.env.get("COMPILE_DENO") ?? Deno.execPath(),
      ...["compile", "--quiet", "--no-check", "--no-code-cache", "--no-config", "--no-lock"],
      ...[`--v8-flags=${HEAP_FLAGS}`, "--allow-all", "--output", compiled],
      `${ROOT}tests/bench/floor.ts`,
    ]);
  } catch {
    return false;
  }
  // How a file came to lie on its disk is up to 8 % of a start: both are copies, made alike.
  for (const [from, to] of [[compiled, "floor_copy"], [binary, "mailq"]]) {
    await Deno.writeFile(`${folder}/${to}`, await Deno.readFile(from ?? ""), { mode: 0o755 });
  }
  const floor = [`${folder}/floor_copy`, `${folder}/floor.db`];
  await compare(report, folder, { floor, mailq: [`${folder}/mailq`], suffix: "binary" }, [
    { args: ["enqueue"], budget: 1.2 },
    { args: SENDMAIL, budget: 1.2 },
    { args: ["send"], budget: 1.5 },
    { args: ["--version"], budget: 1.15 },
    { args: ["--help"], budget: 1.15 },
    { args: ["status"], budget: 1.15 },
  ]);
  return true;
}

async function compare(
  report: Report,
  folder: string,
  { floor, mailq, suffix }: {
    readonly floor: readonly string[];
    readonly mailq: readonly string[];
    readonly suffix: string;
  },
  calls: readonly { readonly args: readonly string[]; readonly budget: number }[],
): Promise<void> {
  const input = mail(2048);
  const env = { MAILQ_CONFIG: `${folder}/mailq.toml`, MAILQ_TRANSPORT: "null:" };
  await Deno.writeTextFile(env.MAILQ_CONFIG, "");
  const taking = { ...env, MAILQ_QUEUE: `${folder}/taking-${suffix}.db` };
  // A queue in which there is nothing to do, for all that only look.
  const idle = { ...env, MAILQ_QUEUE: `${folder}/idle-${suffix}.db` };
  await runTimed([...mailq, "enqueue"], { env: idle, input });
  await runTimed([...mailq, "send"], { env: idle });
  const time = async (command: readonly string[], env: Record<string, string>) =>
    (await runTimed(command, { env, input })).ms;
  const takes = ["enqueue", "sendmail"];
  const [yardstick = [], ...ours] = await inTurn(ROUNDS, [
    () => time(floor, {}),
    ...calls.map(({ args }) => () =>
      time([...mailq, ...args], takes.includes(args[0] ?? "") ? taking : idle)
    ),
  ]);
  for (const [n, { args, budget }] of calls.entries()) {
    report.add({
      name: `${args[0]}, ${suffix}`,
      ours: ours[n] ?? [],
      yardstick,
      budget: { atMost: budget },
      unit: "ms",
      yardstickName: "the floor",
    });
  }
}
