import assert from "node:assert/strict";
import { verifyAddresses } from "../../../src/app/sendmail/verify.ts";
import { TestApp } from "../../support/app.ts";

Deno.test("verifyAddresses: says where mail would go, who is listed, and what is wrong", async () => {
  await using app = await TestApp.make();
  const settings = await app.settings();
  const queue = await app.openQueue(settings, { create: true });
  await queue.suppress(["listed@b.test"], null);
  const all = await Array.fromAsync(
    verifyAddresses(app, settings, ["root", "listed@b.test", "a@@b"]),
  );
  assert.deepEqual(all.slice(0, 2), [
    {
      address: "root",
      recipients: [{
        recipient: "root@host.test",
        way: "root → root@host.test",
        isSuppressed: false,
      }],
      warnings: [],
    },
    {
      address: "listed@b.test",
      recipients: [{ recipient: "listed@b.test", way: null, isSuppressed: true }],
      warnings: [],
    },
  ]);
  const [, , wrong] = all;
  assert.ok(wrong !== undefined && "refusal" in wrong && wrong.refusal.includes("a@@b"));
});

Deno.test("verifyAddresses: needs no queue, and makes none", async () => {
  await using app = await TestApp.make({ redirect_to: "test@b.test" });
  const [one] = await Array.fromAsync(
    verifyAddresses(app, await app.settings(), ["ann@b.test"]),
  );
  assert.deepEqual(one, {
    address: "ann@b.test",
    recipients: [{ recipient: "test@b.test", way: null, isSuppressed: false }],
    warnings: [],
  });
  assert.throws(() => Deno.statSync(app.queue), Deno.errors.NotFound);
});
