import assert from "node:assert/strict";
import type { Reply } from "../../../src/queue/outcome.ts";
import { problemNumber, replyBehind } from "../../../src/queue/policy/problem.ts";

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

Deno.test("a problem's number: five digits of the reply's own words, the same for ever", () => {
  const one = reply("<a@b.test>: Recipient address rejected: id 4711 at 10:03", 550, "5.1.1");
  const same = reply("<c@d.test>: Recipient address rejected: id 99 at 11:59", 550, "5.1.1");
  assert.equal(problemNumber(one), problemNumber(same));
  assert.notEqual(problemNumber(one), problemNumber({ ...one, code: 551 }));
  assert.notEqual(problemNumber(one), problemNumber(QUOTA));
  for (const each of [one, QUOTA, reply("")]) {
    assert.match(String(problemNumber(each)), /^[1-9]\d{4}$/);
  }
  assert.equal(problemNumber(QUOTA), PINNED);
});

/** People keep numbers in notes and scripts: another way to make them would break those. */
const PINNED = 75_599;
