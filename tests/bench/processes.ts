import { childOk, startChild } from "../support/child.ts";

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
  const { env, input: stdin } = options;
  const startedAt = performance.now();
  const stdout = await childOk(command, { env, stdin });
  const ms = performance.now() - startedAt;
  return { ms, stdout };
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

/** What a process or thread is called, and its CPU time so far. */
function cpuOf(folder: string): { readonly name: string; readonly ms: number } {
  // The name stands in brackets; behind it, user and system time are fields 14 and 15.
  const stat = Deno.readTextFileSync(`${folder}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const name = stat.slice(stat.indexOf("(") + 1, stat.lastIndexOf(")"));
  return { name, ms: TICK_MS * (Number(fields[11]) + Number(fields[12])) };
}

/** The CPU time of a process so far, in ms. */
export function cpuMsOf(pid: number): number {
  return cpuOf(`/proc/${pid}`).ms;
}

/** Runs a command to its end, and tells what CPU time its threads took, by their names. */
export async function runByThread(
  command: readonly string[],
  env: Record<string, string>,
): Promise<{ readonly ms: number; readonly cpuMs: ReadonlyMap<string, number> }> {
  const startedAt = performance.now();
  const child = startChild(command, { env, stdout: "null", stderr: "inherit" });
  const threads = new Map<string, { readonly name: string; readonly ms: number }>();
  const look = () => {
    try {
      const folder = `/proc/${child.pid}/task`;
      for (const { name } of Deno.readDirSync(folder)) {
        threads.set(name, cpuOf(`${folder}/${name}`));
      }
    } catch {
      // It has ended, or a thread of it has.
    }
  };
  // Looking takes time of the CPUs that are measured.
  const timer = setInterval(look, 100);
  const { success } = await child.status;
  clearInterval(timer);
  if (!success) throw new Error(`${command.join(" ")} failed`);
  const cpuMs = new Map<string, number>();
  for (const { name, ms } of threads.values()) cpuMs.set(name, (cpuMs.get(name) ?? 0) + ms);
  return { ms: performance.now() - startedAt, cpuMs };
}

/** Runs a command to its end, watching its resident memory and CPU time (Linux). */
export async function runWatched(
  command: readonly string[],
  env: Record<string, string>,
): Promise<{ readonly ms: number; readonly peakMb: number; readonly cpuMs: number }> {
  const startedAt = performance.now();
  const child = startChild(command, { env, stdout: "null", stderr: "inherit" });
  let peakKb = 0;
  let cpuMs = 0;
  const look = () => {
    try {
      const status = Deno.readTextFileSync(`/proc/${child.pid}/status`);
      peakKb = Math.max(peakKb, Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0));
      cpuMs = Math.max(cpuMs, cpuOf(`/proc/${child.pid}`).ms);
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
