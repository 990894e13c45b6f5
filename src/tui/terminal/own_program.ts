// Runs a command of mailq itself beside the screen, such as `send` or `doctor`, and keeps what it prints
// for the view of its output. Called by effects.ts. Which commands are run is the model's matter.

import { errorText } from "../../queue/errors.ts";
import { sanitise } from "../../display/sanitise.ts";
import { sendSignal } from "../../system/shell.ts";

/** What a command has printed so far. */
export interface ProgramOutput {
  /** As one would type it; null where none was run yet. */
  readonly command: string | null;
  readonly lines: readonly string[];
  /** Its exit status; null while it runs. */
  readonly status: number | null;
}

/** How this program is started on the same queue, with the same settings. */
export interface OwnCall {
  readonly words: readonly string[];
  /** Variables besides our own. */
  readonly env: Readonly<Record<string, string>>;
}

/** Of a longer output the end is kept. */
const MOST_LINES = 5_000;

export class OwnProgram {
  #child: Deno.ChildProcess | null = null;
  #command: string | null = null;
  #lines: readonly string[] = [];
  #status: number | null = null;

  constructor(readonly call: OwnCall, readonly onOutput: () => void) {}

  get output(): ProgramOutput {
    return { command: this.#command, lines: this.#lines, status: this.#status };
  }

  get isRunning(): boolean {
    return this.#child !== null;
  }

  /** Resolves to its exit status. One at a time. */
  async run(args: readonly string[]): Promise<number> {
    const [program = "", ...words] = this.call.words;
    this.#command = `mailq ${args.join(" ")}`;
    this.#lines = [];
    this.#status = null;
    try {
      const child = new Deno.Command(program, {
        args: [...words, ...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
        env: { ...this.call.env, NO_COLOR: "1" },
      }).spawn();
      this.#child = child;
      this.onOutput();
      await Promise.all([this.#read(child.stdout), this.#read(child.stderr)]);
      this.#status = (await child.status).code;
    } catch (error) {
      this.#add([`Cannot run ${program}: ${errorText(error)}`]);
      this.#status = 70;
    } finally {
      this.#child = null;
    }
    this.onOutput();
    return this.#status;
  }

  /** Lets it end what it has in hand, as Ctrl-C would. */
  stop(): void {
    if (this.#child !== null) sendSignal(this.#child, "SIGTERM");
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      if (lines.length > 0) this.#add(lines);
    }
    if (rest !== "") this.#add([rest]);
  }

  #add(lines: readonly string[]): void {
    this.#lines = [...this.#lines, ...lines.map((line) => sanitise(line))].slice(-MOST_LINES);
    this.onOutput();
  }
}
