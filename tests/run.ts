// Runs a part of the tests, says after their closing line what did not run and how to run it, and
// exits as they did: `deno task test`, `test:soak`, `test:system`, `test:binary`. Arguments behind
// the task's name are those of `deno test`; paths among them take the place of the part's folders.
import { startChild } from "./support/child.ts";

const ROOT = new URL("../", import.meta.url).pathname;
const BINARY = `${ROOT}dist/mailq`;

interface Part {
  readonly folders: readonly string[];
  readonly flags: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** The parts that are named as not run. */
  readonly others: readonly (keyof typeof HINTS)[];
}

const HINTS = {
  soak: "the soak tests (hundreds of kills, long streams): deno task test:soak",
  system: "the tests that need root and Debian's programs: sudo deno task test:system",
  binary: "the end-to-end tests on the binary: deno task compile && deno task test:binary",
} as const;

const PARTS: Readonly<Record<string, Part>> = {
  test: {
    folders: ["tests"],
    flags: ["--parallel", "--ignore=tests/soak,tests/machine"],
    others: ["soak", "system", "binary"],
  },
  soak: { folders: ["tests/soak"], flags: ["--parallel"], others: [] },
  system: { folders: ["tests/machine"], flags: [], env: { MAILQ_TEST_SYSTEM: "1" }, others: [] },
  binary: {
    folders: ["tests/e2e", "tests/soak"],
    flags: ["--parallel"],
    env: { MAILQ_TEST_PROGRAM: Deno.env.get("MAILQ_TEST_PROGRAM") ?? BINARY },
    others: [],
  },
};

const [name = "", ...args] = Deno.args;
const part = PARTS[name];
if (part === undefined) {
  console.error(`Cannot run "${name}": expected ${Object.keys(PARTS).join(", ")}`);
  Deno.exit(64);
}
const program = part.env?.MAILQ_TEST_PROGRAM;
if (program !== undefined && !await isThere(program)) {
  console.error(`Cannot run ${program}: build it by deno task compile`);
  Deno.exit(66);
}
const hasPaths = args.some((arg) => !arg.startsWith("-"));
const command = [
  ...[Deno.execPath(), "test", "--quiet", "--allow-all", ...part.flags, ...args],
  ...(hasPaths ? [] : part.folders),
];
const { code } = await startChild(command, {
  cwd: ROOT,
  env: part.env,
  stdout: "inherit",
  stderr: "inherit",
}).status;
if (!hasPaths && part.others.length > 0) {
  console.log("Not run:");
  for (const other of part.others) console.log(`  ${HINTS[other]}`);
}
Deno.exit(code);

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
