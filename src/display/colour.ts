// The colours and glyphs of states, and the escape codes they are written with. Called by the
// tables of the command line and by the screen. Whether colours are wanted, the caller knows.

import type { MessageStatus, RecipientState } from "../queue/state.ts";

/** The codes of select graphic rendition (ECMA-48 8.3.117). */
export const SGR = {
  bold: 1,
  dim: 2,
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  magenta: 35,
  cyan: 36,
} as const;
export type Colour = keyof typeof SGR;

/** Where text goes to, such as the command line's output. */
interface Canvas {
  readonly usesColor: boolean;
}

/** Wraps `text` in a colour, or leaves it where colours are off. */
export function paint(text: string, colour: Colour, { usesColor }: Canvas): string {
  return usesColor && text !== "" ? `\x1b[${SGR[colour]}m${text}\x1b[0m` : text;
}

/** What people see of a state, which is never told by colour alone. */
interface StateLook {
  readonly glyph: string;
  readonly colour: Colour;
}

export const STATE_LOOKS: Readonly<Record<MessageStatus | RecipientState, StateLook>> = {
  queued: { glyph: "○", colour: "cyan" },
  sending: { glyph: "→", colour: "blue" },
  deferred: { glyph: "~", colour: "yellow" },
  held: { glyph: "‖", colour: "magenta" },
  sent: { glyph: "✓", colour: "green" },
  partial: { glyph: "◐", colour: "yellow" },
  failed: { glyph: "✗", colour: "red" },
  cancelled: { glyph: "–", colour: "dim" },
  suppressed: { glyph: "×", colour: "dim" },
};

/** Glyph and word of a state: `✗ failed`. */
export function formatState(state: MessageStatus | RecipientState, canvas: Canvas): string {
  const { glyph, colour } = STATE_LOOKS[state];
  return paint(`${glyph} ${state}`, colour, canvas);
}
