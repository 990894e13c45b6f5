import assert from "node:assert/strict";
import type { Reply } from "../../../src/queue/outcome.ts";
import {
  isNumberOf,
  replyBehind,
  shownNumbers,
  wholeNumber,
} from "../../../src/queue/policy/problem.ts";

function reply(text: string, code: number | null = null, enhanced: string | null = null): Reply {
  return { code, enhanced, text };
}

const QUOTA = reply("Daily user sending limit exceeded", 550, "5.4.5");

Deno.test("the reply behind a recipient's: what it waits for, codes read", () => {
  const cases: readonly [Reply, Reply][] = [
    [QUOTA, QUOTA],
    [reply("the relay default is left alone: 550 5.4.5 Daily user sending limit exceeded"), QUOTA],
    [
      reply(
        "the relay a-b is left alone: it refuses 5 messages in a row: " +
          "Sending the content: 554 Go away",
      ),
      reply("Go away", 554),
    ],
    [
      reply("the sender a@b.test is paused: 553 5.7.1 not owned by user c"),
      reply("not owned by user c", 553, "5.7.1"),
    ],
    [reply("the sender a@b.test is paused: wrong link"), null],
    [reply("Connecting to localhost:25: Connection refused"), null],
    [
      reply("the relay default is left alone: Connecting to localhost:25: Connection refused"),
      reply("Connecting to localhost:25: Connection refused"),
    ],
  ].map(([given, behind]) => [given, behind ?? given] as [Reply, Reply]);
  for (const [given, behind] of cases) assert.deepEqual(replyBehind(given), behind, given.text);
});

Deno.test("a problem's number: made of the reply's own words, the same for ever", () => {
  const one = reply("<a@b.test>: Recipient address rejected: id 4711 at 10:03", 550, "5.1.1");
  const same = reply("<c@d.test>: Recipient address rejected: id 99 at 11:59", 550, "5.1.1");
  assert.equal(wholeNumber(one), wholeNumber(same));
  assert.notEqual(wholeNumber(one), wholeNumber({ ...one, code: 551 }));
  assert.notEqual(wholeNumber(one), wholeNumber(QUOTA));
  for (const each of [one, QUOTA, reply("")]) {
    assert.match(String(wholeNumber(each)), /^[1-9]\d{9}$/);
  }
  assert.equal(wholeNumber(QUOTA), PINNED);
});

/** People keep numbers in notes and scripts: another way to make them would break those. */
const PINNED = 75_599_10049;

Deno.test("a problem's number: as many digits are shown as tell it from the others, five at least", () => {
  assert.deepEqual([...shownNumbers([1234567890, 9876543210])], [
    [1234567890, 12345],
    [9876543210, 98765],
  ]);
  const shown = shownNumbers([1234567890, 1234569999, 1234512345]).values();
  assert.deepEqual([...shown], [1234567, 1234569, 123451]);
});

Deno.test("a problem's number: what people give is its beginning, of five digits at least", () => {
  const given = [12345, 1234567, 1234567890, 1234, 12346, 12345678901];
  assert.deepEqual(given.map((number) => isNumberOf(number, 1234567890)), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});
