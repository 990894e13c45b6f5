import { manyWorkers } from "../e2e/many_workers.ts";

Deno.test({
  name: "eight workers and cron: none of 20,000 messages is lost, or repeated unmarked",
  ignore: Deno.env.get("MAILQ_TEST_SYSTEM") === undefined,
  fn: () => manyWorkers(20_000),
});
