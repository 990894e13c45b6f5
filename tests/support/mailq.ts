import assert from "node:assert/strict";
import { HEAP_FLAGS, PERMISSIONS } from "./permissions.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const HEAP = `--v8-flags=${HEAP_FLAGS}`;

/** The program under test: the binary that MAILQ_TEST_PROGRAM names, else the source. */
export const PROGRAM: readonly string[] = Deno.env.get("MAILQ_TEST_PROGRAM") !== undefined
  ? [Deno.env.get("MAILQ_TEST_PROGRAM") ?? ""]
  : [Deno.execPath(), "run", "--quiet", "--no-check", HEAP, ...PERMISSIONS, `${ROOT}main.ts`];

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly stdoutBytes: Uint8Array;
}

export interface RunOptions {
  readonly stdin?: string | Uint8Array;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** A throwaway queue in a folder of its own, and the program to work on it: no HOME, settings or
 *  variables of the machine reach it. */
export class Mailq implements AsyncDisposable {
  private constructor(
    readonly folder: string,
    /** Settings as environment variables for every command. */
    readonly env: Record<string, string>,
  ) {}

  static async make(env: Readonly<Record<string, string>> = {}): Promise<Mailq> {
    const folder = await Deno.makeTempDir({ prefix: "mailq-test-" });
    return new Mailq(folder, {
      HOME: folder,
      PATH: Deno.env.get("PATH") ?? "/usr/bin:/bin",
      DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
      // Root's settings are those of /etc: a file of the machine must not reach the tests.
      MAILQ_CONFIG: `${folder}/mailq.toml`,
      MAILQ_QUEUE: `${folder}/queue.db`,
      MAILQ_HOSTNAME: "host.test",
      USER: "tester",
      TZ: "UTC",
      ...env,
    });
  }

  get queue(): string {
    return `${this.folder}/queue.db`;
  }

  /** Starts a command and leaves it running. */
  async spawn(args: readonly string[], options: RunOptions = {}): Promise<Deno.ChildProcess> {
    const settings = `${this.folder}/mailq.toml`;
    if (!await exists(settings)) await Deno.writeTextFile(settings, "");
    const [program = "", ...before] = PROGRAM;
    return new Deno.Command(program, {
      args: [...before, ...args],
      env: { ...this.env, ...options.env },
      clearEnv: true,
      cwd: options.cwd ?? this.folder,
      stdin: options.stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const child = await this.spawn(args, options);
    if (options.stdin !== undefined) {
      const bytes = typeof options.stdin === "string"
        ? new TextEncoder().encode(options.stdin)
        : options.stdin;
      const writer = child.stdin.getWriter();
      // A command that ends without reading all of its input closes the pipe.
      await writer.write(bytes).catch(() => {});
      await writer.close().catch(() => {});
    }
    const { code, signal, stdout, stderr } = await child.output();
    const decoder = new TextDecoder();
    return {
      code,
      signal,
      stdout: decoder.decode(stdout),
      stderr: decoder.decode(stderr),
      stdoutBytes: stdout,
    };
  }

  /** Runs a command that must exit 0 and returns its stdout. */
  async ok(args: readonly string[], options: RunOptions = {}): Promise<string> {
    const ended = await this.run(args, options);
    assert.equal(
      ended.code,
      0,
      `mailq ${args.join(" ")} ended with ${ended.code}: ${ended.stderr}`,
    );
    return ended.stdout;
  }

  /** Runs a command with --json that must exit 0 and returns the objects it printed. */
  // deno-lint-ignore no-explicit-any -- tests look into shapes they then assert
  async json(args: readonly string[], options: RunOptions = {}): Promise<any[]> {
    const stdout = await this.ok([...args, "--json"], options);
    return stdout.split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  }

  /** Queues one mail and returns its id. */
  async enqueue(mail: string | Uint8Array, ...flags: string[]): Promise<string> {
    return (await this.ok(["enqueue", ...flags], { stdin: mail })).trim();
  }

  /** The status of each message by its subject. */
  async statuses(): Promise<Record<string, string>> {
    const messages = await this.json(["list", "--limit", "0"]);
    return Object.fromEntries(messages.map((one) => [one.subject, one.status]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A small mail. */
export function mail(fields: {
  readonly from?: string;
  readonly to?: string;
  readonly subject?: string;
  readonly extra?: string;
  readonly body?: string;
} = {}): string {
  return `From: ${fields.from ?? "ann@sender.test"}\r\nTo: ${
    fields.to ?? "bob@receiver.test"
  }\r\n` +
    `Subject: ${fields.subject ?? "Hello"}\r\n${fields.extra ?? ""}\r\n${
      fields.body ?? "Text\r\n"
    }`;
}
