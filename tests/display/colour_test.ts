import assert from "node:assert/strict";
import { formatState, paint, STATE_LOOKS } from "../../src/display/colour.ts";
import { MESSAGE_STATUSES, RECIPIENT_STATES } from "../../src/queue/state.ts";

Deno.test("paint: colours only where colours are on", () => {
  assert.equal(paint("x", "red", { usesColor: true }), "\x1b[31mx\x1b[0m");
  assert.equal(paint("x", "red", { usesColor: false }), "x");
  assert.equal(paint("", "red", { usesColor: true }), "");
});

Deno.test("formatState: says the state with a glyph and a word", () => {
  assert.equal(formatState("failed", { usesColor: false }), "✗ failed");
  assert.equal(formatState("sent", { usesColor: true }), "\x1b[32m✓ sent\x1b[0m");
});

Deno.test("STATE_LOOKS: no two states share a glyph", () => {
  const states = new Set([...MESSAGE_STATUSES, ...RECIPIENT_STATES]);
  assert.equal(new Set(Object.values(STATE_LOOKS).map(({ glyph }) => glyph)).size, states.size);
});
