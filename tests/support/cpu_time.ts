/** What the kernel's scheduler keeps of this thread: how long it has run, in ns, comes first. */
const SCHEDSTAT = "/proc/thread-self/schedstat";

/** The CPU time this thread spends on `work`, in ms: the clock's time tells more of what else a
 *  busy machine does, and more of long work than of short. The clock's where no kernel tells it. */
export async function cpuMs(work: () => unknown): Promise<number> {
  const before = await spentMs();
  await work();
  return await spentMs() - before;
}

/** The least CPU time of three tries: collecting garbage only adds to it. */
export async function leastCpuMs(work: () => unknown): Promise<number> {
  let least = Infinity;
  for (let n = 0; n < 3; n++) least = Math.min(least, await cpuMs(work));
  return least;
}

async function spentMs(): Promise<number> {
  // A thread's time is brought up to date when it goes to sleep.
  await new Promise((resolve) => setTimeout(resolve, 1));
  try {
    const ranNs = Number(Deno.readTextFileSync(SCHEDSTAT).split(" ")[0]);
    // A kernel that keeps no such statistics says 0.
    if (ranNs > 0) return ranNs / 1e6;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return performance.now();
}
