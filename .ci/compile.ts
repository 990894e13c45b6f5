// Builds dist/mailq, one self-contained file. COMPILE_DENO names another Deno to build with,
// DENORT_BIN the runtime base that one uses. A program on a base older than mailq needs is made
// with MAILQ_CHECK_BUILD=1 alone, for tests where no newer base can be had: it says so in
// --version, and `deno task install` (--for-install) wants MAILQ_CHECK_BUILD=install for it.

import { isOldDeno, NEEDED_DENO } from "../src/cli/frame/version.ts";
import { bundle, MAIN_CHUNK } from "./bundle.ts";
import { installPackages } from "./packages.ts";

const CHUNKS = "dist/chunks";
const MAPS = "dist/maps";

const deno = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
// Deno lets nothing less open /dev/stdin and /dev/fd/N, which shells give as file names.
const permissions = ["--allow-all"];

await writeChunks();
const args = [
  "compile",
  "--quiet",
  "--no-check",
  // All that the program has is in its chunks.
  "--no-config",
  "--no-lock",
  "--no-npm",
  // Deno keeps a binary's code cache under a fixed name in /tmp and does not look whose file it
  // is: another user could plant one there for root's cron to run. It would save 8 ms a start.
  "--no-code-cache",
  // What is new on the heap may take 3 x 4 MB, not 3 x 16 MB, in each of a pass's two threads: it
  // lives no longer than a commit, or a frame of the screen; a pass is to stay under 150 MB, the
  // screen under 200 MB. Growing to that step by step would only cost a fast pass time. The heap
  // may grow to three times what is alive before it is cleared, not four: 10 MB in such a pass.
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4,--heap-growing-percent=200",
  ...permissions,
  "--include",
  ".",
  "--output",
  "../mailq.new",
  MAIN_CHUNK,
];
const { code } = await new Deno.Command(deno, {
  args,
  cwd: CHUNKS,
  // The authorities the binary trusts: those of its machine too.
  env: { DENO_TLS_CA_STORE: "system,mozilla" },
  stdout: "inherit",
  stderr: "inherit",
}).output();
if (code !== 0) {
  console.error(
    "Cannot compile: `deno compile` fetches its runtime base from Deno's own site; " +
      "where that cannot be reached, set DENORT_BIN to one",
  );
  Deno.exit(code);
}
// The program is asked itself: DENORT_BIN may be of another version than the Deno that compiles.
const base = await baseOf("dist/mailq.new");
const allowed = Deno.args.includes("--for-install") ? ["install"] : ["1", "install"];
const isCheckBuild = isOldDeno(base);
if (isCheckBuild && !allowed.includes(Deno.env.get("MAILQ_CHECK_BUILD") ?? "")) {
  await Deno.remove("dist/mailq.new");
  console.error(
    `Cannot build on Deno ${base}: mailq needs ${NEEDED_DENO} or later; for a build that is for ` +
      `tests alone set MAILQ_CHECK_BUILD=${allowed[0]}`,
  );
  Deno.exit(1);
}
// A build that fails leaves the last one in place.
await Deno.rename("dist/mailq.new", "dist/mailq");
const { size } = await Deno.stat("dist/mailq");
const what = isCheckBuild ? `, a check build on Deno ${base}: not for use` : "";
console.log(`dist/mailq: ${(size / 1024 / 1024).toFixed(1)} MB${what}`);

/** The version of Deno that a built program runs on. Throws if the program does not tell. */
async function baseOf(program: string): Promise<string> {
  const versions: { deno: string } = JSON.parse(
    await outputOf([`./${program}`, "--version", "--json"]),
  );
  return versions.deno;
}

/** Writes the chunks, and their source maps beside them: a map in the program would be read from
 *  the disk at each start. */
async function writeChunks(): Promise<void> {
  for (const folder of [CHUNKS, MAPS]) {
    await Deno.remove(folder, { recursive: true }).catch(() => {});
    await Deno.mkdir(folder, { recursive: true });
  }
  const root = await Deno.realPath(".");
  // In one place for all builds: the names of the chunks come of it, too.
  const packages = `${root}/dist/packages`;
  await installPackages(root, packages);
  try {
    for (const { name, code, map } of await bundle(root, `${packages}/node_modules`)) {
      await Deno.writeFile(`${CHUNKS}/${name}`, code);
      // The program holds the times of its files, too: two builds are to be one file.
      await Deno.utime(`${CHUNKS}/${name}`, 0, 0);
      await Deno.writeFile(`${MAPS}/${name}.map`, map);
    }
  } finally {
    await Deno.remove(packages, { recursive: true });
  }
}

async function outputOf([program = "", ...args]: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout);
}
