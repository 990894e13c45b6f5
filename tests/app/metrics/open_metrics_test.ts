import assert from "node:assert/strict";
import { countedFamilies } from "../../../src/app/metrics/counted.ts";
import { metricsTextOf } from "../../../src/app/metrics/open_metrics.ts";
import { Counts, HISTOGRAMS } from "../../../src/queue/counters.ts";

Deno.test("metricsTextOf: names, units, labels that hold anything, and an end", () => {
  const families = [
    {
      name: "mailq_x_seconds",
      type: "gauge",
      unit: "seconds",
      help: 'A "quote" and a \\',
      samples: [{ labels: { relay: 'a"b\\c\nd' }, value: 1.5 }, { value: 0 }],
    },
    { name: "mailq_y", type: "counter", help: "Y.", samples: [{ value: 3 }] },
    { name: "mailq_z", type: "gauge", help: "Nothing to tell.", samples: [] },
  ] as const;
  assert.equal(
    metricsTextOf(families, "openmetrics"),
    `# TYPE mailq_x_seconds gauge
# UNIT mailq_x_seconds seconds
# HELP mailq_x_seconds A \\"quote\\" and a \\\\
mailq_x_seconds{relay="a\\"b\\\\c\\nd"} 1.5
mailq_x_seconds 0
# TYPE mailq_y counter
# HELP mailq_y Y.
mailq_y_total 3
# EOF
`,
  );
  const older = metricsTextOf(families, "prometheus");
  assert.match(older, /^# TYPE mailq_y_total counter$/m);
  assert.doesNotMatch(older, /UNIT|EOF/);
});

Deno.test("countedFamilies: a histogram's buckets add up, each with what is below it", () => {
  const counts = new Counts();
  const waited = [0.05, 0.1, 0.11, 59, 86_400 * 30];
  for (const seconds of waited) counts.observe("delivery_delay", ["default"], seconds);
  counts.observe("delivery_delay", ["other"], 1);
  const stored = counts.entries().map(([name, labels, value]) => ({ name, labels, value }));
  const family = countedFamilies(stored).find(({ name }) =>
    name === "mailq_delivery_delay_seconds"
  );
  const own = (family?.samples ?? []).filter(({ labels }) => labels?.relay === "default");
  const buckets = own.filter(({ suffix }) => suffix === "_bucket");
  assert.equal(buckets.length, HISTOGRAMS.delivery_delay.bounds.length + 1);
  for (const { labels, value } of buckets) {
    const bound = labels?.le === "+Inf" ? Infinity : Number(labels?.le);
    assert.equal(value, waited.filter((seconds) => seconds <= bound).length, labels?.le);
  }
  const rest = own.filter(({ suffix }) => suffix !== "_bucket");
  assert.deepEqual(rest.map(({ suffix, value }) => [suffix, value]), [
    ["_sum", waited.reduce((sum, seconds) => sum + seconds)],
    ["_count", waited.length],
  ]);
});
