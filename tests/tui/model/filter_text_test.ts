import assert from "node:assert/strict";
import fc from "fast-check";
import { MailqError } from "../../../src/queue/errors.ts";
import type { Filter } from "../../../src/queue/filter.ts";
import {
  isOnlyStatuses,
  parseFilter,
  toStoreFilter,
} from "../../../src/tui/model/list/filter_text.ts";

const NOW = 1_000_000_000;
const HOUR = 3_600_000;

const CASES: readonly (readonly [text: string, filter: Filter])[] = [
  ["", {}],
  ["status:failed", { statuses: ["failed"] }],
  ["status:failed,held", { statuses: ["held", "failed"] }],
  ["STATUS:Failed", { statuses: ["failed"] }],
  ["status:failed status:sent", { statuses: [] }],
  [
    "!status:sent,failed,partial,cancelled",
    { statuses: ["queued", "sending", "deferred", "held", "suppressed"] },
  ],
  ["to:bob@acme.test", { and: [{ to: "bob@acme.test" }] }],
  ["to:a to:b", { and: [{ to: "a" }, { to: "b" }] }],
  ["from:@acme.test tag:news", { and: [{ from: "@acme.test" }, { tags: ["news"] }] }],
  ['subject:"two words" err:550', { and: [{ subject: "two words" }, { error: "550" }] }],
  ['subject:"no end', { and: [{ subject: "no end" }] }],
  ["!to:bob", { not: [{ to: "bob" }] }],
  ["!tag:a !secret", { not: [{ tags: ["a"] }, { search: "secret" }] }],
  ["invoice 2026", { search: "invoice 2026" }],
  ["invoice !to:x status:sent", { statuses: ["sent"], search: "invoice", not: [{ to: "x" }] }],
  ["age>2h", { createdUntil: NOW - 2 * HOUR }],
  ["age<1d age<2h", { createdSince: NOW - 2 * HOUR }],
  ["!age>2h", { createdSince: NOW - 2 * HOUR }],
  ["https://example.org/a?b=c", { search: "https://example.org/a?b=c" }],
  ["bob@acme.test", { search: "bob@acme.test" }],
];

for (const [text, filter] of CASES) {
  Deno.test(`the filter line "${text}" means the right filter`, () => {
    assert.deepEqual(toStoreFilter(parseFilter(text), null, NOW), filter);
  });
}

Deno.test("a view's statuses hold where the line names none", () => {
  assert.deepEqual(toStoreFilter(parseFilter("x"), ["held"], NOW), {
    statuses: ["held"],
    search: "x",
  });
  assert.deepEqual(toStoreFilter(parseFilter("status:sent"), ["held"], NOW), {
    statuses: ["sent"],
  });
});

for (
  const [text, complaint] of [
    ["status:faild", /"faild": expected one of queued sending/],
    ["age>soon", /"soon"/],
    ["age:2h", /"age:"/],
    ["colour:red", /"colour:": expected status: to:/],
    ["to:", /"to:": expected a value/],
    ["!", /negate nothing/],
  ] as const
) {
  Deno.test(`the filter line "${text}" is refused with what would be right`, () => {
    assert.throws(() => parseFilter(text), (error) => {
      assert.ok(error instanceof MailqError);
      assert.equal(error.code, "usage");
      assert.match(error.message, complaint);
      return true;
    });
  });
}

Deno.test("whatever is typed is read or refused in words", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
      try {
        toStoreFilter(parseFilter(text), null, NOW);
      } catch (error) {
        assert.ok(error instanceof MailqError);
      }
    }),
  );
});

Deno.test("only statuses are counted by the queue itself", () => {
  assert.ok(isOnlyStatuses(parseFilter("status:sent !status:held")));
  assert.ok(!isOnlyStatuses(parseFilter("status:sent x")));
  assert.ok(!isOnlyStatuses(parseFilter("age>1h")));
});
