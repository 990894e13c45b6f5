import assert from "node:assert/strict";
import { Mailq } from "../../support/mailq.ts";

/** A port that nobody listens on. */
function closedPort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

Deno.test("doctor --relay looks at that relay and nothing else", async () => {
  await using mailq = await Mailq.make();
  const settings = `
[relay.bulk]
url = "smtp://127.0.0.1:${closedPort()}"
[relay.disk]
url = "maildir:${mailq.folder}/mail"
`;
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, settings);
  const bulk = await mailq.run(["doctor", "--relay", "bulk", "--json"]);
  assert.equal(bulk.code, 2);
  const found = bulk.stdout.trim().split("\n").map((line) => JSON.parse(line));
  assert.deepEqual([...new Set(found.map(({ check }) => check))], ["relay bulk"]);
  const disk = await mailq.run(["doctor", "--relay", "disk"]);
  assert.match(disk.stdout, /^✓ relay disk/);
});

Deno.test("doctor --relay looks at the default one too, and refuses one that is not there", async () => {
  await using mailq = await Mailq.make();
  // That nobody has set where mail goes is no reason to say nothing of it.
  const unset = await mailq.run(["doctor", "--relay", "default"]);
  assert.match(unset.stdout, /relay default/);
  const none = await mailq.run(["doctor", "--relay", "nosuch"]);
  assert.equal(none.code, 64);
  assert.match(none.stderr, /Cannot find a relay called "nosuch": expected one of default/);
  const offline = await mailq.run(["doctor", "--relay", "default", "--offline"]);
  assert.equal(offline.code, 64);
});
