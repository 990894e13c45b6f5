import assert from "node:assert/strict";
import { bundle, MAIN_CHUNK } from "../../.ci/bundle.ts";
import { installPackages } from "../../.ci/packages.ts";
import { childOk, runChild } from "../support/child.ts";
import { mail } from "../support/mailq.ts";
import { ROOT } from "./yard.ts";

/** Bytes of all chunks: a base that reads what is embedded at each start takes 7 ms for a million. */
const MAX_BYTES = 3_000_000;

/** Chunks read, and their bytes, by what is called often. Who makes one of these read more makes
 *  each call slower, and says here by how much. */
const MAX_READ: readonly {
  readonly args: readonly string[];
  readonly chunks: number;
  readonly bytes: number;
}[] = [
  { args: ["enqueue"], chunks: 48, bytes: 175_000 },
  { args: ["sendmail", "-i", "-f", "ann@a.test", "bob@b.test"], chunks: 50, bytes: 185_000 },
  { args: ["--version"], chunks: 20, bytes: 70_000 },
  { args: ["status"], chunks: 90, bytes: 310_000 },
  { args: ["send"], chunks: 140, bytes: 550_000 },
];

Deno.test("the chunks of the program, and what often-called commands read of them", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "mailq-chunks-" });
  const packages = await Deno.makeTempDir({ prefix: "mailq-packages-" });
  try {
    await installPackages(ROOT, packages);
    const chunks = await bundle(ROOT.replace(/\/$/, ""), `${packages}/node_modules`);
    const bytes = chunks.reduce((sum, { code }) => sum + code.length, 0);
    assert.ok(bytes <= MAX_BYTES, `${bytes} bytes`);
    for (const { name, code } of chunks) {
      const note = `(globalThis.read ??= []).push([${JSON.stringify(name)}, ${code.length}]);\n`;
      await Deno.writeTextFile(`${folder}/${name}`, note + new TextDecoder().decode(code));
    }
    await Deno.writeTextFile(
      `${folder}/counted.js`,
      `addEventListener("unload", () => {
  Deno.writeTextFileSync(Deno.env.get("READ"), JSON.stringify(globalThis.read));
});
await import("./${MAIN_CHUNK}");
`,
    );
    const run = [Deno.execPath(), "run", "--quiet", "--no-config", "-A", `${folder}/counted.js`];
    const env = {
      MAILQ_QUEUE: `${folder}/queue.db`,
      MAILQ_CONFIG: `${folder}/mailq.toml`,
      MAILQ_ALIASES: "/dev/null",
      READ: `${folder}/read.json`,
    };
    await Deno.writeTextFile(env.MAILQ_CONFIG, "");
    // What every later call finds: a queue, and nothing to do.
    const id = (await childOk([...run, "enqueue"], { env, stdin: mail() })).trim();
    await childOk([...run, "cancel", id], { env });
    await childOk([...run, "send"], { env });
    for (const { args, chunks, bytes } of MAX_READ) {
      await t.step(args.join(" "), async () => {
        const { code, stderr } = await runChild([...run, ...args], { env, stdin: mail() });
        assert.equal(code, 0, stderr);
        const read: [string, number][] = JSON.parse(await Deno.readTextFile(env.READ));
        const sum = read.reduce((all, [, size]) => all + size, 0);
        const said = `${read.length} chunks, ${sum} bytes: ${read.map(([name]) => name).join(" ")}`;
        assert.ok(read.length > 0 && read.length <= chunks, said);
        assert.ok(sum <= bytes, said);
        if (args[0] === "enqueue" || args[0] === "sendmail") {
          await childOk([...run, "cancel", "--all"], { env });
        }
      });
    }
  } finally {
    await Deno.remove(packages, { recursive: true });
    await Deno.remove(folder, { recursive: true });
  }
});
