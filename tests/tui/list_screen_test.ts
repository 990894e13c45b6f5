import assert from "node:assert/strict";
import { newMessage, START } from "../support/queue_messages.ts";
import { fillQueue, idOf, KEYS, partlySent, subject, TestScreen } from "./screen.ts";
import { matchesGolden } from "./golden.ts";

const many = (count: number) =>
  Array.from(
    { length: count },
    (_, i) => newMessage({ id: idOf(`n${String(i).padStart(5, "0")}`), ...subject(`Number ${i}`) }),
  );

for (
  const [columns, rows] of [[60, 12], [80, 24], [120, 30], [140, 40], [200, 60], [300, 80]] as const
) {
  Deno.test(`the list at ${columns}x${rows}`, async () => {
    await using screen = await TestScreen.open({ columns, rows, fill: fillQueue });
    await matchesGolden(`list_${columns}x${rows}`, screen.terminal.rows());
  });
}

Deno.test("the list without colours has the same text and no colour at all, and bold stays", async () => {
  await using coloured = await TestScreen.open({ fill: fillQueue });
  await using plain = await TestScreen.open({ fill: fillQueue, isColoured: false });
  const text = ({ terminal }: TestScreen) => terminal.rows().map((row) => row.trimEnd());
  assert.deepEqual(text(plain), text(coloured));
  for (let row = 0; row < 24; row++) {
    for (const cell of plain.terminal.cells(row)) {
      assert.equal(cell.colour, -1);
    }
  }
  // deno-lint-ignore no-control-regex -- what sets colours begins with the escape character
  assert.doesNotMatch(plain.terminal.written, /\x1b\[(\d+;)*[349]\d(;\d+)*m/);
  assert.ok(plain.terminal.cells(0).some(({ isBold }) => isBold));
  assert.match(plain.text, /^▸ {3}○ queued/m);
});

Deno.test("a state is glyph, colour and word together", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  const row = screen.terminal.rows().findIndex((line) => line.includes("✗ failed"));
  const cells = screen.terminal.cells(row);
  const at = cells.findIndex(({ text }) => text === "✗");
  assert.equal(cells[at]?.colour, 1);
  assert.equal(cells[at + 2]?.colour, 1);
});

Deno.test("keys that are typed ahead all count", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(many(60)).then(() => {}),
  });
  await screen.press("jjjjj");
  assert.match(screen.text, /row 6\/60/);
  await screen.press(`kk${KEYS.down}${KEYS.down}${KEYS.down}`);
  assert.match(screen.text, /row 7\/60/);
  await screen.press("\x1b", "[B");
  assert.match(screen.text, /row 8\/60/);
  await screen.press("G");
  assert.match(screen.text, /row 60\/60/);
  await screen.press("g");
  assert.match(screen.text, /row 1\/60/);
});

Deno.test("a long list is walked from end to end, and every row is seen once", async () => {
  await using screen = await TestScreen.open({
    fill: ({ store }) => store.enqueue(many(1_500)).then(() => {}),
  });
  const seen = new Set<string>();
  const look = () => {
    for (const [id] of screen.text.matchAll(/n\d{5}/g)) seen.add(id);
  };
  look();
  for (let page = 0; page < 85; page++) {
    await screen.press(KEYS.pageDown);
    look();
  }
  assert.equal(seen.size, 1_500);
  assert.match(screen.text, /row 1500\/1500/);
  // Typed ahead, further than what had been read.
  await screen.press("\x1b[5~".repeat(40));
  assert.match(screen.text, /row 780\/1500/);
  await screen.press("G", "kkk");
  assert.match(screen.text, /row 1497\/1500/);
});

Deno.test("the cursor sticks to its message when mail comes in", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("jj");
  const before = screen.terminal.rows().findIndex((row) => row.startsWith("▸"));
  const line = screen.terminal.rows()[before];
  await screen.store.enqueue(many(14).map((one) => ({ ...one, createdAt: START })));
  await screen.shows(/\/21\b/);
  await screen.settled();
  const after = screen.terminal.rows().findIndex((row) => row.startsWith("▸"));
  assert.equal(screen.terminal.rows()[after], line);
  assert.equal(after, before);
  assert.match(screen.text, /▲ 14 new/);
  await screen.press("g");
  assert.doesNotMatch(screen.text, /▲/);
});

