import assert from "node:assert/strict";
import { isOldDeno } from "../../src/cli/frame/version.ts";
import { Yard } from "./yard.ts";

const AGES: readonly [string, boolean][] = [
  ["1.46.3", true],
  ["2.4.2", true],
  ["2.8.11", true],
  ["2.9.0", false],
  ["2.9.6", false],
  ["2.10.0", false],
  ["3.0.0", false],
];
for (const [version, isOld] of AGES) {
  Deno.test(`isOldDeno: ${version} is ${isOld ? "too old" : "new enough"}`, () => {
    assert.equal(isOldDeno(version), isOld);
  });
}

Deno.test("compile: a base older than mailq needs is refused, and the last build stays", async () => {
  await using yard = await Yard.make("2.4.2");
  const { code, stdout, stderr } = await yard.compile();
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^Cannot build on Deno 2\.4\.2: mailq needs 2\.9 [^\n]*BUILD=1\n$/);
  assert.equal(await yard.hasNewBuild(), false);
});

Deno.test("compile: a check build is made when asked for, and says that it is one", async () => {
  await using yard = await Yard.make("2.4.2");
  const { code, stdout, stderr } = await yard.compile({ MAILQ_CHECK_BUILD: "1" });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^dist\/mailq: [\d.]+ MB, a check build on Deno 2\.4\.2: not for use\n$/);
  assert.equal(await yard.hasNewBuild(), true);
});

Deno.test("compile: a check build is installed only where that is said", async () => {
  await using yard = await Yard.make("2.4.2");
  const refused = await yard.compile({ MAILQ_CHECK_BUILD: "1" }, "--for-install");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /BUILD=install\n$/);
  assert.equal(await yard.hasNewBuild(), false);
  const { code, stderr } = await yard.compile({ MAILQ_CHECK_BUILD: "install" }, "--for-install");
  assert.equal(code, 0, stderr);
  assert.equal(await yard.hasNewBuild(), true);
});

for (const args of [[], ["--for-install"]]) {
  Deno.test(`compile ${args.join("")}: a base that is new enough needs no word`, async () => {
    await using yard = await Yard.make("2.9.6");
    const { code, stdout, stderr } = await yard.compile({}, ...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^dist\/mailq: [\d.]+ MB\n$/);
    assert.equal(await yard.hasNewBuild(), true);
  });
}

Deno.test("compile: the program is made of its chunks alone", async () => {
  await using yard = await Yard.make("2.9.6");
  assert.equal((await yard.compile()).code, 0);
  const called = await Deno.readTextFile(`${yard.folder}/compiled`);
  assert.match(called, /\/dist\/chunks: compile .*--no-config --no-lock --no-npm .* mailq\.js\n$/);
  assert.match(called, / --include \. /);
  assert.ok(!called.includes("--code-cache"));
});

Deno.test("compile: packages come in the versions of the lock file or not at all", async () => {
  await using yard = await Yard.make("2.9.6");
  await yard.write("deno.json", `{ "imports": { "react": "npm:react@19.3.1" } }`);
  const { code, stderr } = await yard.compile();
  assert.equal(code, 1);
  assert.match(stderr, /lockfile is out of date/);
  assert.equal(await yard.hasNewBuild(), false);
});
