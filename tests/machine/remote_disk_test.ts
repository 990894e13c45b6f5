import assert from "node:assert/strict";
import { mail, Mailq, PROGRAM } from "../support/mailq.ts";
import { runApart } from "./apart.ts";

const COMMANDS = [
  "enqueue",
  "sendmail bob@x.test",
  "send",
  "run",
  "list",
  "status",
  "purge --all",
];

Deno.test("a queue on a network's file system: every command refuses it with 78 and the way out", async () => {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:" });
  await mailq.enqueue(mail());
  const far = `${mailq.folder}/far`;
  await Deno.mkdir(far);
  const run = (type: string, words: string, setup = "") =>
    runApart([...PROGRAM, "--queue", `${far}/queue.db`, ...words.split(" ")], {
      folder: mailq.folder,
      // In memory: it has no device, as a network's.
      setup: `mount -t tmpfs far '${far}'\n${setup}`,
      mountinfo: [`99 26 0:99 / ${far} rw - ${type} server:/export rw`],
      env: mailq.env,
      stdin: mail(),
    });
  const copied = `cp '${mailq.queue}' '${far}/queue.db'`;
  for (const words of COMMANDS) {
    const { code, stdout, stderr } = await run("nfs4", words, copied);
    assert.equal(code, 78, `${words}: ${stderr}`);
    assert.equal(stdout, "");
    assert.match(
      stderr,
      /it is on nfs4 \(server:\/export, mounted at .*move it .* to a local disk/,
    );
  }
  for (const type of ["nfs", "cifs", "smb3", "9p", "fuse.sshfs", "fuseblk"]) {
    assert.equal((await run(type, "enqueue")).code, 78, `${type}: one is not made there, either`);
  }
  for (const type of ["ext4", "btrfs", "tmpfs"]) {
    assert.equal((await run(type, "enqueue")).code, 0, type);
  }
});
