import assert from "node:assert/strict";
import { type ErrorCode, errorText, EXIT_STATUS, MailqError } from "../../src/queue/errors.ts";

/** The exit statuses as product.md names them. */
const EXITS: Readonly<Record<number, readonly ErrorCode[]>> = {
  64: ["usage"],
  65: ["bad_message", "bad_address"],
  66: ["input_unreadable"],
  69: ["relay_unavailable", "mail_failed"],
  70: ["internal"],
  73: ["cannot_create"],
  74: ["io_error", "disk_full", "queue_corrupt", "output_failed"],
  75: ["batch_ended", "busy", "mail_deferred", "events_deleted"],
  77: ["permission"],
  78: ["config_invalid", "queue_foreign", "queue_newer"],
  126: ["command_not_executable"],
  127: ["command_not_found"],
};

for (const [exit, codes] of Object.entries(EXITS)) {
  for (const code of codes) {
    Deno.test(`MailqError: ${code} ends the program with ${exit}`, () => {
      const error = new MailqError(code, "it failed");
      assert.equal(error.exit, Number(exit));
      assert.equal(error.code, code);
    });
  }
}

Deno.test("EXIT_STATUS has no code that the specification does not know", () => {
  assert.deepEqual(Object.keys(EXIT_STATUS).sort(), Object.values(EXITS).flat().sort());
});

Deno.test("MailqError: keeps its cause and its name", () => {
  const cause = new Error("disk on fire");
  const error = new MailqError("io_error", "Cannot write", { cause });
  assert.equal(error.cause, cause);
  assert.equal(error.name, "MailqError");
  assert(error instanceof Error);
});

Deno.test("errorText: the text of whatever was thrown", () => {
  assert.equal(errorText(new Error("a")), "a");
  assert.equal(errorText("b"), "b");
  assert.equal(errorText(undefined), "undefined");
});
