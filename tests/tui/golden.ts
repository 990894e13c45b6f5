import assert from "node:assert/strict";

const FOLDER = new URL("../fixtures/tui/", import.meta.url);

/** Compares a screen, cell row by cell row, with the one that is kept. Times of day depend on the
 *  machine's zone and are left out. With MAILQ_UPDATE_SCREENS the screen is kept instead. */
export async function matchesGolden(name: string, rows: readonly string[]): Promise<void> {
  const path = new URL(`${name}.txt`, FOLDER);
  const text = rows.join("\n")
    .replace(/\d{4}-\d\d-\d\d/g, "YYYY-MM-DD")
    .replace(/\b\d\d:\d\d:\d\d\b/g, "hh:mm:ss") + "\n";
  if (Deno.env.get("MAILQ_UPDATE_SCREENS") !== undefined) {
    return await Deno.writeTextFile(path, text);
  }
  assert.equal(text, await Deno.readTextFile(path));
}
