// Turns a terminal's bytes into keys and pasted text. Called by terminal.ts. What a key does is not
// known here.

/** A key that was pressed, a text that was pasted, or what the mouse did. */
export interface KeyPress {
  /** `a`, `Enter`, `Ctrl-d`, `PgDn`, `Space`; `Paste` for pasted text; `Click`, `WheelUp`, `WheelDown`. */
  readonly name: string;
  /** What a text field takes it for; null for keys that are no text. */
  readonly text: string | null;
  /** The cell that was clicked, from 0 on. */
  readonly at?: { readonly row: number; readonly column: number };
}

const PASTE_BEGIN = "\x1b[200~";
const PASTE_END = "\x1b[201~";

const CONTROLS: Readonly<Record<string, string>> = {
  "\r": "Enter",
  "\n": "Enter",
  "\t": "Tab",
  "\x7f": "Backspace",
  "\b": "Backspace",
  "\0": "Ctrl-Space",
};

const SEQUENCES: Readonly<Record<string, string>> = {
  "[A": "Up",
  "[B": "Down",
  "[C": "Right",
  "[D": "Left",
  "[F": "End",
  "[H": "Home",
  "[Z": "Shift-Tab",
  "OA": "Up",
  "OB": "Down",
  "OC": "Right",
  "OD": "Left",
  "OF": "End",
  "OH": "Home",
  "OM": "Enter",
  "OP": "F1",
  "OQ": "F2",
  "OR": "F3",
  "OS": "F4",
  "[11~": "F1",
  "[12~": "F2",
  "[13~": "F3",
  "[14~": "F4",
  "[15~": "F5",
  "[17~": "F6",
  "[18~": "F7",
  "[19~": "F8",
  "[20~": "F9",
  "[21~": "F10",
  "[23~": "F11",
  "[24~": "F12",
  "[1~": "Home",
  "[3~": "Delete",
  "[4~": "End",
  "[5~": "PgUp",
  "[6~": "PgDn",
  "[7~": "Home",
  "[8~": "End",
};

const NAMES = new Set([...Object.values(CONTROLS), ...Object.values(SEQUENCES), "Esc", "Space"]);

// ECMA-48 5.4: parameters, intermediates, one final byte; SS3 has one byte.
// deno-lint-ignore no-control-regex -- the escape character is what begins them
const WHOLE = /^\x1b(\[[0-?]*[ -/]*[@-~]|O[ -~])/;
// deno-lint-ignore no-control-regex -- as above
const BEGUN = /^\x1b(\[[0-?]*[ -/]*|O)?$/;

/** Turns a terminal's bytes into keys, however they are cut into pieces: keys typed ahead come in
 *  one, an arrow's sequence may come in two. */
export class KeyDecoder {
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** Whether a sequence has begun that only more bytes, or `flush`, can end. */
  get isWaiting(): boolean {
    return this.#rest !== "";
  }

  push(bytes: Uint8Array): KeyPress[] {
    this.#rest += this.#decoder.decode(bytes, { stream: true });
    return this.#take(false);
  }

  /** No more bytes came: what was begun is the Escape key itself. */
  flush(): KeyPress[] {
    return this.#take(true);
  }

  #take(isFlush: boolean): KeyPress[] {
    const keys: KeyPress[] = [];
    while (this.#rest !== "") {
      if (this.#rest.startsWith(PASTE_BEGIN)) {
        const end = this.#rest.indexOf(PASTE_END);
        // An end that never comes must not eat the keys for good.
        if (end < 0 && !isFlush) break;
        const text = this.#rest.slice(PASTE_BEGIN.length, end < 0 ? undefined : end);
        keys.push({ name: "Paste", text });
        this.#rest = end < 0 ? "" : this.#rest.slice(end + PASTE_END.length);
        continue;
      }
      if (!isFlush && BEGUN.test(this.#rest)) break;
      const whole = WHOLE.exec(this.#rest);
      if (whole !== null) {
        this.#rest = this.#rest.slice(whole[0].length);
        const sequence = whole[1] ?? "";
        keys.push(mouseKey(sequence) ?? { name: sequenceName(sequence), text: null });
        continue;
      }
      const character = String.fromCodePoint(this.#rest.codePointAt(0) ?? 0);
      this.#rest = this.#rest.slice(character.length);
      keys.push(characterKey(character));
    }
    return keys;
  }
}

/** What the mouse did, as xterm's mode 1006 tells it; null for a key. */
function mouseKey(sequence: string): KeyPress | null {
  const [, button, column, row, end] = /^\[<(\d+);(\d+);(\d+)([Mm])$/.exec(sequence) ?? [];
  if (button === undefined) return null;
  const name = end === "M" ? MOUSE[button] ?? "Unknown" : "Unknown";
  return { name, text: null, at: { row: Number(row) - 1, column: Number(column) - 1 } };
}

/** By the number of the button. */
const MOUSE: Readonly<Record<string, string>> = {
  "0": "Click",
  "64": "WheelUp",
  "65": "WheelDown",
};

/** Whether there is such a key: a character, or a name that this file gives. */
export function isKeyName(name: string): boolean {
  return NAMES.has(name) || /^Ctrl-[a-z]$/.test(name) || /^[^\p{C}\p{Z}]$/u.test(name);
}

function sequenceName(sequence: string): string {
  if (/^\[\d+;\d+R$/.test(sequence)) return "CursorReport";
  // Modifiers (`[1;5A`) do not matter here.
  const plain = sequence.replace(/^\[1;\d+([A-Z])$/, "[$1").replace(/^\[(\d);\d+~$/, "[$1~");
  return SEQUENCES[plain] ?? "Unknown";
}

function characterKey(character: string): KeyPress {
  const control = CONTROLS[character];
  if (control !== undefined) return { name: control, text: null };
  if (character === "\x1b") return { name: "Esc", text: null };
  if (character === " ") return { name: "Space", text: " " };
  if (character < " ") {
    return { name: `Ctrl-${String.fromCharCode(character.charCodeAt(0) + 96)}`, text: null };
  }
  // The controls of ECMA-48 8.3 are no text, whatever key makes them.
  if (/\p{Cc}/u.test(character)) return { name: "Unknown", text: null };
  return { name: character, text: character };
}
