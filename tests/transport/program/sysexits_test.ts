import assert from "node:assert/strict";
import { judgeExit } from "../../../src/transport/program/sysexits.ts";

Deno.test("judgeExit: only what speaks of the message or the address is final", () => {
  const kinds = new Map<number, string>();
  for (let status = 0; status < 256; status++) {
    kinds.set(status, judgeExit(status, { output: "", isShell: false }).kind);
  }
  assert.equal(kinds.get(0), "sent");
  const failed = [...kinds].filter(([, kind]) => kind === "failed").map(([status]) => status);
  assert.deepEqual(failed, [65, 67]);
  assert.ok([...kinds].every(([status, kind]) => status === 0 || kind !== "sent"));
  assert.ok([...kinds.values()].every((kind) => kind !== "uncertain"));
});

Deno.test("judgeExit: what would happen to any message is the relay's fault", () => {
  const statuses = Array.from({ length: 256 }, (_, status) => status);
  assert.deepEqual(
    statuses.filter((status) => judgeExit(status, { output: "", isShell: true }).isRelayFault),
    [
      78,
      126,
      127,
    ],
  );
});

Deno.test("judgeExit: an enhanced code that begins the output goes first", () => {
  const cases: [number, string, string, string | null][] = [
    [1, "5.1.1 no such user", "failed", "5.1.1"],
    [65, "4.2.2 mailbox full", "deferred", "4.2.2"],
    [69, "5.2.2", "failed", "5.2.2"],
    [75, "5.1.1 no such user", "deferred", "4.3.0"],
    [78, "5.1.1 no such user", "deferred", "4.3.5"],
    [0, "5.1.1 no such user", "sent", null],
    [1, "2.1.5 fine", "deferred", "4.3.0"],
    [1, "5.1.1.1 is my version", "deferred", "4.3.0"],
    [1, "server said 5.1.1", "deferred", "4.3.0"],
  ];
  for (const [status, output, kind, enhanced] of cases) {
    const meaning = judgeExit(status, { output, isShell: false });
    assert.deepEqual([meaning.kind, meaning.enhanced], [kind, enhanced], `${status} ${output}`);
  }
});

Deno.test("judgeExit: a shell whose command was killed leaves it uncertain", () => {
  assert.equal(judgeExit(137, { output: "", isShell: true }).kind, "uncertain");
  assert.match(judgeExit(137, { output: "", isShell: true }).text ?? "", /killed by signal 9/);
  assert.equal(judgeExit(137, { output: "", isShell: false }).kind, "deferred");
  assert.equal(judgeExit(255, { output: "", isShell: true }).kind, "deferred");
});
