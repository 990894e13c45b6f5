import assert from "node:assert/strict";
import { parseTime } from "../../src/intake/times.ts";
import { MailqError } from "../../src/queue/errors.ts";
import { NOW } from "./intake_options.ts";

for (
  const [text, expected] of [
    ["2026-11-22T12:00:00Z", NOW],
    ["2026-11-22T12:00Z", NOW],
    ["20261122T120000Z", NOW],
    [" 2026-11-22 12:00Z ", NOW],
    ["2026-11-22T14:00:00.250+02:00", NOW + 250],
    ["2026-11-22T14:30+0230", NOW],
    ["2026-11-22T12:00:00", new Date(2026, 10, 22, 12).getTime()],
    ["2026-11-22 12:30", new Date(2026, 10, 22, 12, 30).getTime()],
    ["2026-11-22", new Date(2026, 10, 22).getTime()],
    ["+15m", NOW + 900_000],
    ["+1h30m", NOW + 5_400_000],
    ["+0", NOW],
  ] as const
) {
  Deno.test(`parseTime: reads ${text}`, async () => {
    assert.equal(await parseTime(text, NOW), expected);
  });
}

const BAD = ["", "soon", "15m", "+", "+15", "-15m", "2026", "2026-11", "2026-13-01", "2026-02-30"];
BAD.push("2026-11-22T25:00", "12:00", "2026-W47", "2026-11-22T12:00Zulu", "1790000000", "+-1h");

for (const text of BAD) {
  Deno.test(`parseTime: refuses "${text}"`, async () => {
    await assert.rejects(parseTime(text, NOW), (error: unknown) => {
      assert.ok(error instanceof MailqError);
      assert.equal(error.code, "usage");
      assert.equal(
        error.message,
        `Cannot read the time "${text}": expected ISO 8601, such as 2026-11-22T18:00 or ` +
          "2026-11-22T18:00Z, or a wait, such as +15m",
      );
      return true;
    });
  });
}
