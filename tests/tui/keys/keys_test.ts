import assert from "node:assert/strict";
import fc from "fast-check";
import { KeyDecoder, type KeyPress } from "../../../src/tui/terminal/key_decoder.ts";
import { viewOf } from "../../../src/tui/views/views.ts";
import { isViewCommand, Keys } from "../../../src/tui/keys/keys.ts";
import { ANYWHERE } from "../../../src/tui/keys/places.ts";
import { editText, textInput } from "../../../src/tui/keys/text_input.ts";

const encoder = new TextEncoder();
const KEYS = new Keys();

function decoded(...pieces: string[]): string[] {
  const decoder = new KeyDecoder();
  return pieces.flatMap((piece) => decoder.push(encoder.encode(piece))).map(({ name }) => name);
}

Deno.test("no key means two things in one place", () => {
  for (const context of ANYWHERE) {
    const keys = KEYS.in(context, { isReadonly: false }).flatMap(({ keys }) => keys);
    assert.deepEqual([...new Set(keys)], keys);
    for (const key of keys) assert.ok(KEYS.at(key, context)?.keys.includes(key));
  }
});

Deno.test("every view has the commands that the table gives it", () => {
  for (const binding of KEYS.bindings) {
    if (!isViewCommand(binding.id)) continue;
    for (const place of binding.contexts) {
      assert.ok(place !== "list" && place !== "detail");
      assert.ok(viewOf(place).commands?.[binding.id], `${place} has no ${binding.name}`);
    }
  }
});

Deno.test("every key of the table can be typed", () => {
  const typed: Readonly<Record<string, string>> = {
    Enter: "\r",
    Esc: "\x1b",
    Tab: "\t",
    Space: " ",
    Up: "\x1b[A",
    Down: "\x1b[B",
    Right: "\x1b[C",
    Left: "\x1b[D",
    Home: "\x1b[H",
    End: "\x1b[F",
    PgUp: "\x1b[5~",
    PgDn: "\x1b[6~",
    "Shift-Tab": "\x1b[Z",
    F1: "\x1bOP",
  };
  for (const key of KEYS.bindings.flatMap(({ keys }) => keys)) {
    const control = /^Ctrl-(.)$/.exec(key)?.[1];
    const bytes = control === undefined
      ? typed[key] ?? key
      : String.fromCharCode(control.charCodeAt(0) - 96);
    const decoder = new KeyDecoder();
    const found = [...decoder.push(encoder.encode(bytes)), ...decoder.flush()];
    assert.deepEqual(found.map(({ name }) => name), [key]);
  }
});

Deno.test("names are unique, and what changes the queue is marked so", () => {
  const names = KEYS.bindings.map(({ name }) => name);
  assert.deepEqual([...new Set(names)], names);
  const actions = KEYS.bindings.filter(({ isAction }) => isAction === true).map(({ id }) => id)
    .sort();
  assert.deepEqual(actions, [
    "add_suppression",
    "cancel",
    "delete",
    "hold",
    "import_suppressions",
    "pause_part",
    "pause_queue",
    "purge",
    "remove_suppression",
    "resend",
    "resend_changed",
    "resume_part",
    "resume_queue",
    "retry",
    "send",
    "send_all",
    "undo",
  ]);
  assert.deepEqual(
    KEYS.in("list", { isReadonly: true }).filter(({ isAction }) => isAction === true),
    [],
  );
});

Deno.test("keys typed ahead come one by one", () => {
  assert.deepEqual(decoded("jj\x1b[Bk\x04"), ["j", "j", "Down", "k", "Ctrl-d"]);
  assert.deepEqual(decoded("é漢👍"), ["é", "漢", "👍"]);
  assert.deepEqual(decoded("\x1bOA\x1b[1;5C\x1b[99z"), ["Up", "Right", "Unknown"]);
});

Deno.test("keys are the same however their bytes are cut", () => {
  const text = "a\x1b[Aé\x1b[5~👍\x1b[200~pasted\x1b[B\n\x1b[201~\x1bOBz";
  const bytes = encoder.encode(text);
  const whole = new KeyDecoder().push(bytes);
  assert.equal(whole.at(-3)?.text, "pasted\x1b[B\n");
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 }),
      (cuts) => {
        const decoder = new KeyDecoder();
        const at = [0, ...cuts.toSorted((a, b) => a - b), bytes.length];
        const keys = at.slice(1).flatMap((end, i) => decoder.push(bytes.slice(at[i], end)));
        assert.deepEqual(keys, whole);
      },
    ),
  );
});

Deno.test("a lone Escape waits for what may follow, and is itself if nothing does", () => {
  const decoder = new KeyDecoder();
  assert.deepEqual(decoder.push(encoder.encode("\x1b")), []);
  assert.ok(decoder.isWaiting);
  assert.deepEqual(decoder.flush(), [{ name: "Esc", text: null }]);
  assert.ok(!decoder.isWaiting);
});

Deno.test("whatever bytes come, decoding ends, and nothing is left after a flush", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 5 }), (pieces) => {
      const decoder = new KeyDecoder();
      const keys: KeyPress[] = pieces.flatMap((piece) => decoder.push(piece));
      keys.push(...decoder.flush());
      assert.ok(!decoder.isWaiting);
      // A control is no text but in a paste.
      for (const { name, text } of keys) {
        if (name !== "Paste" && text !== null) assert.match(text, /^\P{Cc}$/u);
      }
    }),
  );
});

Deno.test("a control above ASCII is no text", () => {
  assert.deepEqual(new KeyDecoder().push(new Uint8Array([0xc2, 0x80])), [
    { name: "Unknown", text: null },
  ]);
});

Deno.test("a text field takes text, pastes and editing keys", () => {
  const type = (...keys: (string | { paste: string })[]) =>
    keys.reduce((input, key) => {
      const press = typeof key === "string"
        ? { name: key, text: key.length === 1 ? key : null }
        : { name: "Paste", text: key.paste };
      return editText(input, press) ?? input;
    }, textInput("ab"));
  assert.deepEqual(type("c"), { text: "abc", at: 3 });
  assert.deepEqual(type("Left", "x"), { text: "axb", at: 2 });
  assert.deepEqual(type("Home", "Delete", "End", "z"), { text: "bz", at: 2 });
  assert.deepEqual(type({ paste: " one\r\ntwo\x1b[2J " }), { text: "ab one two[2J ", at: 14 });
  assert.deepEqual(type({ paste: " c d" }, "Ctrl-w", "Ctrl-w"), { text: "ab ", at: 3 });
  assert.deepEqual(type("Ctrl-u"), { text: "", at: 0 });
  assert.deepEqual(type("Left", "Ctrl-k"), { text: "a", at: 1 });
  assert.deepEqual(type({ paste: "👩‍👩‍👧" }, "Backspace"), { text: "ab", at: 2 });
  assert.equal(editText(textInput("a"), { name: "Up", text: null }), null);
});
