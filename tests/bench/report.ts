import { median } from "./processes.ts";

/** What is held against a budget: a figure of ours and its yardstick, round by round. */
export interface Measured {
  readonly name: string;
  readonly ours: readonly number[];
  readonly yardstick: readonly number[];
  /** Of ours divided by the yardstick. */
  readonly budget: { readonly atMost: number } | { readonly atLeast: number };
  /** What the figures are, such as `ms` or `messages a second`. */
  readonly unit: string;
  readonly yardstickName: string;
}

/** What a measurement came to. */
export interface Verdict {
  readonly ratio: number;
  /** How far the median of the ratios may be off, at two standard errors. */
  readonly noise: number;
  readonly isMissed: boolean;
}

/** A budget is missed only by more than the noise of its own rounds. */
export function judge({ ours, yardstick, budget }: Measured): Verdict {
  const ratios = ours.map((value, n) => value / (yardstick[n] ?? NaN)).sort((a, b) => a - b);
  const at = (share: number) => ratios[Math.floor((ratios.length - 1) * share)] ?? NaN;
  // A normal deviation is 0.74 of the distance of the quartiles; a median's error is 1.25 times that
  // of a mean.
  const noise = 2 * 1.25 * 0.74 * (at(0.75) - at(0.25)) / Math.sqrt(ratios.length);
  const ratio = median(ratios);
  const isMissed = "atMost" in budget
    ? ratio - noise > budget.atMost
    : ratio + noise < budget.atLeast;
  return { ratio, noise, isMissed };
}

/** Collects measurements, prints each when it is there, and knows whether a budget was missed. */
export class Report {
  #missed: string[] = [];

  add(measured: Measured): void {
    const { name, ours, yardstick, budget, unit, yardstickName } = measured;
    const { ratio, noise, isMissed } = judge(measured);
    const wanted = "atMost" in budget ? `at most ${budget.atMost}` : `at least ${budget.atLeast}`;
    console.log(
      `${isMissed ? "MISSED" : "ok    "} ${name}: ${ratio.toFixed(2)} ± ${noise.toFixed(2)} x ` +
        `${yardstickName} (${wanted}); ${figure(ours)} and ${figure(yardstick)} ${unit}, ` +
        `${ours.length} rounds`,
    );
    if (isMissed) this.#missed.push(name);
  }

  /** Tells what was not measured, and why. */
  notMeasured(name: string, reason: string): void {
    console.log(`-      ${name}: not measured, ${reason}`);
  }

  get missed(): readonly string[] {
    return this.#missed;
  }
}

function figure(values: readonly number[]): string {
  const value = median(values);
  return value.toFixed(value < 100 ? 1 : 0);
}

/** The machine, and what else it is doing. */
export async function machine(): Promise<string> {
  const cpu = /model name\s*:\s*(.*)/.exec(await Deno.readTextFile("/proc/cpuinfo"))?.[1] ?? "CPU";
  const { total } = Deno.systemMemoryInfo();
  const load = Deno.loadavg().map((one) => one.toFixed(1)).join(" ");
  return `${navigator.hardwareConcurrency} x ${cpu}, ${(total / 2 ** 30).toFixed(0)} GB, Linux ` +
    `${Deno.osRelease()}, Deno ${Deno.version.deno}, load ${load}`;
}
