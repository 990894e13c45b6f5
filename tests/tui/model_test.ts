import assert from "node:assert/strict";
import fc from "fast-check";
import type { MessageSummary } from "../../src/queue/message.ts";
import type { Window as Rows } from "./windows.ts";
import { windowOf } from "./windows.ts";
import type { Effect, Event } from "../../src/tui/model/events.ts";
import { refreshList } from "../../src/tui/model/list/window.ts";
import { currentRow, initialState, type State } from "../../src/tui/model/state.ts";
import { Keys } from "../../src/tui/keys/keys.ts";
import { update } from "../../src/tui/model/update.ts";

/** The model with a queue of rows behind it that answers at once, or when it is told to. */
class Bench {
  state: State = initialState({
    size: { columns: 80, rows: 24 },
    queue: "q.db",
    isReadonly: false,
    maxTries: null,
    now: 1_000,
    settings: { relays: [], routes: [], ratePerDomain: null },
    entries: [],
    keys: new Keys(),
  });
  #asked: Effect[] = [];

  constructor(public rows: Rows) {
    const begun = refreshList(this.state);
    this.state = begun.state;
    this.#asked.push(...begun.effects);
    this.answer();
  }

  tell(event: Event): void {
    const { state, effects } = update(this.state, event, 1_000);
    this.state = state;
    this.#asked.push(...effects);
  }

  press(...names: string[]): void {
    for (const name of names) {
      this.tell({ kind: "key", key: { name, text: name.length === 1 ? name : null } });
    }
  }

  /** Answers what was asked about the listing. */
  answer(): void {
    for (let effect = this.#asked.shift(); effect !== undefined; effect = this.#asked.shift()) {
      if (effect.kind !== "window") continue;
      const { generation, request } = effect;
      this.tell({ kind: "window", generation, window: windowOf(this.rows, request) });
    }
  }

  current(): MessageSummary | null {
    return currentRow(this.state.list);
  }
}

const rows = (count: number) => Array.from({ length: count }, (_, i) => `row${i}`);

Deno.test("the cursor goes as far as it was told, whatever has been read so far", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ by: fc.integer({ min: -400, max: 400 }), isAnswered: fc.boolean() }),
        { maxLength: 12 },
      ),
      (moves) => {
        const bench = new Bench(rows(6_000));
        let place = 0;
        for (const { by: wanted, isAnswered } of moves) {
          const by = Math.max(-place, wanted);
          for (let i = 0; i < Math.abs(by); i++) bench.press(by > 0 ? "j" : "k");
          if (isAnswered) bench.answer();
          place += by;
        }
        bench.answer();
        assert.equal(bench.current()?.id, `row${place}`);
      },
    ),
    { numRuns: 60 },
  );
});

Deno.test("the cursor sticks to its message, or to the place where it was", () => {
  fc.assert(
    fc.property(
      // On the first row it stays on whatever comes first.
      fc.integer({ min: 1, max: 99 }),
      fc.array(fc.nat(99), { maxLength: 30 }),
      fc.nat(20),
      (at, gone, added) => {
        const bench = new Bench(rows(100));
        for (let i = 0; i < at; i++) bench.press("j");
        const lost = new Set(gone.map((n) => `row${n}`));
        const left = rows(100).filter((id) => !lost.has(id));
        bench.rows = [...Array.from({ length: added }, (_, i) => `new${i}`), ...left];
        bench.tell({ kind: "changed", change: "changed" });
        bench.answer();
        const all = rows(100);
        const expected = [...all.slice(at), ...all.slice(0, at).reverse()]
          .find((id) => !lost.has(id));
        if (expected !== undefined) assert.equal(bench.current()?.id, expected);
      },
    ),
    { numRuns: 100 },
  );
});

Deno.test("answers to earlier questions are not shown", () => {
  const bench = new Bench(rows(10));
  const window = windowOf(["wrong"], {
    filter: {},
    sort: "newest",
    isReversed: false,
    anchor: "top",
    before: 10,
    after: 10,
  });
  bench.press("4");
  bench.tell({ kind: "window", generation: bench.state.list.generation - 1, window });
  assert.equal(bench.current(), null);
  bench.answer();
  assert.equal(bench.current()?.id, "row0");
});

Deno.test("a range marks what lies between its ends, wherever the cursor has been", () => {
  fc.assert(
    fc.property(fc.nat(50), fc.array(fc.integer({ min: -20, max: 20 })), (from, moves) => {
      const bench = new Bench(rows(60));
      for (let i = 0; i < from; i++) bench.press("j");
      bench.press("v");
      for (const by of moves) {
        for (let i = 0; i < Math.abs(by); i++) bench.press(by > 0 ? "j" : "k");
        bench.answer();
      }
      const to = bench.state.list.cursor;
      const expected = rows(60).slice(Math.min(from, to), Math.max(from, to) + 1);
      assert.deepEqual([...bench.state.list.marks.keys()].sort(), expected.sort());
    }),
    { numRuns: 100 },
  );
});

Deno.test("no row of keys breaks the model", () => {
  const keys = [
    ..."jkgGhlqrRpxDsSowyue*v:?.n1234569|/[]\\JK",
    ..."Enter Esc Tab Space Down Up PgDn PgUp Ctrl-d Ctrl-u Ctrl-l Backspace".split(" "),
  ];
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...keys), { maxLength: 80 }), (pressed) => {
      const bench = new Bench(rows(300));
      for (const key of pressed) {
        bench.press(key);
        bench.answer();
      }
      const { cursor, top, rows: read } = bench.state.list;
      assert.ok(top <= cursor && cursor < Math.max(1, read.length));
    }),
    { numRuns: 150 },
  );
});
