import assert from "node:assert/strict";
import { isOldDeno } from "../../src/cli/frame/version.ts";
import { type Ended, runChild } from "../support/child.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** A folder to build in, with a Deno that makes a program which says what it runs on. */
class Yard implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** `flags` are what `deno compile --help=full` of that Deno names. */
  static async make(base: string, flags = "--exclude-unused-npm"): Promise<Yard> {
    const folder = await Deno.makeTempDir({ prefix: "mailq-build-" });
    for (const name of ["src", "deno.lock", "main.ts"]) {
      await Deno.symlink(`${ROOT}${name}`, `${folder}/${name}`);
    }
    await Deno.mkdir(`${folder}/dist`);
    await Deno.writeTextFile(`${folder}/dist/mailq`, "the last build");
    const deno = `#!/bin/sh
case "$1 $2" in
  "compile --help=full") echo "${flags}"; exit ;;
  "info --json") exec "${Deno.execPath()}" info --json ;;
esac
echo "$*" >> "${folder}/compiled"
cat > dist/mailq.new <<'END'
#!/bin/sh
[ "$*" = "--version --json" ] && echo '{"version": "0.1.0", "deno": "${base}"}'
END
chmod 755 dist/mailq.new
`;
    await Deno.writeTextFile(`${folder}/deno`, deno, { mode: 0o755 });
    return new Yard(folder);
  }

  compile(env: Readonly<Record<string, string>> = {}, ...args: string[]): Promise<Ended> {
    const command = [Deno.execPath(), "run", "--quiet", "--allow-all"];
    return runChild([...command, `${ROOT}.ci/compile.ts`, ...args], {
      cwd: this.folder,
      env: { MAILQ_CHECK_BUILD: "", ...env, COMPILE_DENO: `${this.folder}/deno` },
    });
  }

  async hasNewBuild(): Promise<boolean> {
    const names = [...Deno.readDirSync(`${this.folder}/dist`)].map(({ name }) => name);
    assert.deepEqual(names, ["mailq"]);
    return await Deno.readTextFile(`${this.folder}/dist/mailq`) !== "the last build";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}

const AGES: readonly [string, boolean][] = [
  ["1.46.3", true],
  ["2.4.2", true],
  ["2.8.11", true],
  ["2.9.0", false],
  ["2.9.6", false],
  ["2.10.0", false],
  ["3.0.0", false],
];
for (const [version, isOld] of AGES) {
  Deno.test(`isOldDeno: ${version} is ${isOld ? "too old" : "new enough"}`, () => {
    assert.equal(isOldDeno(version), isOld);
  });
}

Deno.test("compile: a base older than mailq needs is refused, and the last build stays", async () => {
  await using yard = await Yard.make("2.4.2");
  const { code, stdout, stderr } = await yard.compile();
  assert.equal(code, 1);
  assert.equal(stdout, "");
  assert.match(stderr, /^Cannot build on Deno 2\.4\.2: mailq needs 2\.9 [^\n]*BUILD=1\n$/);
  assert.equal(await yard.hasNewBuild(), false);
});

Deno.test("compile: a check build is made when asked for, and says that it is one", async () => {
  await using yard = await Yard.make("2.4.2");
  const { code, stdout, stderr } = await yard.compile({ MAILQ_CHECK_BUILD: "1" });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^dist\/mailq: [\d.]+ MB, a check build on Deno 2\.4\.2: not for use\n$/);
  assert.equal(await yard.hasNewBuild(), true);
});

Deno.test("compile: a check build is installed only where that is said", async () => {
  await using yard = await Yard.make("2.4.2");
  const refused = await yard.compile({ MAILQ_CHECK_BUILD: "1" }, "--for-install");
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /BUILD=install\n$/);
  assert.equal(await yard.hasNewBuild(), false);
  const { code, stderr } = await yard.compile({ MAILQ_CHECK_BUILD: "install" }, "--for-install");
  assert.equal(code, 0, stderr);
  assert.equal(await yard.hasNewBuild(), true);
});

for (const args of [[], ["--for-install"]]) {
  Deno.test(`compile ${args.join("")}: a base that is new enough needs no word`, async () => {
    await using yard = await Yard.make("2.9.6");
    const { code, stdout, stderr } = await yard.compile({}, ...args);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^dist\/mailq: [\d.]+ MB\n$/);
    assert.equal(await yard.hasNewBuild(), true);
  });
}

for (const flags of ["--exclude-unused-npm", "--exclude"]) {
  Deno.test(`compile: a Deno that knows ${flags} builds by the lock file`, async () => {
    await using yard = await Yard.make("2.9.6", flags);
    assert.equal((await yard.compile()).code, 0);
    const called = (await Deno.readTextFile(`${yard.folder}/compiled`)).trim().split(" ");
    assert.ok(called.includes("--frozen"));
    assert.ok(!called.includes("--no-lock"));
    assert.equal(called.includes("--exclude-unused-npm"), flags === "--exclude-unused-npm");
  });
}
