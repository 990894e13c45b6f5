// Holds the budgets that a few minutes and 1 GB can show against yardsticks of the same run: `deno
// task bench`. Exits 1 where one is missed by more than the noise. The rest: `deno task bench:full`.
import { benchIntake } from "./intake.ts";
import { machine, Report } from "./report.ts";
import { benchSend } from "./send.ts";
import { benchStarts } from "./starts.ts";

const binary = await Deno.stat("dist/mailq").then(() => `${Deno.cwd()}/dist/mailq`, () => null);
const report = new Report();
console.log(await machine());
await benchStarts(report, binary);
await benchSend(report, { sizeBytes: 2_048, count: 100, budget: 0.25 });
await benchSend(report, { sizeBytes: 2_048, count: 1_000, budget: 0.5 });
await benchSend(report, { sizeBytes: 2_048, count: 6_000, budget: 0.7 });
await benchIntake(report);
console.log(await machine());
if (report.missed.length > 0) {
  console.log(`Missed: ${report.missed.join("; ")}`);
  Deno.exit(1);
}
