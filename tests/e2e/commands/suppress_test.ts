import assert from "node:assert/strict";
import { Mailq } from "../../support/mailq.ts";

Deno.test("suppress: add, remove, list, import and export", async () => {
  await using mailq = await Mailq.make();
  assert.equal(
    await mailq.ok(["suppress", "add", "--reason", "asked to", "Bob@A.test", "eve@a.test"]),
    "Added 2 addresses\n",
  );
  const again = await mailq.run(["suppress", "add", "BOB@a.TEST", "new@a.test"]);
  assert.equal(again.stdout, "Added 1 address\n");
  assert.match(again.stderr, /1 was listed already/);
  await Deno.writeTextFile(
    `${mailq.folder}/gone.txt`,
    "# unsubscribed\r\nann@b.test\r\n\r\n  joe@b.test  # at once\n",
  );
  assert.equal(await mailq.ok(["suppress", "import", "gone.txt"]), "Added 2 addresses\n");
  assert.equal(await mailq.ok(["suppress", "import"], { stdin: "x@c.test" }), "Added 1 address\n");
  const exported = await mailq.ok(["suppress", "export"]);
  assert.deepEqual(exported.trim().split("\n").map((one) => one.toLowerCase()).sort(), [
    "ann@b.test",
    "bob@a.test",
    "eve@a.test",
    "joe@b.test",
    "new@a.test",
    "x@c.test",
  ]);
  assert.match(await mailq.ok(["suppress", "list"]), /^bob@a\.test +\d{4}-\S+ \S+ +asked to$/im);
  assert.equal(await mailq.ok(["suppress", "remove", "BOB@A.TEST"]), "Removed 1 address\n");
  const none = await mailq.run(["suppress", "remove", "nobody@a.test"]);
  assert.deepEqual([none.code, none.stdout], [0, "Removed 0 addresses\n"]);
  assert.equal(
    await mailq.ok(["suppress", "import", "--queue", "copy.db"], { stdin: exported }),
    "Added 6 addresses\n",
    "what is exported can be imported",
  );
});

Deno.test("suppress: what is no address is 65 and lists nothing", async () => {
  await using mailq = await Mailq.make();
  for (const bad of ["bob", "@a.test", "a@b@c.test", "", "a b@c.test", "a@b.test\nc@d.test"]) {
    const ended = await mailq.run(["suppress", "add", "good@a.test", bad]);
    assert.equal(ended.code, 65, bad);
  }
  const file = await mailq.run(["suppress", "import"], { stdin: "good@a.test\nno address\n" });
  assert.equal(file.code, 65);
  assert.match(file.stderr, /line 2/);
  assert.equal((await mailq.run(["suppress", "import", "/no/such"])).code, 66);
  assert.equal(await mailq.ok(["suppress", "export"]), "");
});
