import assert from "node:assert/strict";
import { sanitise } from "../../src/display/sanitise.ts";
import { idOf, KEYS, subject, TestScreen, tried } from "./screen.ts";

const TEXTS = {
  "Latin": "Die Bestellung für Jörg Müßiggänger wurde übermäßig verspätet ausgeführt, ".repeat(4),
  "wide": "ご注文の確認 № 42 です。商品は明日発送されます。".repeat(10),
  "narrow, then wide": "x" + "漢字".repeat(100),
  "emoji": "👩‍👩‍👧‍👦 and 🇩🇪🇫🇷 between words, ".repeat(12),
  "combining marks": "e\u0301a\u0308\u0302o\u0327".repeat(90),
};

for (const [name, text] of Object.entries(TEXTS)) {
  Deno.test(`a subject of ${name} is cut between characters at every width, and says so`, async () => {
    await using screen = await TestScreen.open({
      fill: async (fixture) => {
        await tried(fixture, "failed", {
          id: idOf("cut"),
          recipients: ["bob@acme.test"],
          ...subject(text),
        });
      },
    });
    await screen.press(KEYS.enter);
    // Terminals disagree about the width of emoji: there may be a blank behind one.
    const letters = (one: string) => one.replaceAll(" ", "");
    const whole = letters(sanitise(text));
    for (let columns = 60; columns <= 200; columns++) {
      screen.terminal.resize(columns, 24);
      await screen.settled();
      const row = screen.terminal.rows()[4] ?? "";
      assert.ok(row.startsWith(" Subj "), `${columns}: ${row}`);
      const shown = row.slice(" Subj ".length);
      assert.ok(shown.endsWith("…"), `${columns}: ${row}`);
      assert.ok(whole.startsWith(letters(shown.slice(0, -1))), `${columns}: ${row}`);
      // A wide character or a blank less than there is room for, at most.
      const last = screen.terminal.cells(4).findLastIndex((cell) => cell.text === "…");
      assert.ok(last >= columns - 3 && last < columns, `${columns}: it ends at ${last}`);
    }
  });
}
