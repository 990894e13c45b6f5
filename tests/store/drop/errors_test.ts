import assert from "node:assert/strict";
import { MailqError } from "../../../src/queue/errors.ts";
import { translateDropError } from "../../../src/store/drop/errors.ts";

const withCode = (code: string) => Object.assign(new Error("what the system says"), { code });

const CASES: readonly (readonly [Error, string, number])[] = [
  [withCode("ENOSPC"), "disk_full", 74],
  [withCode("EDQUOT"), "disk_full", 74],
  [new Error("Disk quota exceeded (os error 122)"), "disk_full", 74],
  [new Error("File too large (os error 27)"), "disk_full", 74],
  [withCode("EACCES"), "permission", 77],
  [withCode("EROFS"), "permission", 77],
  [withCode("ENOENT"), "permission", 77],
  [withCode("EMFILE"), "busy", 75],
  [withCode("EIO"), "io_error", 74],
  [new Error("Odd (os error 999)"), "io_error", 74],
];

for (const [cause, code, exit] of CASES) {
  Deno.test(`translateDropError: ${JSON.stringify(cause)} ${cause.message} is ${code}`, () => {
    const error = translateDropError(cause, "/q/drop");
    assert.ok(error instanceof MailqError);
    assert.deepEqual([error.code, error.exit, error.cause], [code, exit, cause]);
    assert.match(error.message, /the drop folder \/q\/drop: /);
  });
}

Deno.test("translateDropError: an error of the program stays what it is", () => {
  const bug = new TypeError("undefined is not a function");
  assert.equal(translateDropError(bug, "/q/drop"), bug);
  const known = new MailqError("usage", "no");
  assert.equal(translateDropError(known, "/q/drop"), known);
});
