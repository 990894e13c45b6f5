import { manyWorkers } from "./many_workers.ts";

Deno.test("eight workers and cron: none of 3,000 messages is lost, or repeated unmarked", async () => {
  await manyWorkers(3_000);
});
