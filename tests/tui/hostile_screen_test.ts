import assert from "node:assert/strict";
import { newMessage, START } from "../support/queue_messages.ts";
import type { Cell } from "./fake_terminal.ts";
import { idOf, KEYS, subject, TestScreen, tried } from "./screen.ts";

const HOSTILE: Readonly<Record<string, string>> = {
  "escape sequences": "\x1b[2J\x1b[1;1Hgotcha\x1b[?1049l\x1b]0;title\x07\x1bc",
  "C1 controls": "\x9b2J\x9d52;c;ZXZpbA==\x9c\x90q",
  "OSC 52": "\x1b]52;c;cm0gLXJmIC8=\x07 copied",
  "bidi": "\u202e\u2067evil\u2066 \u200f\u061c ltr",
  "zero width": "a\u200b\u200c\u200d\u2060\ufeff\u00ad\u180eb",
  "combining marks": "e" + "\u0301".repeat(500) + "\u0334".repeat(40),
  "wide emoji": "👩‍👩‍👧‍👦🏳️‍🌈👍🏽🇩🇪🇺🇳☎️❤️‍🔥🧑🏿‍🚀 1️⃣ ⌚".repeat(5),
  "wide script": "ご注文の確認いたします".repeat(20),
  "ambiguous width": "★①Ⅳ¼→※♥☃Ω░▒▓■◆€".repeat(5),
  "unpaired surrogates": "\ud800x\udfff\udbff",
  "tags and private use": "\u{e0041}\u{e007f}\ue000\u{f0000}\uffff\ufff9",
  "line ends": "one\r\ntwo\nthree\r\x0bfour\x0cfive\u2028six\u2029\u0085",
  "Indic and Thai": "क्षि நி กำ ျ ᄀ까ᅢᆨ".repeat(6),
  "a megabyte": "x\u0301👍".repeat(250_000),
};

/** The list with this subject in its middle, and the cursor elsewhere. */
async function listWith(
  text: string,
): Promise<{ rows: Cell[][]; row: number; from: number; to: number }> {
  await using screen = await TestScreen.open({
    columns: 200,
    rows: 40,
    fill: async ({ store }) => {
      await store.enqueue(
        ["above", text, "below"].map((one, i) =>
          newMessage({ id: idOf(`n${i}`), recipients: ["bob@acme.test"], ...subject(one) })
        ),
      );
    },
  });
  const lines = screen.terminal.rows();
  const title = lines[2] ?? "";
  const to = title.indexOf("WHY");
  return {
    rows: lines.map((_, i) => screen.terminal.cells(i)),
    row: lines.findIndex((line) => line.includes("n10000")),
    from: title.indexOf("SUBJECT"),
    to,
  };
}

for (const [name, text] of Object.entries(HOSTILE)) {
  Deno.test(`a subject of ${name} changes nothing but its own cells`, async () => {
    const plain = await listWith("harmless");
    const hostile = await listWith(text);
    assert.deepEqual([hostile.row, hostile.from, hostile.to], [plain.row, plain.from, plain.to]);
    const outside = ({ rows, row, from, to }: typeof plain) =>
      rows.map((cells, y) => cells.filter((_, x) => y !== row || x < from || x >= to));
    assert.deepEqual(outside(hostile), outside(plain));
  });
}

for (const [name, text] of Object.entries(HOSTILE)) {
  Deno.test(`a message of ${name} changes nothing but its own cells`, async () => {
    const detail = async (body: string) => {
      await using screen = await TestScreen.open({
        fill: async (fixture) => {
          const bytes = new TextEncoder().encode(`Subject: x\r\n\r\n${body}\r\n`);
          const content = bytes.slice(0, 200_000);
          await tried(fixture, "failed", { content, sizeBytes: content.length, createdAt: START }, {
            reply: body.slice(0, 500),
            error: body.slice(0, 5_000),
            transcript: body.slice(0, 5_000),
            traceback: body.slice(0, 5_000),
            host: body.slice(0, 500),
          });
        },
      });
      await screen.press(KEYS.enter);
      const id = /^ (\w{12})/m.exec(screen.text)?.[1] ?? "?";
      const shown: Cell[][] = [];
      // What stands around the texts: header, tabs and footer.
      const around = () => {
        for (const y of [0, 1, 3, 4, 5, 23]) shown.push(screen.terminal.cells(y));
      };
      around();
      await screen.press("G", KEYS.enter);
      around();
      for (let tab = 0; tab < 4; tab++) {
        await screen.press("]");
        around();
      }
      assert.match(screen.text, new RegExp(id));
      // Nothing was said to the terminal but what the screen says.
      const said = new Set(
        // deno-lint-ignore no-control-regex -- what obeys begins with the escape character
        screen.terminal.written.match(/\x1b[^[]|\x1b\[[^\x40-\x7e]*[\x40-\x7e]/g),
      );
      for (const sequence of said) {
        assert.match(
          sequence,
          // deno-lint-ignore no-control-regex -- as above
          /^\x1b\[(\?(1049|7|2004|25|2026|100[026])[hl]|[\d;]*m|\d+;\d+H|\d+G|[02]?[KJ])$/,
        );
      }
      return shown;
    };
    assert.deepEqual(await detail(text), await detail("harmless"));
  });
}
