import assert from "node:assert/strict";
import { base64Bytes, base64Text, hexText, joinBytes } from "../../src/system/bytes.ts";

const bytes = (...values: number[]) => new Uint8Array(values);

Deno.test("joinBytes makes a new array of all parts in their order", () => {
  const part = bytes(2, 3);
  const joined = joinBytes([bytes(1), bytes(), part, bytes(4)]);
  assert.deepEqual(joined, bytes(1, 2, 3, 4));
  part[0] = 9;
  assert.deepEqual(joined, bytes(1, 2, 3, 4));
  assert.deepEqual(joinBytes([]), bytes());
});

Deno.test("hexText writes two digits a byte", () => {
  assert.equal(hexText(bytes(0, 15, 16, 255)), "000f10ff");
});

Deno.test("base64 there and back, for each length and byte", () => {
  const all = Uint8Array.from({ length: 256 }, (_, value) => value);
  for (let length = 0; length <= 256; length++) {
    const some = all.subarray(0, length);
    const text = base64Text(some);
    assert.equal(text, some.toBase64?.() ?? text);
    assert.deepEqual(base64Bytes(text), some);
  }
  assert.equal(
    base64Text(new TextEncoder().encode("any carnal pleas")),
    "YW55IGNhcm5hbCBwbGVhcw==",
  );
});

Deno.test("base64Bytes leaves out white space and refuses what is none", () => {
  assert.deepEqual(base64Bytes(" AQ\r\nID "), bytes(1, 2, 3));
  for (const text of ["A", "AQ=", "A*ID", "AQID="]) assert.equal(base64Bytes(text), null, text);
});
