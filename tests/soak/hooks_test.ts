import { killBesideHook } from "../e2e/support/hook_kills.ts";

Deno.test("kill -9: run and send killed 200 times beside a hook that fails at random", async () => {
  await killBesideHook(200);
});
