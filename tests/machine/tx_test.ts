import assert from "node:assert/strict";
import { mail, Mailq } from "../support/mailq.ts";
import { assertNoTrace, makeTxMailq, runTx } from "../e2e/support/tx_mailq.ts";
import { SmallDisk } from "./small_disk.ts";
import { letNobodyIn, runAsNobody } from "./unprivileged.ts";

Deno.test("tx: without access to the queue it is 77, and the command does not run", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await Deno.writeTextFile(`${mailq.folder}/mailq.toml`, "");
  await letNobodyIn(mailq);
  await mailq.enqueue(mail());
  const { code, stdout, stderr } = await runAsNobody(mailq, ["tx", "--", "echo", "ran"]);
  assert.deepEqual([code, stdout], [77, ""]);
  assert.match(stderr, /^mailq: [^\n]*queue\.db[^\n]*\n$/);
});

Deno.test("tx: a disk that is full at the commit is 74, and nothing is queued", async () => {
  await using disk = await SmallDisk.mount(8 * 1024 * 1024);
  await using mailq = await makeTxMailq();
  await Deno.symlink(`${disk.folder}/queue.db`, mailq.queue);
  await Deno.writeTextFile(`${mailq.folder}/one.eml`, mail({ subject: "one" }));
  const fill = `for n in $(seq 5); do mailq enqueue one.eml one.eml; done > /dev/null
    dd if=/dev/zero of=${disk.folder}/filler bs=4096 2> /dev/null; true`;
  const { code, stderr } = await runTx(mailq, fill);
  assert.equal(code, 74, stderr);
  assert.match(stderr, /^[^\n]*disk is full; [^\n]*; nothing that the command queued was kept\n$/);
  disk.free();
  await mailq.ok(["send"], { env: { MAILQ_TRANSPORT: "null:" } });
  await assertNoTrace(mailq);
});
