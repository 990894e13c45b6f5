import assert from "node:assert/strict";
import { PAGES, roffPage } from "../../src/cli/manual/pages.ts";
import { runChild } from "../support/child.ts";
import { require } from "./requirements.ts";

const ignore = Deno.env.get("MAILQ_TEST_SYSTEM") === undefined;

for (const page of PAGES) {
  Deno.test({
    name: `manual: ${page.name}(${page.section}) is clean under mandoc -Tlint`,
    ignore,
    async fn() {
      require("/usr/bin/mandoc");
      const text = await roffPage(page);
      const lint = await runChild(["/usr/bin/mandoc", "-Tlint"], { stdin: text });
      assert.deepEqual([lint.stdout, lint.stderr, lint.code], ["", "", 0]);
      const shown = await runChild(["/usr/bin/mandoc", "-Tutf8"], { stdin: text });
      assert.match(shown.stdout, new RegExp(`^${page.name.toUpperCase()}\\(${page.section}\\)`));
    },
  });
}