Deno.test("the first row is whatever comes first, and many arrivals are counted", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  const more = (n: number) =>
    many(n).map((one, i) => ({
      ...one,
      id: idOf(`z${n}x${String(i).padStart(4, "0")}`),
      createdAt: START,
    }));
  await screen.store.enqueue(more(3));
  await screen.shows(/▸ .*z3x000[^]*row 1\/10/);
  await screen.press("j");
  await screen.store.enqueue(more(300));
  await screen.shows(/▲ 300 new +row 302\/310/);
});

Deno.test("live refresh can be paused", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press(".");
  assert.match(screen.text, /STILL/);
  await screen.store.enqueue(many(1));
  await screen.shows(/STILL, changed/);
  assert.match(screen.text, /row 1\/7/);
  await screen.press(".");
  await screen.shows(/live .*\n[^]*\/8/);
});

Deno.test("views and filters narrow the list, and say what they cannot read", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("4");
  assert.match(screen.text, /\[4\]Failed[^]*2\/7/);
  await screen.press("/", "to:bob@acme.test", KEYS.enter);
  assert.match(screen.text, / {2}\/ to:bob@acme\.test +1\/7/);
  assert.match(screen.text, /▸ .*7kq3vd/);
  await screen.press("\\");
  assert.match(screen.text, /2\/7/);
  await screen.press("1", "/", "status:failed !subject:Invoice", KEYS.enter);
  assert.match(screen.text, /▸ .*m20xte/);
  assert.match(screen.text, /row 1\/1/);
  await screen.press("\\", "/", "age>10m !status:sent", KEYS.enter);
  assert.match(screen.text, /row 1\/2/);
  await screen.press("\\", "/", "status:faild", KEYS.enter);
  assert.match(screen.text, /Cannot use the status "faild"/);
  await screen.press(KEYS.backspace.repeat(2), "led", KEYS.enter);
  assert.match(screen.text, /row 1\/2/);
});

Deno.test("a filter line is completed, kept, and left again", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("/");
  assert.match(screen.text, /status: to: from: .*\n.* size><.*! negates\n \/\n Tab completes/);
  await screen.press("sta", "\t", "fa", "\t");
  assert.match(screen.text, /^ \/status:failed$/m);
  await screen.press("\x15status:s", "\t");
  assert.match(screen.text, /status:sending +status:sent +status:suppressed +status:scheduled/);
  await screen.press("\x15status:failed", KEYS.enter, "/", "\x15to:bob@acme.test", KEYS.enter);
  assert.match(screen.text, /row 1\/1/);
  await screen.press("/", "\x15half", "\x1b[A", "\x1b[A");
  assert.match(screen.text, /^ \/status:failed$/m);
  await screen.press("\x1b[B", "\x1b[B");
  assert.match(screen.text, /^ \/half$/m);
  await screen.press("\x1b[A", "\x1b[A", KEYS.enter);
  assert.match(screen.text, /row 1\/2/);
  // h is Esc: out of the filter.
  await screen.press("h");
  assert.match(screen.text, /row 1\/7/);
});

Deno.test("a message is found by the beginning of its id, with or without its field", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  for (const line of ["7kq3vd", "id:7kq", "7KQ3VD000000"]) {
    await screen.press("1", "\\", "/", line, KEYS.enter);
    assert.match(screen.text, /▸ .*7kq3vd[^]*row 1\/1/, line);
  }
});

Deno.test("recipients are counted by their fate, and a cut address keeps its domain", async () => {
  await using screen = await TestScreen.open({ columns: 64, rows: 12, fill: partlySent });
  assert.match(screen.text, /…\S*acme\.test \+49/);
  assert.match(screen.text, /44 ✓ 6 ✗/);
});

Deno.test("the list can be sorted by each thing, and turned round", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  await screen.press("S");
  assert.match(screen.text, /▸ .*5ent/);
  await screen.press("s");
  assert.match(screen.text, /by oldest[^]*▸ .*5ent/);
  await screen.press("sss");
  assert.match(screen.text, /Sorted by next[^]*|by next/);
  assert.match(screen.text, /▸ .*defer/);
});
