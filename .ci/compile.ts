// Builds dist/mailq, one self-contained file. COMPILE_DENO names another Deno to build with,
// DENORT_BIN the runtime base that one uses.

const deno = Deno.env.get("COMPILE_DENO") ?? Deno.execPath();
const permissions = ["read", "write", "net", "env", "run", "sys"].map((name) => `--allow-${name}`);

const help = new TextDecoder().decode(
  (await new Deno.Command(deno, { args: ["compile", "--help=full"] }).output()).stdout,
);
// Without --exclude-unused-npm everything that the lock file names would be embedded, test
// dependencies too.
const lean = help.includes("--exclude-unused-npm") ? ["--exclude-unused-npm"] : ["--no-lock"];

const { code } = await new Deno.Command(deno, {
  args: [
    "compile",
    "--quiet",
    "--no-check",
    ...lean,
    ...permissions,
    "--output",
    "dist/mailq",
    "main.ts",
  ],
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
const { size } = await Deno.stat("dist/mailq");
console.log(`dist/mailq: ${(size / 1024 / 1024).toFixed(1)} MB`);
