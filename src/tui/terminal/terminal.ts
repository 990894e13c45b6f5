// Enters and leaves the terminal's full-screen mode, reads its keys, lends it to other programs.
// Called by session.tsx, effects.ts and programs.ts. What is written on it is frame_writer.ts's
// work.

import process from "node:process";
import { KeyDecoder, type KeyPress } from "./key_decoder.ts";
import type { Size } from "../model/state.ts";

/** The terminal as the screen uses it. */
export interface TerminalPort {
  write(text: string): void;
  size(): Size;
  setRaw(isRaw: boolean): void;
  /** Reads what is typed; null at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Calls back at a signal, until disposed of. */
  on(
    signal: "SIGWINCH" | "SIGCONT" | "SIGTERM" | "SIGHUP" | "SIGINT",
    listener: () => void,
  ): Disposable;
  /** Stops this process, and all that were started with it in one job. */
  stop(): void;
}

/** Alternate screen, no autowrap (a character wider than it was thought to be must not push the
 *  frame on), pastes marked as such. */
const ENTER = "\x1b[?1049h\x1b[?7l\x1b[?2004h\x1b[?25l\x1b[2J";
const LEAVE = "\x1b[0m\x1b[?2004l\x1b[?7h\x1b[?25h\x1b[?1049l";

/** Presses and the wheel, told by numbers that any column fits in (xterm's 1000 and 1006). */
const MOUSE_ON = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF = "\x1b[?1006l\x1b[?1000l";

/** How long a lone Escape waits for the rest of a sequence. */
const ESCAPE_MS = 30;

/** Has the terminal for itself between `enter` and `leave`, which may both be called at any time
 *  and any number of times. */
export class Terminal {
  readonly #decoder = new KeyDecoder();
  #isEntered = false;
  #isReading = false;
  /** Keys go nowhere: the terminal is another program's. */
  #isHandedOver = false;
  #escapeTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly port: TerminalPort,
    readonly onKeys: (keys: readonly KeyPress[]) => void,
    /** The terminal is gone. */
    readonly onEnd: () => void,
    readonly options: { readonly hasMouse: boolean },
  ) {}

  enter(): void {
    if (this.#isEntered) return;
    this.#isEntered = true;
    this.port.setRaw(true);
    this.port.write(ENTER + (this.options.hasMouse ? MOUSE_ON : ""));
    void this.#readKeys();
  }

  /** Puts the terminal back as it was; does not wait for anything. */
  leave(): void {
    if (!this.#isEntered) return;
    this.#isEntered = false;
    clearTimeout(this.#escapeTimer);
    try {
      this.port.write((this.options.hasMouse ? MOUSE_OFF : "") + LEAVE);
    } finally {
      this.port.setRaw(false);
    }
  }

  /** Lends the terminal to another program and takes it back when `use` has ended. To be called
   *  at once for a key: a read that waits for the next one cannot be called off, and would take
   *  the first key of the other program. */
  async lend(use: () => Promise<void>): Promise<void> {
    this.#isHandedOver = true;
    this.leave();
    try {
      await use();
    } finally {
      this.#isHandedOver = false;
      this.enter();
    }
  }

  /** Reads one key while the terminal is lent. */
  async waitForKey(): Promise<void> {
    await this.port.read(new Uint8Array(256));
  }

  /** Stops the process as Ctrl-Z does; resolves when it goes on. */
  async suspend(): Promise<void> {
    this.leave();
    await new Promise<void>((resolve) => {
      const end = () => {
        clearTimeout(timer);
        listener[Symbol.dispose]();
        resolve();
      };
      const listener = this.port.on("SIGCONT", end);
      // Without a shell to go back to, the system does not stop a process.
      const timer = setTimeout(end, 200);
      this.port.stop();
    });
    this.enter();
  }

  async #readKeys(): Promise<void> {
    if (this.#isReading) return;
    this.#isReading = true;
    const buffer = new Uint8Array(4096);
    try {
      while (this.#isEntered && !this.#isHandedOver) {
        const length = await this.port.read(buffer);
        if (length === null) {
          this.onEnd();
          break;
        }
        clearTimeout(this.#escapeTimer);
        this.#told(this.#decoder.push(buffer.subarray(0, length)));
        if (this.#decoder.isWaiting) {
          this.#escapeTimer = setTimeout(() => this.#told(this.#decoder.flush()), ESCAPE_MS);
        }
      }
    } catch {
      // A terminal that was hung up.
      this.onEnd();
    } finally {
      this.#isReading = false;
    }
  }

  #told(keys: readonly KeyPress[]): void {
    if (this.#isHandedOver || keys.length === 0) return;
    this.onKeys(keys);
  }
}

/** The terminal of this process. */
export function systemTerminal(): TerminalPort {
  const encoder = new TextEncoder();
  return {
    write(text) {
      const bytes = encoder.encode(text);
      for (let at = 0; at < bytes.length;) {
        try {
          at += Deno.stdout.writeSync(bytes.subarray(at));
        } catch (error) {
          // Another program may have left it non-blocking.
          if (!(error instanceof Deno.errors.WouldBlock)) throw error;
        }
      }
    },
    size: () => Deno.consoleSize(),
    setRaw: (isRaw) => Deno.stdin.setRaw(isRaw),
    read: (into) => Deno.stdin.read(into),
    on(signal, listener) {
      // Not by Deno's own means: Ink's signal-exit would think itself alone and kill the process
      // before the terminal is put back.
      process.on(signal, listener);
      return { [Symbol.dispose]: () => void process.off(signal, listener) };
    },
    // The whole job, of which this process may be only a part (`deno task`).
    stop: () => Deno.kill(0, "SIGTSTP"),
  };
}
