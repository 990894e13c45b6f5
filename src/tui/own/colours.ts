// An operator's own colours: reads the setting `tui.colours`. Called by session.tsx; windows.ts paints with
// them. A state is told by its glyph and its word as well, whatever its colour.

import { type Colour, SGR } from "../../display/colour.ts";
import { readPairs, wrong } from "./pairs.ts";

const SETTING = "tui.colours";
const NAMES = ["dim", "red", "green", "yellow", "blue", "magenta", "cyan"] as const;

/** The numbers of select graphic rendition by which a colour is shown. */
export type ColourCodes = Readonly<Record<Colour, readonly number[]>>;

/** Other colours, besides those that the screen uses. */
const MORE: Readonly<Record<string, readonly number[]>> = {
  default: [39],
  black: [30],
  white: [37],
  grey: [90],
  bright_red: [91],
  bright_green: [92],
  bright_yellow: [93],
  bright_blue: [94],
  bright_magenta: [95],
  bright_cyan: [96],
  bright_white: [97],
};

const PLAIN: ColourCodes = {
  bold: [SGR.bold],
  dim: [SGR.dim],
  red: [SGR.red],
  green: [SGR.green],
  yellow: [SGR.yellow],
  blue: [SGR.blue],
  magenta: [SGR.magenta],
  cyan: [SGR.cyan],
};

/** Reads `red=magenta dim=grey green=34`: which colour is shown in another's place; a number is one of
 *  the terminal's 256. Throws `config_invalid`. */
export function readOwnColours(text: string | null): ColourCodes {
  const codes: Record<Colour, readonly number[]> = { ...PLAIN };
  for (const [name, value] of readPairs(SETTING, text)) {
    const word = `${name}=${value}`;
    const known = NAMES.find((one) => one === name);
    if (known === undefined) throw wrong(SETTING, word, `one of ${NAMES.join(", ")} before the =`);
    const plain = NAMES.find((one) => one === value);
    const shown = plain !== undefined
      ? PLAIN[plain]
      : Object.hasOwn(MORE, value)
      ? MORE[value]
      : numbered(value);
    if (shown === undefined) {
      const colours = [...NAMES, ...Object.keys(MORE)].join(", ");
      throw wrong(SETTING, word, `one of ${colours}, or a number from 0 to 255`);
    }
    codes[known] = shown;
  }
  return codes;
}

/** ISO 8613-6: one of 256. */
function numbered(value: string): readonly number[] | undefined {
  return /^\d{1,3}$/.test(value) && Number(value) < 256 ? [38, 5, Number(value)] : undefined;
}
