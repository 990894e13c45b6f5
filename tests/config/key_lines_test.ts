import assert from "node:assert/strict";
import fc from "fast-check";
import { findKeyLines } from "../../src/config/key_lines.ts";

Deno.test("findKeyLines: finds keys, tables and arrays of tables", () => {
  const text = [
    "# retry.max = 1",
    'queue = "/q" # [relay.x]',
    "retry.max = 3",
    "",
    "[ relay . 'main' ]",
    '  url = "smtp://h"',
    'tls."mode" = "off"',
    "[[route]]\r",
    'relays = ["a",',
    '  "b"]',
    "[[route]]",
    "sender = '''",
    "recipient = no",
    "''' # end",
    'recipient = """ one line """',
    'relays = [ "a" ]',
    "[on]",
    'sent = "say \\"\\"\\" x" # """',
    "failed = 'x'",
  ].join("\n");
  assert.deepEqual([...findKeyLines(text)], [
    ["queue", 2],
    ["retry.max", 3],
    ["relay.main", 5],
    ["relay.main.url", 6],
    ["relay.main.tls.mode", 7],
    ["route", 8],
    ["route.0", 8],
    ["route.0.relays", 9],
    ["route.1", 11],
    ["route.1.sender", 12],
    ["route.1.recipient", 15],
    ["route.1.relays", 16],
    ["on", 17],
    ["on.sent", 18],
    ["on.failed", 19],
  ]);
});

Deno.test("findKeyLines: takes any text", () => {
  const part = fc.constantFrom("[", "]", '"', "'", '"""', "'''", "=", ".", "a", "#", "\n", "\\");
  fc.assert(fc.property(fc.array(part, { maxLength: 60 }), (parts) => {
    const text = parts.join("");
    const count = text.split("\n").length;
    for (const line of findKeyLines(text).values()) assert.ok(line >= 1 && line <= count);
  }));
});
