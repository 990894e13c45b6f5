import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import { readOwnColours } from "../../src/tui/own/colours.ts";
import { readOwnKeys } from "../../src/tui/own/keys.ts";
import { fillQueue, NO_TUI, TestScreen } from "./screen.ts";

/** A click on a cell, from 1 on, as xterm tells it; its release with it. */
const click = (row: number, column = 10) => `\x1b[<0;${column};${row}M\x1b[<0;${column};${row}m`;
const WHEEL_DOWN = "\x1b[<65;1;1M";
const WHEEL_UP = "\x1b[<64;1;1M";

Deno.test("a click puts the cursor on a row, and a second one opens it", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(click(7));
  assert.match(screen.text, /row 4\/7/);
  await screen.press(click(7));
  assert.match(screen.text, /\[Attempts\]/);
  await screen.press(click(5), "h");
  assert.match(screen.text, /row 4\/7/);
  // Titles, header, footer and what is behind the last row are no rows.
  for (const row of [1, 2, 3, 20, 23, 24]) await screen.press(click(row));
  assert.match(screen.text, /row 4\/7/);
});

Deno.test("the wheel moves in lists, boxes and views, and nothing in a box is clicked", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(WHEEL_DOWN);
  assert.match(screen.text, /row 4\/7/);
  await screen.press(WHEEL_UP);
  assert.match(screen.text, /row 1\/7/);
  await screen.press("?", WHEEL_DOWN);
  assert.match(screen.text, / 4-\d+ of \d+/);
  await screen.press(click(10));
  assert.match(screen.text, / 4-\d+ of \d+/);
  await screen.press("\x1b", "x", click(12));
  assert.match(screen.text, /Cancel 1 message\?/);
});

Deno.test("rows of a view are clicked, the lines that belong to them too", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue, startsAsItIs: true });
  const lines = screen.terminal.rows();
  const second = lines.findLastIndex((line) => line.includes("problem "));
  await screen.press(click(second + 1));
  assert.match(screen.terminal.rows()[second - 1] ?? "", /^▸/);
  await screen.press(click(second + 1));
  assert.match(screen.text, /\/ problem:\d+/);
});

Deno.test("with a preview pane the list alone takes clicks", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue, columns: 200, rows: 60 });
  await screen.press(click(6, 195));
  assert.match(screen.text, /row 1\/7/);
  await screen.press(click(6, 20));
  assert.match(screen.text, /row 3\/7/);
});

Deno.test("the mouse is the terminal's where a setting says so, and always at the end", async () => {
  const on = await TestScreen.open({ fill: fillQueue });
  assert.ok(on.terminal.written.includes("\x1b[?1000h\x1b[?1006h"));
  await on[Symbol.asyncDispose]();
  assert.ok(on.terminal.written.includes("\x1b[?1006l\x1b[?1000l\x1b[0m"));
  await using off = await TestScreen.open({ fill: fillQueue, tui: { ...NO_TUI, hasMouse: false } });
  assert.ok(!off.terminal.written.includes("\x1b[?1000"));
});

Deno.test("own keys do what they are bound to, in footer and help too, and take others' places", async () => {
  const tui = { ...NO_TUI, keys: "cancel=X retry=x retry=F5 down=Ctrl-n" };
  await using screen = await TestScreen.open({ fill: fillQueue, tui, columns: 100 });
  assert.match(screen.text, /x retry .*X cancel/);
  await screen.press("\x0e", "j");
  assert.match(screen.text, /row 2\/7/);
  await screen.press("4", "x");
  assert.match(screen.text, /Nothing to retry/);
  await screen.press("3", "\x1b[15~");
  assert.match(screen.text, /Retry 1 message\?/);
  await screen.press("n", "?", "/down");
  assert.match(screen.text, /Ctrl-n +down/);
});

const WRONG_KEYS = [
  ["retri=x", /"retri=x" in tui\.keys: expected one of .*resume_queue, retry/],
  ["retry", /expected NAME=VALUE/],
  ["retry=Hyper-q", /a key such as Ctrl-n/],
  ["retry=t cancel=t", /retry has it/],
  ["retry=q", /a key for quit/],
] as const;

for (const [text, told] of WRONG_KEYS) {
  Deno.test(`the own keys "${text}" are refused`, () => {
    assert.throws(() => readOwnKeys(text), (error) => {
      assert.ok(error instanceof MailqError);
      assert.equal(error.code, "config_invalid");
      assert.match(error.message, told);
      return true;
    });
  });
}

Deno.test("colours are shown in the place of others", async () => {
  const tui = { ...NO_TUI, colours: "red=bright_magenta green=33" };
  await using screen = await TestScreen.open({ fill: fillQueue, tui });
  // deno-lint-ignore no-control-regex -- the codes of bright magenta
  const failed = /\x1b\[(?:\d+;)*95m[^\x1b]*(?:\x1b\[[\d;]*m)*[^\x1b]*FAILED 2/;
  assert.ok(failed.test(screen.terminal.written));
  assert.ok(screen.terminal.written.includes("\x1b[38;5;33m"));
  // deno-lint-ignore no-control-regex -- the codes of red
  assert.ok(!/\x1b\[(?:\d+;)*31m/.test(screen.terminal.written));
  for (const wrong of ["red=pink", "pink=red", "red", "red=256", "red=constructor"]) {
    assert.throws(() => readOwnColours(wrong), /Cannot use .* in tui\.colours/);
  }
});
