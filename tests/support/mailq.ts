import assert from "node:assert/strict";
import { type ChildOptions, collect, type Ended, feed, startChild } from "./child.ts";
import { HEAP_FLAGS, PERMISSIONS } from "./permissions.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const HEAP = `--v8-flags=${HEAP_FLAGS}`;

/** The program under test: the binary that MAILQ_TEST_PROGRAM names, else the source. */
export const PROGRAM: readonly string[] = Deno.env.get("MAILQ_TEST_PROGRAM") !== undefined
  ? [Deno.env.get("MAILQ_TEST_PROGRAM") ?? ""]
  : [Deno.execPath(), "run", "--quiet", "--no-check", HEAP, ...PERMISSIONS, `${ROOT}main.ts`];

export type RunOptions = Pick<ChildOptions, "stdin" | "env" | "cwd">;

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
      MAILQ_ALIASES: "/dev/null",
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
    return startChild([...PROGRAM, ...args], {
      cwd: this.folder,
      ...options,
      env: { ...this.env, ...options.env },
      clearEnv: true,
    });
  }

  /** Runs a command to its end. */
  async run(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
    const child = await this.spawn(args, options);
    const ended = collect(child);
    if (options.stdin !== undefined) await feed(child, options.stdin);
    return await ended;
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

  /** Queues so many mails, each to one recipient, in one call. */
  async enqueueMany(count: number): Promise<void> {
    const lines = Array.from({ length: count }, (_, n) =>
      JSON.stringify({
        from: "ann@sender.test",
        to: [`user${n}@x.test`],
        subject: `${n}`,
        text: "Hi",
      }));
    await this.ok(["enqueue", "--jsonl", "-"], { stdin: lines.join("\n") });
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
