/** How a whole process ran. */
export interface ProcessRun {
  readonly ms: number;
  readonly stdout: string;
}

/** Runs a command to its end, with `input` on stdin; throws if it fails. */
export async function runTimed(
  command: readonly string[],
  options: { readonly env?: Record<string, string>; readonly input?: Uint8Array } = {},
): Promise<ProcessRun> {
  const [program = "", ...args] = command;
  const startedAt = performance.now();
  const child = new Deno.Command(program, {
    args,
    env: options.env,
    stdin: options.input === undefined ? "null" : "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  if (options.input !== undefined) {
    const writer = child.stdin.getWriter();
    await writer.write(options.input);
    await writer.close();
  }
  const output = await child.output();
  const ms = performance.now() - startedAt;
  const decoder = new TextDecoder();
  if (!output.success) {
    throw new Error(
      `${command.join(" ")} ended with ${output.code}: ${decoder.decode(output.stderr)}`,
    );
  }
  return { ms, stdout: decoder.decode(output.stdout) };
}

/** Runs things in turn, A B A B …, after one run of each that does not count, and returns the
 *  times of each: the machine's speed drifts, pairs of neighbours do not. */
export async function inTurn(
  count: number,
  runs: readonly (() => Promise<number>)[],
): Promise<number[][]> {
  const times: number[][] = runs.map(() => []);
  for (const run of runs) await run();
  for (let i = 0; i < count; i++) {
    for (const [index, run] of runs.entries()) times[index]?.push(await run());
  }
  return times;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

/** The median of the ratios of neighbours. */
export function medianRatio(a: readonly number[], b: readonly number[]): number {
  return median(a.map((value, i) => value / (b[i] ?? NaN)));
}

/** A clock tick of /proc: USER_HZ is 100 on every Linux. */
const TICK_MS = 10;

/** Runs a command to its end, watching its resident memory and CPU time (Linux). */
export async function runWatched(
  command: readonly string[],
  env: Record<string, string>,
): Promise<{ readonly ms: number; readonly peakMb: number; readonly cpuMs: number }> {
  const [program = "", ...args] = command;
  const startedAt = performance.now();
  const child = new Deno.Command(program, { args, env, stdout: "null", stderr: "inherit" }).spawn();
  let peakKb = 0;
  let cpuMs = 0;
  const look = () => {
    try {
      const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
      // Behind the program's name in brackets; user and system time are fields 14 and 15.
      const stat = Deno.readTextFileSync(`/proc/${child.pid}/stat`).split(") ").pop()?.split(" ");
      cpuMs = Math.max(cpuMs, TICK_MS * (Number(stat?.[11]) + Number(stat?.[12])));
    } catch {
      // It has ended.
    }
  };
  const timer = setInterval(look, 20);
  const { success } = await child.status;
  clearInterval(timer);
  if (!success) throw new Error(`${command.join(" ")} failed`);
  return { ms: performance.now() - startedAt, peakMb: peakKb / 1024, cpuMs };
}
