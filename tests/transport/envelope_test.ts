import assert from "node:assert/strict";
import fc from "fast-check";
import { addressFault, isUnicode } from "../../src/transport/envelope.ts";

const USABLE = [
  "a@example.com",
  "root",
  "a+b=c/d@example.com",
  '"a b"@example.com',
  '"a>b<c"@example.com',
  '"a\\"b\\\\c"@example.com',
  "user@[IPv6:::1]",
  "jörg@example.com",
  "o'brien@example.com",
];
const UNUSABLE = [
  "",
  "a\r\nRCPT TO:<b@example.com>",
  "a\r@example.com",
  "a\n@example.com",
  "a\0@example.com",
  "a\t@example.com",
  "a\x7f@example.com",
  "a b@example.com",
  "a>@example.com",
  "<a@example.com>",
  "a@example.com> SIZE=1",
  '"a b@example.com',
  '"a\\"@example.com b',
  '"a\r\nb"@example.com',
  '"a\\\nb"@example.com',
  '"a"@exam ple.com',
  'a" >"@example.com',
];

Deno.test("addressFault: addresses that can stand in an envelope", () => {
  for (const address of USABLE) assert.equal(addressFault(address), null, address);
});

Deno.test("addressFault: what could end the path or the line is refused", () => {
  for (const address of UNUSABLE) assert.ok(addressFault(address), JSON.stringify(address));
});

Deno.test("addressFault: quotes the address in one line", () => {
  const fault = addressFault("a\r\nb@example.com") ?? "";
  assert.match(fault, /"a\\r\\nb@example\.com"/);
  assert.doesNotMatch(fault, /[\r\n]/);
});

Deno.test("addressFault: no usable address has a control character", () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab"\\<> @.\r\n\0\x7f') });
  fc.assert(fc.property(text, (address) => {
    // deno-lint-ignore no-control-regex
    if (addressFault(address) === null) assert.doesNotMatch(address, /[\x00-\x1f\x7f]/);
  }));
});

Deno.test("isUnicode: only what is outside ASCII", () => {
  assert.equal(isUnicode("a@example.com"), false);
  assert.equal(isUnicode("\x7f"), false);
  assert.equal(isUnicode("é@example.com"), true);
  assert.equal(isUnicode("a@例え.jp"), true);
});
