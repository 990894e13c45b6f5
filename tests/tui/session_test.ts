import assert from "node:assert/strict";
import { MailqError } from "../../src/queue/errors.ts";
import type { Data } from "../../src/tui/data/data.ts";
import { readyMeasure } from "../../src/tui/measure.ts";
import { Session } from "../../src/tui/session.tsx";
import { FakeTerminal } from "./fake_terminal.ts";
import { fillQueue, NO_SETTINGS, NO_TUI, TestScreen } from "./screen.ts";

/** The terminal is as it was before. */
function isSane(terminal: FakeTerminal): void {
  assert.equal(terminal.isRaw, false);
  assert.equal(terminal.isAlternate, false);
  assert.equal(terminal.hasAutowrap, true);
  assert.ok(terminal.written.endsWith("\x1b[?25h\x1b[?1049l"));
}

Deno.test("the screen takes the terminal and puts it back", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  assert.equal(screen.terminal.isRaw, true);
  assert.equal(screen.terminal.isAlternate, true);
  assert.equal(screen.terminal.hasAutowrap, false);
  screen.terminal.type("q");
  await screen.ended;
  await screen.terminal.shown();
  assert.equal(screen.failure, null);
  isSane(screen.terminal);
});

for (const signal of ["SIGTERM", "SIGHUP", "SIGINT"]) {
  Deno.test(`${signal} ends the screen and puts the terminal back`, async () => {
    await using screen = await TestScreen.open({ fill: fillQueue });
    screen.terminal.signal(signal);
    await screen.ended;
    await screen.terminal.shown();
    assert.equal(screen.failure, null);
    isSane(screen.terminal);
  });
}

Deno.test("a terminal that is hung up ends the screen", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  screen.terminal.hangUp();
  await screen.ended;
  assert.equal(screen.failure, null);
});

Deno.test("Ctrl-Z gives the terminal back, stops, and draws all anew when it goes on", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  const before = screen.text;
  screen.terminal.type("\x1a");
  await screen.shows(/^\n*$/);
  isSane(screen.terminal);
  assert.equal(screen.terminal.stops, 1);
  screen.terminal.signal("SIGCONT");
  await screen.shows(/▸/);
  assert.equal(screen.text, before);
  assert.equal(screen.terminal.isRaw, true);
});

Deno.test("Ctrl-L draws the screen anew", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  const before = screen.text;
  screen.terminal.write("\x1b[2J\x1b[Hrubbish of another program");
  await screen.terminal.shown();
  assert.match(screen.text, /rubbish/);
  await screen.press("\x0c");
  assert.equal(screen.text, before);
});

Deno.test("a resize fills the new screen, and only that", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  for (const [columns, rows] of [[140, 40], [60, 12], [59, 12], [300, 80], [80, 24]] as const) {
    screen.terminal.resize(columns, rows);
    await screen.settled();
    const lines = screen.terminal.rows();
    assert.equal(lines.length, rows);
    if (columns < 60) assert.match(screen.text, /mailq needs 60x12\nthis is 59x12/);
    else assert.match(lines.at(-1) ?? "", /q quit/);
  }
});

Deno.test("a rejection that nobody catches ends the screen with the terminal put back", async () => {
  await using screen = await TestScreen.open({ fill: fillQueue });
  void Promise.reject(new Error("nobody caught this"));
  await screen.ended;
  await screen.terminal.shown();
  assert.match(String(screen.failure), /nobody caught this/);
  isSane(screen.terminal);
});

Deno.test("a queue that cannot be read ends the screen, one that is busy does not", async () => {
  await readyMeasure();
  for (const code of ["busy", "queue_corrupt"] as const) {
    const terminal = new FakeTerminal(80, 24);
    const fail = () => Promise.reject(new MailqError(code, `The queue is ${code}`));
    const session = new Session({
      data: brokenData(fail),
      terminal,
      queue: "q.db",
      isReadonly: false,
      isColoured: true,
      maxTries: null,
      settings: NO_SETTINGS,
      entries: [],
      program: { words: [], env: {} },
      tui: NO_TUI,
      pager: "cat",
      now: () => 0,
      readEnvelope: fail,
    });
    const running = session.run();
    if (code === "busy") {
      while (!terminal.rows().join().includes("The queue is busy")) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        await terminal.shown();
      }
      terminal.type("q");
      await running;
    } else await assert.rejects(running, { code });
    await terminal.shown();
    isSane(terminal);
  }
});

function brokenData(fail: () => Promise<never>): Data {
  return {
    window: fail,
    count: fail,
    status: fail,
    view: fail,
    undo: fail,
    rateUses: fail,
    detail: fail,
    content: fail,
    attachment: fail,
    async *raw() {
      yield await fail();
    },
    act: fail,
    resendChanged: fail,
    change: fail,
    exportTo: fail,
    changed: (signal) =>
      new Promise((resolve) => signal.addEventListener("abort", () => resolve("changed"))),
    close: () => Promise.resolve(),
  };
}
