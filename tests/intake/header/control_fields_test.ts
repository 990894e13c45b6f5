import assert from "node:assert/strict";
import { readSchedule } from "../../../src/intake/header/control_fields.ts";
import { scanHeader } from "../../../src/intake/header/headers.ts";
import type { IntakeOptions } from "../../../src/intake/options.ts";
import { MailqError } from "../../../src/queue/errors.ts";
import { bytesOf, intakeOptions, NOW } from "../intake_options.ts";

async function scheduleOf(text: string, options: Partial<IntakeOptions> = {}) {
  const bytes = bytesOf(text);
  const warnings: string[] = [];
  const schedule = await readSchedule(bytes, scanHeader(bytes), intakeOptions(options), warnings);
  return { ...schedule, warnings };
}

const HOUR_MS = 3_600_000;

for (
  const [name, text, expected] of [
    ["nothing", "", "normal"],
    ["now", "X-Mail-Queue-Priority: now\n", "now"],
    ["any case", "x-MAIL-queue-PRIORITY:  HigH \n", "high"],
    ["low", "X-Mail-Queue-Priority:low\n", "low"],
    ["the first of two", "X-Mail-Queue-Priority: low\nX-Mail-Queue-Priority: now\n", "low"],
    ["no body", "A: b\n\nX-Mail-Queue-Priority: now\n", "normal"],
  ] as const
) {
  Deno.test(`readSchedule: reads the priority from ${name}`, async () => {
    const { priority, warnings } = await scheduleOf(text);
    assert.equal(priority, expected);
    assert.deepEqual(warnings, []);
  });
}

Deno.test("readSchedule: takes an unknown priority as normal with a warning", async () => {
  for (const value of ["urgent", "", "1", "no\0w"]) {
    const { priority, warnings } = await scheduleOf(`X-Mail-Queue-Priority: ${value}\n`);
    assert.equal(priority, "normal");
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /taken as normal: expected now, high, normal, low$/);
  }
});

Deno.test("readSchedule: a flag beats the header", async () => {
  const text =
    "X-Mail-Queue-Priority: what\nX-Mail-Queue-Send-At: +1h\nX-Mail-Queue-Expires-In: 2h\n";
  const flags = { priority: "low", sendAt: NOW + 5, expiresInMs: 10 } as const;
  assert.deepEqual(await scheduleOf(text, flags), {
    priority: "low",
    sendAt: NOW + 5,
    expiresAt: NOW + 15,
    warnings: [],
  });
});

Deno.test("readSchedule: reads times, and the expiry counts from the time to send", async () => {
  const both = "X-Mail-Queue-Send-At: 2026-11-22T15:00:00Z\nX-Mail-Queue-Expires-In: 90m\n";
  const { sendAt, expiresAt } = await scheduleOf(both);
  assert.equal(sendAt, NOW + 3 * HOUR_MS);
  assert.equal(expiresAt, NOW + 4.5 * HOUR_MS);
  const one = await scheduleOf("X-Mail-Queue-Expires-In: 1h\n");
  assert.deepEqual([one.sendAt, one.expiresAt], [null, NOW + HOUR_MS]);
});

Deno.test("readSchedule: leaves the times alone where told to", async () => {
  const text = "X-Mail-Queue-Send-At: nonsense\nX-Mail-Queue-Priority: high\n";
  const { priority, sendAt } = await scheduleOf(text, { readsSchedule: false });
  assert.deepEqual([priority, sendAt], ["high", null]);
});

Deno.test("readSchedule: refuses times it cannot read, naming the field", async () => {
  for (const [name, value] of [["Send-At", "soon"], ["Send-At", ""], ["Expires-In", "1 year"]]) {
    await assert.rejects(scheduleOf(`X-Mail-Queue-${name}: ${value}\n`), (error: unknown) => {
      assert.ok(error instanceof MailqError);
      assert.equal(error.code, "bad_message");
      assert.match(error.message, new RegExp(`^X-Mail-Queue-${name}: Cannot read .* expected `));
      return true;
    });
  }
});
