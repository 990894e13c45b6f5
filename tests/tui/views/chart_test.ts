import assert from "node:assert/strict";
import fc from "fast-check";
import { chartRows } from "../../../src/tui/views/chart.ts";

function drawn(counts: readonly number[], height: number, width = 1): string[] {
  return chartRows({ name: "sent", counts, height, width, style: {} }).map(({ line }) =>
    line.map(({ text }) => text).join("")
  );
}

Deno.test("a chart has its highest column in full, and the number beside it", () => {
  assert.deepEqual(drawn([0, 1, 4, 8], 2), [" sent        8    █", "                ▂██"]);
  assert.deepEqual(drawn([0, 0], 1, 3), [" sent        0       "]);
  assert.deepEqual(drawn([2, 1], 1, 3), [" sent        2 ██ ▄▄ "]);
});

Deno.test("whatever the counts, what is more is never lower, and what is not nothing is seen", () => {
  const eighths = " ▁▂▃▄▅▆▇█";
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000_000), { minLength: 1, maxLength: 30 }),
      fc.integer({ min: 1, max: 6 }),
      (counts, height) => {
        const rows = drawn(counts, height).map((row) => [...row].slice(15));
        const heights = counts.map((_, i) =>
          rows.reduce((sum, row) => sum + eighths.indexOf(row[i] ?? "?"), 0)
        );
        for (const [i, count] of counts.entries()) {
          assert.equal(count > 0, (heights[i] ?? 0) > 0);
          for (const [j, other] of counts.entries()) {
            if (count > other) assert.ok((heights[i] ?? 0) >= (heights[j] ?? 0));
          }
        }
      },
    ),
  );
});
