import assert from "node:assert/strict";
import fc from "fast-check";
import { bareNames, qualified } from "../../../src/intake/header/qualify.ts";

function qualify(value: string): string {
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  const changed = qualified(bytes, { start: 0, end: bytes.length }, (name) => `${name}@h.test`);
  return String.fromCharCode(...(changed ?? bytes));
}

for (
  const [value, wanted] of [
    [" root (Cron Daemon)", " root@h.test (Cron Daemon)"],
    [" root", " root@h.test"],
    [" Cron Daemon <root>", " Cron Daemon <root@h.test>"],
    [' "Cron, Daemon" < root >', ' "Cron, Daemon" < root@h.test >'],
    [" a, b@c.test,\r\n d", " a@h.test, b@c.test,\r\n d@h.test"],
    [" group: a, b@c.test; e", " group: a@h.test, b@c.test; e@h.test"],
    [" (a (nested) comment) root", " (a (nested) comment) root@h.test"],
    [" undisclosed-recipients:;", " undisclosed-recipients:;"],
    [" Joe Bloggs", " Joe Bloggs"],
    [" root@h2.test", " root@h2.test"],
    [' "root"', ' "root"'],
    [" J\xf6rg <joerg>", " J\xf6rg <joerg@h.test>"],
    [" <>", " <>"],
    [" ", " "],
    [" <root", " <root"],
  ] as const
) {
  Deno.test(`qualify: ${JSON.stringify(value)}`, () => assert.equal(qualify(value), wanted));
}

Deno.test("qualify: whatever the bytes, it ends, and changes nothing but bare names", () => {
  const character = fc.constantFrom(...'ab@<>(),:;"\\ \t\r\n.\xe9');
  fc.assert(fc.property(fc.array(character, { maxLength: 60 }), (characters) => {
    const value = characters.join("");
    const bytes = Uint8Array.from(value, (one) => one.charCodeAt(0));
    let from = 0, wanted = "";
    for (const { name, start, end } of bareNames(bytes, 0, bytes.length)) {
      assert.equal(value.slice(start, end), name);
      wanted += `${value.slice(from, end)}@h.test`;
      from = end;
    }
    assert.equal(qualify(value), wanted + value.slice(from));
  }));
});
