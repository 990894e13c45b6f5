import assert from "node:assert/strict";
import { mail } from "../support/mailq.ts";
import { Running } from "../e2e/support/running.ts";
import { assertSwept, makeTxMailq } from "../e2e/support/tx_mailq.ts";

/** Queues three messages, saying when it has done each; goes on after a line on stdin. */
const SCRIPT = `for n in 1 2 3; do mailq enqueue $n.eml || exit 9; echo "queued $n" >&2; done
  mailq enqueue many || exit 9
  echo last >&2`;

Deno.test("kill -9: a tx that is killed brings all or nothing, and leaves no trace", async () => {
  await using mailq = await makeTxMailq();
  await Deno.mkdir(`${mailq.folder}/many`);
  for (const n of [1, 2, 3]) {
    await Deno.writeTextFile(`${mailq.folder}/${n}.eml`, mail({ subject: `${n}` }));
  }
  // Read in pieces, and so staged in commits of its own.
  const large = mail({ subject: "4", body: `${"x".repeat(78)}\r\n`.repeat(14_000) });
  await Deno.writeTextFile(`${mailq.folder}/many/4.eml`, large);
  await Deno.writeTextFile(`${mailq.folder}/many/5.eml`, mail({ subject: "5" }));
  let whole = 0, none = 0;
  for (const event of ["queued 1", "queued 2", "queued 3", ...Array(8).fill("last")]) {
    await using tx = await Running.start(mailq, ["tx", "--", "sh", "-c", SCRIPT]);
    await tx.said(new RegExp(event));
    tx.child.kill("SIGKILL");
    const { code } = await tx.child.status;
    // Its children outlive it, and find that it is gone: they hold its stderr until they end.
    await tx.said(event === "last" ? /last/ : /that has ended; nothing was queued/);
    await mailq.ok(["send"], { env: { MAILQ_TRANSPORT: "null:" } });
    const there = Object.keys(await mailq.statuses()).length;
    assert.ok(there === 0 || there === 5, `${there} of 5 messages`);
    if (code === 0) assert.equal(there, 5);
    if (event !== "last") assert.equal(there, 0);
    await assertSwept(mailq, there === 0 ? [] : ["1", "2", "3", "4", "5"]);
    await mailq.ok(["purge", "--all"]);
    if (there === 0) none++;
    else whole++;
  }
  assert.ok(none >= 3, `${none} dropped, ${whole} queued`);
});

Deno.test("kill -9: a call within a tx that is killed brings all of it or nothing", async () => {
  await using mailq = await makeTxMailq();
  await Deno.mkdir(`${mailq.folder}/many`);
  const large = mail({ subject: "large", body: `${"x".repeat(78)}\r\n`.repeat(40_000) });
  const subjects = ["a", "b", "c"];
  for (const subject of subjects) {
    const text = large.replace("Subject: large", `Subject: ${subject}`);
    await Deno.writeTextFile(`${mailq.folder}/many/${subject}.eml`, text);
  }
  // From its lock file on, and ever later.
  const script = `mailq enqueue many & call=$!
    until set -- queue.db-worker-*; [ $# -gt 1 ]; do :; done
    until [ $((spin += 1)) -gt $SPIN ]; do :; done
    kill -9 $call; wait $call; echo "call ended $?" >&2
    mailq enqueue one.eml`;
  await Deno.writeTextFile(`${mailq.folder}/one.eml`, mail({ subject: "one" }));
  for (let round = 0; round < 8; round++) {
    const env = { SPIN: `${round * 4_000}` };
    const { code, stderr } = await mailq.run(["tx", "--", "sh", "-c", script], { env });
    assert.equal(code, 0, stderr);
    const isKilled = /call ended 137/.test(stderr);
    const there = Object.keys(await mailq.statuses());
    assert.equal(there.length, isKilled ? 1 : 4, there.join());
    await mailq.ok(["send"], { env: { MAILQ_TRANSPORT: "null:" } });
    await assertSwept(mailq, isKilled ? ["one"] : ["one", ...subjects]);
    await mailq.ok(["purge", "--all"]);
  }
});
