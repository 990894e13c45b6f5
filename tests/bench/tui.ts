import { startChild } from "../support/child.ts";
import { makeManyMessages } from "../support/many_messages.ts";
import { PERMISSIONS } from "../support/permissions.ts";
import { openSqlite } from "../support/queue_sqlite.ts";
import { median } from "./processes.ts";

const MESSAGES = 1_000_000;
const FIRST_FRAME_MS = 300;
const KEY_MS = 25;
const MEMORY_MB = 200;
const STARTS = 7;

/** The end of a frame. */
const FRAME_END = "\x1b[?2026l";

/** The screen on a million messages, in a terminal of its own (script(1)): first frame, key to
 *  frame, memory, and what it costs when nobody does anything. */
export async function benchTui(binary: string | null): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    const queue = `${folder}/queue.db`;
    await makeManyMessages(queue, MESSAGES);
    const store = await openSqlite(queue);
    await store.bringSearchUpToDate();
    await store.close();
    const root = new URL("../../", import.meta.url).pathname;
    const source = [Deno.execPath(), "run", "--no-check", ...PERMISSIONS, `${root}main.ts`];
    const mailq = binary === null ? source : [binary];
    for (const [columns, rows] of [[80, 24], [140, 40], [300, 80]] as const) {
      await benchSize([...mailq, "tui"], { queue, folder, columns, rows });
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

interface Place {
  readonly queue: string;
  readonly folder: string;
  readonly columns: number;
  readonly rows: number;
}

async function benchSize(command: readonly string[], place: Place): Promise<void> {
  const name = `tui at ${place.columns}x${place.rows}, ${MESSAGES} messages`;
  const firsts: number[] = [];
  for (let i = 0; i < STARTS; i++) {
    await using screen = await Screen.start(command, place);
    firsts.push(await screen.until(FRAME_END));
    // It may begin with the problems.
    await screen.timed("1", "row 1/");
  }
  tell(`${name}: first frame (median of ${STARTS})`, median(firsts), FIRST_FRAME_MS, "ms");

  await using screen = await Screen.start(command, place);
  await screen.until(FRAME_END);
  await screen.timed("1", "row 1/");
  const times: number[] = [];
  const press = async (key: string, count = 1) => {
    for (let i = 0; i < count; i++) {
      times.push(await screen.timed(key, FRAME_END));
      // What a key has set going may have its frames too.
      await screen.quiet();
    }
  };
  await press("j", 60);
  await press("\x1b[6~", 40);
  await press("k", 20);
  for (const key of ["4", "3", "1", "S", "S", "\r", "]", "]", "j", "J", "K", "q"]) await press(key);
  for (const key of "/invoice") await press(key);
  await press("\r");
  await press("j", 20);
  await press("\\");
  await press(" ", 20);
  await press("*");
  await press("u");
  times.sort((a, b) => a - b);
  const p95 = times[Math.floor(times.length * 0.95)] ?? NaN;
  tell(`${name}: key to frame, p95 of ${times.length} keys`, p95, KEY_MS, "ms");
  console.log(
    `  its median ${median(times).toFixed(1)} ms; G to the last row ` +
      `${(await screen.timed("G", `row ${MESSAGES}/`)).toFixed(1)} ms`,
  );
  tell(`${name}: most memory ever resident`, await screen.peakMb(), MEMORY_MB, "MB");
  // An idle screen draws nothing but its clock, once a minute.
  await screen.drawn();
  const before = await screen.cpuMs();
  const from = performance.now();
  await screen.drawn();
  const ms = performance.now() - from;
  const idle = (await screen.cpuMs() - before) / ms * 100;
  console.log(`${name}: idle for ${(ms / 1_000).toFixed(0)} s: ${idle.toFixed(1)} % of a CPU`);
}

function tell(what: string, value: number, budget: number, unit: string): void {
  const verdict = value <= budget ? "ok" : "OVER";
  console.log(`${what}: ${value.toFixed(1)} ${unit} (budget ${budget} ${unit}: ${verdict})`);
}

/** The screen in a terminal that script(1) makes. */
class Screen implements AsyncDisposable {
  #text = "";
  #hasEnded = false;
  #onText = () => {};
  readonly #startedAt = performance.now();
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<void>;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#writer = child.stdin.getWriter();
    this.#reading = this.#read();
  }

  static start(command: readonly string[], place: Place): Promise<Screen> {
    const { queue, folder, columns, rows } = place;
    const line = command.map((word) => `'${word}'`).join(" ");
    const inner = `stty cols ${columns} rows ${rows}; exec ${line}`;
    const child = startChild(["script", "-q", "-f", "-E", "never", "-c", inner, "/dev/null"], {
      env: { MAILQ_QUEUE: queue, HOME: folder, TERM: "xterm-256color" },
      stdin: "",
      stderr: "inherit",
    });
    return Promise.resolve(new Screen(child));
  }

  async #read(): Promise<void> {
    for await (const text of this.child.stdout.pipeThrough(new TextDecoderStream())) {
      this.#text += text;
      this.#onText();
    }
    this.#hasEnded = true;
    this.#onText();
  }

  /** Waits for a text; returns the ms since the start. */
  async until(text: string): Promise<number> {
    while (!this.#text.includes(text)) await this.#more();
    return performance.now() - this.#startedAt;
  }

  /** Resolves when something is drawn after what has come so far. */
  async drawn(): Promise<void> {
    await this.#more();
  }

  #more(): Promise<void> {
    if (this.#hasEnded) throw new Error(`the screen ended: ${this.#text}`);
    return new Promise((resolve) => this.#onText = resolve);
  }

  /** Presses a key; returns the ms until `text` came. */
  async timed(key: string, text: string): Promise<number> {
    this.#text = "";
    const startedAt = performance.now();
    await this.#writer.write(new TextEncoder().encode(key));
    while (!this.#text.includes(text)) await this.#more();
    return performance.now() - startedAt;
  }

  /** Resolves once nothing has come for a while. */
  async quiet(): Promise<void> {
    for (let seen = -1; seen !== this.#text.length;) {
      seen = this.#text.length;
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  /** The program itself: script's child. */
  async #pid(): Promise<number> {
    const path = `/proc/${this.child.pid}/task/${this.child.pid}/children`;
    return Number((await Deno.readTextFile(path)).trim().split(" ")[0]);
  }

  async peakMb(): Promise<number> {
    const status = await Deno.readTextFile(`/proc/${await this.#pid()}/status`);
    return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? NaN) / 1024;
  }

  /** CPU time used so far; the kernel counts hundredths of a second. */
  async cpuMs(): Promise<number> {
    const stat = await Deno.readTextFile(`/proc/${await this.#pid()}/stat`);
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * 10;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.write(new TextEncoder().encode("\x03"));
    await this.child.status;
    await this.#reading;
    await this.#writer.close().catch(() => {});
  }
}
