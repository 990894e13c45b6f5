import assert from "node:assert/strict";
import { failAtOnce, killReporting } from "../e2e/support/report_storms.ts";

Deno.test("reports: 10,000 failures within a minute make 100 reports and one digest", async () => {
  const tookMs = await failAtOnce(10_000);
  assert.ok(tookMs < 60_000, `${tookMs} ms`);
});

Deno.test("kill -9: passes killed 100 times report each failure once", async () => {
  await killReporting(100);
});
