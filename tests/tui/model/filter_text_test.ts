import assert from "node:assert/strict";
import fc from "fast-check";
import { MailqError } from "../../../src/queue/errors.ts";
import type { ScreenFilter } from "../../../src/tui/data/data.ts";
import { completeFilter, filterHint } from "../../../src/tui/model/list/filter_fields.ts";
import {
  isOnlyStatuses,
  parseFilter,
  toStoreFilter,
} from "../../../src/tui/model/list/filter_text.ts";

const NOW = 1_000_000_000;
const HOUR = 3_600_000;
const ANY = { statuses: null };

const CASES: readonly (readonly [text: string, filter: ScreenFilter])[] = [
  ["", {}],
  ["status:failed", { statuses: ["failed"] }],
  ["status:failed,held", { statuses: ["held", "failed"] }],
  ["STATUS:Failed", { statuses: ["failed"] }],
  ["status:failed status:sent", { statuses: [] }],
  ["status:queued,scheduled", { statuses: ["queued"] }],
  ["status:queued,sent", { statuses: ["queued", "sent"], not: [{ scheduledAfter: NOW }] }],
  ["status:scheduled", { statuses: ["queued"], scheduledAfter: NOW }],
  ["status:sent,scheduled", {
    statuses: ["sent", "queued"],
    not: [{ statuses: ["queued"], dueAt: NOW }],
  }],
  ["status:uncertain", { isUncertain: true }],
  ["status:sent,uncertain", {
    and: [{
      not: [{
        not: [{ statuses: ["sent"] }, { isUncertain: true }],
      }],
    }],
  }],
  ["relay:bulk key:inv", { and: [{ relay: "bulk" }, { key: "inv" }] }],
  ["priority:now,high", { and: [{ priorities: ["now", "high"] }] }],
  ["size>20k !size>1M", { and: [{ largerThan: 20_480 }], not: [{ largerThan: 1_048_576 }] }],
  ["size<500", { and: [{ smallerThan: 500 }] }],
  ["problem:48213", { and: [{ problem: 48_213 }] }],
  ["id:7KQ3", { and: [{ idPrefix: "7kq3" }] }],
  // It looks like an id, and may be a word all the same.
  ["7kq3vd", { and: [{ not: [{ not: [{ idPrefix: "7kq3vd" }, { search: "7kq3vd" }] }] }] }],
  [
    "!status:sent,failed,partial,cancelled,uncertain",
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
    assert.deepEqual(toStoreFilter(parseFilter(text), ANY, NOW), filter);
  });
}

Deno.test("a view's statuses hold where the line names none", () => {
  assert.deepEqual(toStoreFilter(parseFilter("x"), { statuses: ["held"] }, NOW), {
    statuses: ["held"],
    search: "x",
  });
  assert.deepEqual(toStoreFilter(parseFilter("status:sent"), { statuses: ["held"] }, NOW), {
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
    ["status:nosuch", /expected one of .* scheduled uncertain/],
    ["size>big", /the size "big": expected such as/],
    ["size:5", /Cannot use "size:"/],
    ["problem:x", /the problem "x"/],
    ["priority:urgent", /the priority "urgent": expected one of now high/],
    ["id:!!!", /the id/],
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
        toStoreFilter(parseFilter(text), ANY, NOW);
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

Deno.test("what is due is what may be sent now, without what is scheduled for later", () => {
  assert.deepEqual(toStoreFilter(parseFilter("to:x"), { statuses: null, isDue: true }, NOW), {
    statuses: ["queued", "sending", "deferred"],
    dueAt: NOW,
    and: [{ to: "x" }],
  });
});

Deno.test("the word at the end of a line is completed as far as that is certain", () => {
  const known = { relay: ["bulk", "default"] };
  const cases: readonly (readonly [line: string, text: string, choices: number])[] = [
    ["sta", "status:", 0],
    ["to:x !st", "to:x !status:", 0],
    ["status:fa", "status:failed ", 0],
    ["status:failed,he", "status:failed,held ", 0],
    ["status:s", "status:s", 4],
    ["relay:b", "relay:bulk ", 0],
    ["relay:", "relay:", 2],
    ["s", "s", 4],
    ["age", "age", 2],
    ["zzz", "zzz", 0],
  ];
  for (const [line, text, choices] of cases) {
    const found = completeFilter(line, known);
    assert.deepEqual([found.text, found.choices.length], [text, choices], line);
  }
});

Deno.test("the syntax is told while a line is typed", () => {
  assert.match(filterHint(""), /status: to: from: .*size>< .*! negates/);
  assert.match(filterHint("to:x pri"), /^priority: /);
  assert.match(filterHint("status:"), /scheduled uncertain/);
  assert.match(filterHint("invoice"), /words of subject/);
});
