import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeFields,
  type DroppedFields,
  encodeFields,
  frameLine,
  lastLine,
  MAX_FIELDS_BYTES,
  readFrame,
} from "../../../src/store/drop/format.ts";
import { makeId } from "../../../src/queue/ids.ts";
import { PRIORITIES } from "../../../src/queue/message.ts";

const bytesOf = (value: unknown) =>
  new TextEncoder().encode(typeof value === "string" ? value : JSON.stringify(value));

const GOOD = {
  id: "0123456789ab",
  sender: "ann@example.org",
  recipients: ["bob@example.org"],
  priority: "normal",
  created_at: 1_800_000_000_000,
  send_at: null,
  expires_at: null,
  held: false,
  tags: [],
  key: null,
  dsn: null,
};

/** All but `changes`, which programs of before did not write. */
const REQUIRED = [
  "id",
  "sender",
  "recipients",
  "priority",
  "createdAt",
  "sendAt",
  "expiresAt",
  "isHeld",
  "tags",
  "key",
  "dsn",
] as const;

const line = fc.string({ unit: "grapheme", maxLength: 60 })
  .filter((text) => !/[\p{Cc}\p{Cs}]/u.test(text));
const time = fc.integer({ min: 0, max: 8.64e15 });
const fields: fc.Arbitrary<DroppedFields> = fc.record({
  id: fc.uint8Array({ minLength: 12, maxLength: 12 }).map(makeId),
  sender: line,
  recipients: fc.array(line, { minLength: 1, maxLength: 5 }),
  priority: fc.constantFrom(...PRIORITIES),
  createdAt: time,
  sendAt: fc.option(time),
  expiresAt: fc.option(time),
  isHeld: fc.boolean(),
  tags: fc.array(line.filter((tag) => tag !== ""), { maxLength: 5 }),
  key: fc.option(line.filter((key) => key !== "")),
  dsn: fc.constant(null),
  changes: fc.array(line, { minLength: 1, maxLength: 5 }),
}, { noNullPrototype: true, requiredKeys: [...REQUIRED] });

Deno.test("decodeFields: reads what encodeFields wrote", () => {
  fc.assert(fc.property(fields, (message) => {
    assert.deepEqual(decodeFields(encodeFields(message)), message);
  }));
});

Deno.test("decodeFields: reads what is asked of notifications", () => {
  const message: DroppedFields = {
    ...decodeFields(bytesOf(GOOD)),
    recipients: ["a@example.org", "b@example.org"],
    dsn: {
      ret: "headers",
      envid: "QQ314159",
      recipients: [{ notify: ["success", "delay"], orcpt: "rfc822;c@example.org" }, null],
    },
  };
  assert.deepEqual(decodeFields(encodeFields(message)), message);
});

const WRONG: readonly (readonly [what: string, value: unknown])[] = [
  ["no JSON", "{"],
  ["bytes that are no UTF-8", "\ud800"],
  ["a list", []],
  ["a text", JSON.stringify("id")],
  ["a field less", { ...GOOD, dsn: undefined }],
  ["a field more", { ...GOOD, submitter: "root" }],
  ["a prototype", `{"__proto__":{},${JSON.stringify(GOOD).slice(1)}`],
  ["an id that is none", { ...GOOD, id: "0123456789al" }],
  ["an id in capitals", { ...GOOD, id: "0123456789AB" }],
  ["a part of an id", { ...GOOD, id: "0123" }],
  ["no recipients", { ...GOOD, recipients: [] }],
  ["too many recipients", { ...GOOD, recipients: Array(10_001).fill("a@b.test") }],
  ["recipients that are no texts", { ...GOOD, recipients: [1] }],
  ["a recipient with a line end", { ...GOOD, recipients: ["a@example.org\r\nRCPT TO:<b@c.d>"] }],
  ["a recipient with a NUL", { ...GOOD, recipients: ["a\0@example.org"] }],
  ["a recipient with half a character", { ...GOOD, recipients: ["\ud800@example.org"] }],
  ["a recipient without end", { ...GOOD, recipients: ["a".repeat(1_001)] }],
  ["a sender with a line end", { ...GOOD, sender: "a@example.org\n" }],
  ["a sender that is null", { ...GOOD, sender: null }],
  ["a priority nobody has", { ...GOOD, priority: "urgent" }],
  ["a time before 1970", { ...GOOD, created_at: -1 }],
  ["a time that is no number", { ...GOOD, send_at: "tomorrow" }],
  ["a time beyond all", { ...GOOD, expires_at: 9e15 }],
  ["half a millisecond", { ...GOOD, created_at: 0.5 }],
  ["a flag that is no flag", { ...GOOD, held: 1 }],
  ["an empty tag", { ...GOOD, tags: [""] }],
  ["too many tags", { ...GOOD, tags: Array.from({ length: 101 }, (_, i) => `t${i}`) }],
  ["an empty key", { ...GOOD, key: "" }],
  ["notifications for others", { ...GOOD, dsn: { ret: null, envid: null, recipients: [] } }],
  ["notifications nobody knows", {
    ...GOOD,
    dsn: { ret: null, envid: null, recipients: [{ notify: ["always"], orcpt: null }] },
  }],
  ["deep nesting", "[".repeat(100_000)],
];

for (const [what, value] of WRONG) {
  Deno.test(`decodeFields: refuses ${what}`, () => {
    assert.throws(() => decodeFields(bytesOf(value)), { code: "bad_message", exit: 65 });
  });
}

Deno.test("decodeFields: refuses more than an envelope can have", () => {
  const large = new Uint8Array(MAX_FIELDS_BYTES + 1).fill(32);
  assert.throws(() => decodeFields(large), { code: "bad_message" });
});

Deno.test("encodeFields: refuses at once what would be refused on import", () => {
  const message = { ...decodeFields(bytesOf(GOOD)), key: "two\nlines" };
  assert.throws(() => encodeFields(message), { code: "bad_message" });
});

Deno.test("readFrame: reads frames and the last line, and nothing else", () => {
  fc.assert(fc.property(fc.nat(), fc.nat(), (one, two) => {
    assert.deepEqual(readFrame(frameLine(one, two)), { fieldsBytes: one, contentBytes: two });
    assert.deepEqual(readFrame(lastLine(one)), { messages: one });
  }));
  fc.assert(fc.property(fc.string({ maxLength: 60 }), (text) => {
    assert.throws(() => readFrame(text), { code: "bad_message" });
  }));
});
