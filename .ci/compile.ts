// Builds dist/mailq, one self-contained file. COMPILE_DENO names another Deno to build with,
// DENORT_BIN the runtime base that one uses. A program on a base older than mailq needs is made
// with MAILQ_CHECK_BUILD=1 alone, for tests where no newer base can be had: it says so in
// --version, and `deno task install` (--for-install) wants MAILQ_CHECK_BUILD=install for it.

import { isOldDeno, NEEDED_DENO } from "../src/cli/frame/version.ts";

const deno = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
// Deno lets nothing less open /dev/stdin and /dev/fd/N, which shells give as file names.
const permissions = ["--allow-all"];
const NEVER_READ = /\.(d\.[cm]?ts|map|md)$/;

interface Lock {
  readonly npm: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
}

const help = await outputOf([deno, "compile", "--help=full"]);
// An older Deno knows no such flag, and embeds what unusedFiles() leaves of the lock file's packages.
const lean = help.includes("--exclude-unused-npm") ? ["--exclude-unused-npm"] : [];
// And an older one reads texts such as the completion scripts only if it is told to.
const texts = help.includes("--unstable-raw-imports") ? ["--unstable-raw-imports"] : [];

const args = [
  "compile",
  "--quiet",
  "--no-check",
  // Deno keeps a binary's code cache under a fixed name in /tmp and does not look whose file it
  // is: another user could plant one there for root's cron to run. It would save 8 ms a start.
  "--no-code-cache",
  // What is new on the heap may take 3 x 4 MB, not 3 x 16 MB, in each of a pass's two threads: it
  // lives no longer than a commit, or a frame of the screen; a pass is to stay under 150 MB, the
  // screen under 200 MB. Growing to that step by step would only cost a fast pass time. The heap
  // may grow to three times what is alive before it is cleared, not four: 10 MB in such a pass.
  "--v8-flags=--min-semi-space-size=4,--max-semi-space-size=4,--heap-growing-percent=200",
  // The versions of the lock file or none.
  "--frozen",
  ...lean,
  ...texts,
  ...permissions,
  // What is loaded when it is wanted is imported by computed names, which the compiler cannot see.
  "--include",
  "src",
  ...(await unusedFiles()).flatMap((path) => ["--exclude", path]),
  "--output",
  "dist/mailq.new",
  "main.ts",
];
const { code } = await new Deno.Command(deno, {
  args,
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

/** What of the lock file's npm packages nothing reads: packages of the tests alone, declarations,
 *  maps and documents, the CommonJS twins of ES builds, and the files of two very large packages
 *  that no import of ours reaches. All of date-fns would be 5,000 files: 10 MB, and 13 ms at every
 *  start of the binary; es-toolkit, which Ink brings, 4,300. */
async function unusedFiles(): Promise<string[]> {
  const lock: Lock = JSON.parse(await Deno.readTextFile("deno.lock"));
  const info: { npmCache: string } = JSON.parse(await outputOf([deno, "info", "--json"]));
  const dateFns: string[] = [];
  const imported = new Set<string>();
  for await (const source of modules("src")) {
    for (const [, entry] of source.matchAll(/"date-fns\/(\w+)"/g)) dateFns.push(`${entry}.js`);
    for (
      const [, name = ""] of source.matchAll(/(?:from |import\(\s*)"(@[\w.-]+\/[\w.-]+|[\w.-]+)/g)
    ) {
      imported.add(name);
    }
  }
  const used = packagesOf(lock, imported);
  const entries: Readonly<Record<string, readonly string[]>> = {
    "date-fns": dateFns,
    "es-toolkit": ["dist/compat/index.mjs"],
    // Types alone.
    "type-fest": [],
  };
  const unused: string[] = [];
  for (const key of Object.keys(lock.npm)) {
    // `ink@8.0.0_react@19.3.1` is Ink with the React it found.
    const [, name = "", version = ""] = /^(@?[^@]+)@([^_]+)/.exec(key) ?? [];
    const root = `${info.npmCache}/registry.npmjs.org/${name}/${version}`;
    const from = used.has(key) ? entries[name] : [];
    const files = new Set(["package.json"]);
    for (const entry of from ?? []) await reach(root, entry, files);
    await list(root, "", from === undefined ? null : files, unused);
  }
  return unused;
}

/** The lock file's keys of the packages with these names, and of all that they need. */
function packagesOf(lock: Lock, names: ReadonlySet<string>): ReadonlySet<string> {
  const keys = Object.keys(lock.npm);
  const used = new Set<string>();
  // A dependency is a name, or `name@version` where there are several of that name.
  const use = (wanted: string) => {
    const begins = wanted.indexOf("@", 1) > 0 ? wanted : `${wanted}@`;
    for (const key of keys) {
      if (used.has(key) || key !== begins && !key.startsWith(begins)) continue;
      used.add(key);
      lock.npm[key]?.dependencies?.forEach(use);
    }
  };
  names.forEach(use);
  return used;
}

/** Adds the files below a folder of a package that are not in `used` (null: all are), and folders
 *  that hold nothing used as a whole. */
async function list(
  root: string,
  folder: string,
  used: ReadonlySet<string> | null,
  unused: string[],
): Promise<void> {
  let entries: Deno.DirEntry[];
  try {
    entries = await Array.fromAsync(Deno.readDir(`${root}/${folder}`));
  } catch (error) {
    // The lock file also names packages of other systems.
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const hasModules = entries.some(({ name }) => name === "esm");
  for (const { name, isDirectory } of entries) {
    const path = folder + name;
    const isTwin = hasModules && (name === "cjs" || name === "commonjs");
    const isUsed = used === null || used.has(path) ||
      isDirectory && [...used].some((one) => one.startsWith(`${path}/`));
    if (!isUsed || isTwin || !isDirectory && NEVER_READ.test(name)) unused.push(`${root}/${path}`);
    else if (isDirectory) await list(root, `${path}/`, used, unused);
  }
}

async function reach(root: string, path: string, used: Set<string>): Promise<void> {
  if (used.has(path)) return;
  used.add(path);
  const source = await Deno.readTextFile(`${root}/${path}`);
  for (const [, specifier = ""] of source.matchAll(/^(?:import|export|\})[^"\n]*"(\.[^"]+)"/gm)) {
    const url = new URL(specifier, `file:///${path}`);
    await reach(root, url.pathname.slice(1), used);
  }
}

async function* modules(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) yield* modules(path);
    else if (/\.tsx?$/.test(entry.name)) yield await Deno.readTextFile(path);
  }
}

async function outputOf([program = "", ...args]: readonly string[]): Promise<string> {
  const { stdout } = await new Deno.Command(program, { args }).output();
  return new TextDecoder().decode(stdout);
}
