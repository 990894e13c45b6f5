import xterm from "@xterm/headless";
import type { Size } from "../../src/tui/model/state.ts";
import type { TerminalPort } from "../../src/tui/terminal/terminal.ts";

/** A cell as a terminal shows it. */
export interface Cell {
  readonly text: string;
  readonly width: number;
  /** 0 to 255; -1 for the terminal's own. */
  readonly colour: number;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isInverse: boolean;
}

/** A terminal that nobody sees: xterm's own, without a window. */
export class FakeTerminal implements TerminalPort {
  readonly #xterm: InstanceType<typeof xterm.Terminal>;
  readonly #listeners = new Map<string, Set<() => void>>();
  #typed: Uint8Array[] = [];
  #onTyped: (() => void) | null = null;
  #hasEnded = false;
  isRaw = false;
  /** All that was written to it. */
  written = "";
  stops = 0;

  constructor(columns: number, rows: number) {
    this.#xterm = new xterm.Terminal({ cols: columns, rows, allowProposedApi: true });
  }

  write(text: string): void {
    this.written += text;
    this.#xterm.write(text);
  }

  size(): Size {
    return { columns: this.#xterm.cols, rows: this.#xterm.rows };
  }

  setRaw(isRaw: boolean): void {
    this.isRaw = isRaw;
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#typed.length === 0 && !this.#hasEnded) {
      await new Promise<void>((resolve) => this.#onTyped = resolve);
    }
    const bytes = this.#typed.shift();
    if (bytes === undefined) return null;
    into.set(bytes);
    return bytes.length;
  }

  on(signal: string, listener: () => void): Disposable {
    const listeners = this.#listeners.get(signal) ?? new Set();
    this.#listeners.set(signal, listeners);
    listeners.add(listener);
    return { [Symbol.dispose]: () => void listeners.delete(listener) };
  }

  signal(name: string): void {
    for (const listener of [...this.#listeners.get(name) ?? []]) listener();
  }

  stop(): void {
    this.stops++;
  }

  /** Types bytes, all at once. */
  type(text: string): void {
    this.#typed.push(new TextEncoder().encode(text));
    this.#onTyped?.();
  }

  /** The terminal is hung up. */
  hangUp(): void {
    this.#hasEnded = true;
    this.#onTyped?.();
  }

  resize(columns: number, rows: number): void {
    this.#xterm.resize(columns, rows);
    this.signal("SIGWINCH");
  }

  /** Resolves once all that was written is shown. */
  shown(): Promise<void> {
    return new Promise((resolve) => this.#xterm.write("", resolve));
  }

  get isAlternate(): boolean {
    return this.#xterm.buffer.active.type === "alternate";
  }

  get hasAutowrap(): boolean {
    return this.#xterm.modes.wraparoundMode;
  }

  get cursor(): { readonly row: number; readonly column: number } {
    const { cursorY, cursorX } = this.#xterm.buffer.active;
    return { row: cursorY, column: cursorX };
  }

  /** The rows' text, without blanks at their ends. */
  rows(): string[] {
    const { active } = this.#xterm.buffer;
    return Array.from(
      { length: this.#xterm.rows },
      (_, y) => active.getLine(active.baseY + y)?.translateToString(true) ?? "",
    );
  }

  cells(row: number): Cell[] {
    const line = this.#xterm.buffer.active.getLine(this.#xterm.buffer.active.baseY + row);
    return Array.from({ length: this.#xterm.cols }, (_, x) => {
      const cell = line?.getCell(x);
      return {
        text: cell?.getChars() || " ",
        width: cell?.getWidth() ?? 1,
        colour: cell === undefined || cell.isFgDefault() ? -1 : cell.getFgColor(),
        isBold: cell?.isBold() !== 0,
        isDim: cell?.isDim() !== 0,
        isInverse: cell?.isInverse() !== 0,
      };
    });
  }
}
