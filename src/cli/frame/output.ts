// The only printer: results to stdout, everything else to stderr, each line safe for a terminal.
// Made by run.ts for each command line. Results are put into words by src/cli/print and the
// commands.

import { errorText, MailqError } from "../../queue/errors.ts";
import type { LogEvent } from "../../app/log_event.ts";
import type { Level } from "../log/format.ts";
import type { Log } from "../log/log.ts";
import type { Globals } from "./globals.ts";

/** A standard stream of the process. */
export interface Stream {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** Thrown when nobody reads standard output any more; the program ends quietly. */
export class OutputClosed extends Error {}

const BUFFER_CHARS = 64 * 1024;

// What a terminal would obey, hide or reorder, but for line ends and tabs.
const UNSAFE =
  /[^\P{Cc}\t\n]|[\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}]/gu;

/** The text with unsafe characters as JSON escapes, in which JSON means the same. */
function escapeUnsafe(text: string): string {
  if (/^[\x20-\x7e\t\n]*$/.test(text)) return text;
  return text.replace(UNSAFE, (character) => {
    let escaped = "";
    for (let i = 0; i < character.length; i++) {
      escaped += `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`;
    }
    return escaped;
  });
}

/** The only printer: results to stdout, everything else to stderr. */
export class Output {
  readonly #encoder = new TextEncoder();
  #buffer = "";
  #showsProgress = false;
  #log: Log | null = null;
  #logHasTexts = false;
  /** Lines of the log that are not written yet. */
  #logged = "";

  constructor(
    readonly stdout: Stream,
    readonly stderr: Stream,
    readonly globals: Globals,
    readonly env: Readonly<Record<string, string>>,
  ) {}

  get isJson(): boolean {
    return this.globals.isJson;
  }

  /** Whether somebody watches: under cron nobody does, and every line would become a mail. */
  get isWatched(): boolean {
    return this.globals.isVerbose || this.stdout.isTerminal() || this.stderr.isTerminal();
  }

  get usesColor(): boolean {
    return !this.globals.noColor && !this.env.NO_COLOR && this.env.TERM !== "dumb" &&
      this.stdout.isTerminal();
  }

  /** The terminal's columns; null where stdout is no terminal. */
  get columns(): number | null {
    if (!this.stdout.isTerminal()) return null;
    return consoleColumns();
  }

  /** A line of the result. */
  line(text: string): void {
    this.text(`${text}\n`);
  }

  /** A part of the result as it is. */
  text(text: string): void {
    this.#buffer += text;
    if (this.#buffer.length > BUFFER_CHARS) this.flush();
  }

  /** One JSON value, or one object of a stream, on a line that is safe for a terminal. */
  json(value: unknown): void {
    this.line(escapeUnsafe(JSON.stringify(value)));
  }

  /** Bytes of mail, as they are. */
  bytes(bytes: Uint8Array): void {
    this.flush();
    this.#write(bytes);
  }

  /** Bytes of mail that are no result, as they are. */
  aside(bytes: Uint8Array): void {
    this.flush();
    this.#clearProgress();
    writeAll(this.stderr, bytes);
  }

  /** From now on events are written as lines of this log; with `hasTexts` what is told, too. */
  useLog(log: Log, { hasTexts }: { readonly hasTexts: boolean }): void {
    this.#log = log;
    this.#logHasTexts = hasTexts;
  }

  get hearsEvents(): boolean {
    return this.#log !== null && !this.globals.isQuiet;
  }

  /** Something that happened; nobody hears it where there is no log. Those of one moment are
   *  written together. */
  event(event: LogEvent): void {
    if (this.#log === null || !this.hearsEvents) return;
    if (this.#logged === "") queueMicrotask(() => this.#writeLog());
    this.#logged += escapeUnsafe(this.#log.event(event));
  }

  /** Something worth knowing that is no result. */
  note(text: string): void {
    if (!this.globals.isQuiet) this.#tell("info", text, "mailq: ");
  }

  get hearsProgress(): boolean {
    return !this.globals.isQuiet && this.stderr.isTerminal();
  }

  /** How far something has come, in the place of what was told so before; null when it is done. At
   *  a terminal alone. */
  progress(text: string | null): void {
    if (!this.hearsProgress) return;
    this.flush();
    this.#clearProgress();
    if (text === null) return;
    // A line that is broken could not be taken back.
    this.#say(`mailq: ${escapeUnsafe(text)}`.slice(0, consoleColumns() - 1));
    this.#showsProgress = true;
  }

  /** Makes room for another line. */
  #clearProgress(): void {
    if (!this.#showsProgress) return;
    this.#showsProgress = false;
    this.#say("\r\x1b[K");
  }

  /** Something for `--verbose`. */
  detail(text: string): void {
    if (this.globals.isVerbose) this.#tell("debug", text, "");
  }

  warn(text: string): void {
    if (!this.globals.isQuiet) this.#tell("warning", text, "mailq: warning: ");
  }

  /** What the program ends with. */
  failure(error: unknown): void {
    const code = error instanceof MailqError ? error.code : "internal";
    const message = errorText(error);
    if (this.isJson) {
      const exit = error instanceof MailqError ? error.exit : 70;
      this.flush();
      this.#say(`${escapeUnsafe(JSON.stringify({ error: { code, message, exit } }))}\n`);
      return;
    }
    this.#tell("error", message, "mailq: ");
    if (error instanceof Error && code === "internal") {
      this.#tell("error", error.stack ?? "", "");
      if (error.cause instanceof Error) {
        this.#tell("error", `Caused by: ${error.cause.stack ?? ""}`, "");
      }
    }
  }

  flush(): void {
    this.#writeLog();
    this.#flushResults();
  }

  #flushResults(): void {
    if (this.#buffer === "") return;
    const bytes = this.#encoder.encode(this.#buffer);
    this.#buffer = "";
    this.#write(bytes);
  }

  #writeLog(): void {
    const lines = this.#logged;
    this.#logged = "";
    if (lines !== "") this.#say(lines);
  }

  #say(lines: string): void {
    this.#clearProgress();
    try {
      writeAll(this.stderr, this.#encoder.encode(lines));
    } catch {
      // Nobody listens: there is no other place to say it.
    }
  }

  /** Tells something: as a line of the log where it has texts, else behind `prefix`. */
  #tell(level: Level, text: string, prefix: string): void {
    this.flush();
    // Arguments, paths and addresses are quoted as they came.
    this.#say(
      this.#log !== null && this.#logHasTexts
        ? escapeUnsafe(this.#log.text(level, text))
        : `${prefix}${escapeUnsafe(text)}\n`,
    );
  }

  #write(bytes: Uint8Array): void {
    this.#clearProgress();
    try {
      writeAll(this.stdout, bytes);
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) throw new OutputClosed();
      throw new MailqError("output_failed", `Cannot write the output: ${errorText(error)}`, {
        cause: error,
      });
    }
  }
}

function consoleColumns(): number {
  try {
    return Deno.consoleSize().columns;
  } catch {
    return 80;
  }
}

function writeAll(stream: Stream, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) {
    try {
      at += stream.writeSync(bytes.subarray(at));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock || error instanceof Deno.errors.Interrupted)) {
        throw error;
      }
    }
  }
}
