import assert from "node:assert/strict";
import type { Cell } from "./fake_terminal.ts";
import { matchesGolden } from "./golden.ts";
import { fillQueue, KEYS, type ScreenOptions, TestScreen } from "./screen.ts";

const SIZES = [[60, 12], [80, 24], [120, 30], [140, 40], [200, 60]] as const;

/** How each screen is reached from the list. Its mail is hostile, and Japanese. */
const SCREENS = {
  problems: ["0"],
  all: ["1"],
  message: ["jjj", KEYS.enter],
  confirm: ["*", "R"],
} as const;

/** Each row's text, and below it, where anything is styled, each cell's colour and manner. */
function pictureOf({ terminal }: TestScreen): string[] {
  return terminal.rows().flatMap((text, row) => {
    const cells = terminal.cells(row);
    const colours = cells.map(({ colour }) => colour < 0 ? " " : String(colour)).join("");
    const manners = cells.map(mannerOf).join("");
    return [
      text,
      ...[`  colour |${colours}|`, `  manner |${manners}|`]
        .filter((styles) => !/\| *\|$/.test(styles)),
    ];
  });
}

/** b bold, d dim; a capital is inverse, and I is that alone. */
function mannerOf({ isBold, isDim, isInverse }: Cell): string {
  const letter = isBold ? "b" : isDim ? "d" : isInverse ? "i" : " ";
  return isInverse ? letter.toUpperCase() : letter;
}

async function open(keys: readonly string[], options: ScreenOptions): Promise<TestScreen> {
  const screen = await TestScreen.open({ fill: fillQueue, ...options });
  await screen.press(...keys);
  return screen;
}

for (const [columns, rows] of SIZES) {
  for (const [name, keys] of Object.entries(SCREENS)) {
    Deno.test(`every cell of the screen ${name} at ${columns}x${rows}`, async () => {
      await using screen = await open(keys, { columns, rows });
      const picture = pictureOf(screen);
      await matchesGolden(`cells_${name}_${columns}x${rows}`, picture);
      // Without colours the same cells stand in the same manner.
      await using plain = await open(keys, { columns, rows, isColoured: false });
      const uncoloured = picture.filter((line) => !line.startsWith("  colour |"));
      assert.deepEqual(pictureOf(plain), uncoloured);
    });
  }
}
