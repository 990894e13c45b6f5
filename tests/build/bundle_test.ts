import assert from "node:assert/strict";
import { Yard } from "./yard.ts";

Deno.test("bundle: what is loaded later and what threads start with are chunks", async () => {
  await using yard = await Yard.make("2.9.6");
  assert.equal((await yard.compile()).code, 0);
  const chunks = await yard.chunks();
  assert.ok(chunks.includes("mailq.js"));
  assert.ok(chunks.includes("later"));
  assert.ok(chunks.includes("rooms.thread.js"));
  assert.equal((await yard.run()).stdout, "run\n");
  assert.equal((await yard.run("thread")).stdout, "run\none\nthread 1\n");
});

Deno.test("bundle: a template stands for what its file names the types of", async () => {
  await using yard = await Yard.make("2.9.6");
  assert.equal((await yard.compile()).code, 0);
  assert.equal((await yard.run("chosen")).stdout, "run\none\n");
  assert.ok(!(await yard.chunks()).includes("two"));
});

Deno.test("bundle: a traceback has the names of the source, and its places by traceback.ts", async () => {
  await using yard = await Yard.make("2.9.6");
  assert.equal((await yard.compile()).code, 0);
  const { stderr } = await yard.run("later");
  assert.match(stderr, /TypeError: broken down/);
  assert.match(stderr, /at Machine\.stop \(file:.*\/later-[A-Z0-9]{8}\.js:/);
  const { stdout, stderr: complaint } = await yard.traceback(
    `${stderr}\n at x (file:///a/z.js:1:1)`,
  );
  assert.match(stdout, /at Machine\.#stop \(src\/later\.ts:9:11\)/);
  assert.match(stdout, /at Machine\.stop \(src\/later\.ts:13:10\)/);
  assert.match(stdout, /at breakDown \(src\/later\.ts:18:17\)/);
  assert.match(stdout, /at (async )?run \(src\/run\.ts:8:5\)/);
  assert.match(stdout, /at x \(file:\/\/\/a\/z\.js:1:1\)/);
  assert.equal(complaint, "z.js is not of the last build\n");
});

const UNREADABLE: Readonly<Record<string, string>> = {
  "a file beside it": `Deno.readTextFileSync(new URL("./x.txt", import.meta.url));`,
  "a name in a variable": `const name = "./one.ts"; await import(import.meta.resolve(name));`,
  "a template of two parts": "await import(import.meta.resolve(`./${1}/${2}.ts`));",
};
for (const [what, code] of Object.entries(UNREADABLE)) {
  Deno.test(`bundle: ${what} is refused, and the last build stays`, async () => {
    await using yard = await Yard.make("2.9.6");
    await yard.write("src/two.ts", code);
    await yard.write("src/one.ts", `import "./two.ts"; export const one = 1;`);
    const { code: status, stderr } = await yard.compile();
    assert.equal(status, 1);
    assert.match(stderr, /Cannot bundle .*\/src\/two\.ts: /);
    assert.equal(await yard.hasNewBuild(), false);
  });
}
