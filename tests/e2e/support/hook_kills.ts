import assert from "node:assert/strict";
import { endChild } from "../../support/child.ts";
import { Mailq } from "../../support/mailq.ts";
import { alterQueue } from "./queue_file.ts";

/** A command that fails at random and otherwise keeps what it is told. */
const shaky = (file: string) =>
  `printf . >> ${file}.begun; test $(od -An -N1 -tu1 /dev/urandom) -lt 80 && exit 1; cat >> ${file}`;

/** Kills `run` and `send` so many times, in turn and each while its hook is told of something; fails unless the hook was told of every event, of none that is not, and of
 *  each the first time in its order. */
export async function killBesideHook(kills: number): Promise<void> {
  await using mailq = await Mailq.make({ MAILQ_TRANSPORT: "null:", MAILQ_INTERVAL: "1s" });
  const file = `${mailq.folder}/told.txt`;
  await Deno.writeTextFile(
    `${mailq.folder}/mailq.toml`,
    `[[hook]]\nname = "shaky"\nbatch = 3\ncommand = '${shaky(file)}'\n`,
  );
  await Deno.writeTextFile(file, "");
  await Deno.writeTextFile(`${file}.begun`, "");
  await mailq.ok(["hooks", "skip", "shaky"]);
  for (let kill = 0; kill < kills; kill++) {
    await mailq.enqueueMany(5);
    // What failed is not to be waited for.
    alterQueue(mailq, "UPDATE hook SET next_at = NULL");
    const isBegun = begun(`${file}.begun`, 1 + kill % 2);
    const child = await mailq.spawn([kill % 4 < 2 ? "run" : "send"]);
    const output = [child.stdout.cancel(), child.stderr.cancel()];
    // One that has ended by itself has told, or failed to; the next one comes to it.
    const isOver = child.status.then(() =>
      Deno.writeTextFile(`${file}.begun`, "..", { append: true })
    );
    await isBegun;
    await endChild(child, "SIGKILL");
    await Promise.all([...output, isOver]);
  }
  const events = (await mailq.json(["events"])).map(({ number }) => Number(number));
  for (;;) {
    alterQueue(mailq, "UPDATE hook SET next_at = NULL");
    await mailq.ok(["send"]);
    const [{ behind }] = await mailq.json(["hooks"]);
    if (behind === 0) break;
  }
  const all = (await mailq.json(["events"])).map(({ number }) => Number(number));
  assert.deepEqual(all.slice(0, events.length), events, "what was told once stays");
  const lines = (await Deno.readTextFile(file)).split("\n").filter((line) => line !== "");
  const told = lines.map((line) => Number(JSON.parse(line).number));
  assert.deepEqual([...new Set(told)], all, "each, in order, and no other");
}

/** Resolves once the hook was begun `more` times more, by whoever. */
async function begun(file: string, more: number): Promise<void> {
  const count = async () => (await Deno.readTextFile(file)).length;
  const enough = await count() + more;
  using watch = Deno.watchFs(file);
  for await (const _ of watch) if (await count() >= enough) return;
}
