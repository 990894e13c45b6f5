import assert from "node:assert/strict";
import { childOk, startChild } from "../support/child.ts";
import { PROGRAM } from "../support/mailq.ts";

export interface TmuxOptions {
  readonly columns?: number;
  readonly rows?: number;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
}

/** How long a screen may take to come about. */
const PATIENCE_MS = 20_000;

/** A real terminal with a shell in it, in which `mailq` is the program under test. */
export class Tmux implements AsyncDisposable {
  #events: Deno.ChildProcess | null = null;
  #onOutput: (() => void)[] = [];

  private constructor(readonly socket: string, readonly options: TmuxOptions) {}

  static async open(options: TmuxOptions): Promise<Tmux> {
    const { columns = 80, rows = 24, folder } = options;
    await Deno.mkdir(`${folder}/bin`);
    const words = PROGRAM.map((word) => `'${word}'`).join(" ");
    await Deno.writeTextFile(`${folder}/bin/mailq`, `#!/bin/sh\nexec ${words} "$@"\n`, {
      mode: 0o755,
    });
    const tmux = new Tmux(`${folder}/tmux`, options);
    await tmux.#command(
      ["-f", "/dev/null", "new-session", "-d", "-x", `${columns}`, "-y", `${rows}`]
        .concat("-c", folder, "env 'PS1=$ ' HISTFILE= bash --norc --noprofile"),
    );
    await tmux.#command(["set", "-g", "window-size", "manual"]);
    tmux.#listen();
    await tmux.shows(/\$$/);
    return tmux;
  }

  async #command(args: readonly string[]): Promise<string> {
    return await childOk(["tmux", "-u", "-S", this.socket, ...args], {
      env: this.#env,
      clearEnv: true,
    });
  }

  /** The server takes it over from the first command. */
  get #env(): Record<string, string> {
    const { env, folder } = this.options;
    return { ...env, PATH: `${folder}/bin:${env.PATH}`, LC_ALL: "C.UTF-8" };
  }

  /** A client in control mode is told of every output. */
  #listen(): void {
    this.#events = startChild(["tmux", "-u", "-S", this.socket, "-C", "attach"], {
      stdin: "",
      stderr: "null",
      env: this.#env,
      clearEnv: true,
    });
    const { stdout } = this.#events;
    void (async () => {
      for await (const _ of stdout) {
        const waiting = this.#onOutput;
        this.#onOutput = [];
        for (const resolve of waiting) resolve();
      }
    })();
  }

  /** Presses keys, by tmux's names: `j`, `Enter`, `C-z`. */
  async press(...keys: string[]): Promise<void> {
    await this.#command(["send-keys", ...keys]);
  }

  async type(text: string): Promise<void> {
    await this.#command(["send-keys", "-l", text]);
  }

  /** Types a line at the shell. */
  async run(line: string): Promise<void> {
    await this.type(line);
    await this.press("Enter");
  }

  async screen(): Promise<string> {
    return (await this.#command(["capture-pane", "-p", "-J"])).trimEnd();
  }

  /** Resolves with the screen once it has a match. */
  async shows(pattern: RegExp): Promise<string> {
    let isLate = false;
    let wake = () => {};
    const timer = setTimeout(() => {
      isLate = true;
      wake();
    }, PATIENCE_MS);
    try {
      for (;;) {
        const output = new Promise<void>((resolve) => {
          this.#onOutput.push(resolve);
          wake = resolve;
        });
        const screen = await this.screen();
        if (pattern.test(screen)) return screen;
        assert.ok(!isLate, `the screen never showed ${pattern}:\n${screen}`);
        await output;
      }
    } finally {
      clearTimeout(timer);
    }
  }

  async resize(columns: number, rows: number): Promise<void> {
    await this.#command(["resize-window", "-x", `${columns}`, "-y", `${rows}`]);
  }

  /** What the terminal is set to: alternate screen, cursor, autowrap. */
  async modes(): Promise<string> {
    const format = "alternate=#{alternate_on} cursor=#{cursor_flag} wrap=#{wrap_flag}";
    return (await this.#command(["display-message", "-p", format])).trim();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#command(["kill-server"]);
    await this.#events?.status;
    await this.#events?.stdin.close().catch(() => {});
  }
}
