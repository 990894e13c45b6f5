// Packs dist/mailq: two Debian packages, a list of what it holds (CycloneDX) and the sums of all, into
// dist/packages. `deno task package` runs it after `deno task compile`. COMPRESSION names another
// way of packing than xz (gzip, none), and VERSION another version, for tests.

import { isOldDeno, NEEDED_DENO } from "../../src/cli/frame/version.ts";
import { makeDeb, type PackedFile, run } from "./deb.ts";
import { makeSbom, type Versions } from "./sbom.ts";

const HERE = new URL("./", import.meta.url).pathname;
const PROGRAM = `${Deno.cwd()}/dist/mailq`;
const TO = `${Deno.cwd()}/dist/packages`;
/** Where the program is once it is installed. */
const INSTALLED = "/usr/bin/mailq";

const versions: Versions = JSON.parse(await mailq("--version", "--json"));
const isCheckBuild = isOldDeno(versions.deno);
if (isCheckBuild && Deno.env.get("MAILQ_CHECK_BUILD") !== "1") {
  console.error(
    `Cannot pack a check build: dist/mailq is on Deno ${versions.deno}, and mailq needs ` +
      `${NEEDED_DENO} or later; for packages that are for tests alone set MAILQ_CHECK_BUILD=1`,
  );
  Deno.exit(1);
}
const time = Number(await git("log", "-1", "--format=%ct"));
const version = Deno.env.get("VERSION") ?? await versionOf();
const architecture = (await run("dpkg", ["--print-architecture"])).trim();
const compression = Deno.env.get("COMPRESSION") ?? "xz";
await Deno.remove(TO, { recursive: true }).catch(() => {});
await Deno.mkdir(TO, { recursive: true });
const shared = { version, time, compression, to: TO };
await makeDeb({ ...shared, name: "mailq", architecture, files: await programFiles() });
await makeDeb({
  ...shared,
  name: "mailq-mta",
  architecture: "all",
  files: await serverFiles(),
  settings: ["/etc/cron.d/mailq-mta"],
});
await Deno.writeTextFile(`${TO}/mailq.cdx.json`, await makeSbom(versions, time));
await Deno.writeTextFile(`${TO}/SHA256SUMS`, await sums());
console.log((await sums()).trimEnd());

/** Of a commit that has a version's tag its name, else one that sorts before it. */
async function versionOf(): Promise<string> {
  const tags = (await git("tag", "--points-at", "HEAD")).split("\n");
  if (tags.includes(`v${versions.version}`) && !isCheckBuild) return versions.version;
  const count = (await git("rev-list", "--count", "HEAD")).trim();
  const hash = (await git("rev-parse", "--short=8", "HEAD")).trim();
  return `${versions.version}~git${count}.${hash}`;
}

async function programFiles(): Promise<PackedFile[]> {
  const pages: PackedFile[] = [];
  for (
    const [page, section] of [["mailq", 1], ["mailq-sendmail", 8], ["mailq.toml", 5], [
      "mailq-events",
      7,
    ]] as const
  ) {
    const path = `usr/share/man/man${section}/${page}.${section}.gz`;
    pages.push({ path, content: await gzip(await mailq("man", page)) });
  }
  const completions = {
    bash: "usr/share/bash-completion/completions/mailq",
    zsh: "usr/share/zsh/vendor-completions/_mailq",
    fish: "usr/share/fish/vendor_completions.d/mailq.fish",
  };
  const scripts: PackedFile[] = [];
  for (const [shell, path] of Object.entries(completions)) {
    scripts.push({ path, content: bytes(await mailq("completions", shell)) });
  }
  return [
    { path: "usr/bin/mailq", content: { from: PROGRAM }, mode: 0o755 },
    ...pages,
    ...scripts,
    ...await documents("mailq"),
  ];
}

async function serverFiles(): Promise<PackedFile[]> {
  const own = (name: string) => ({ from: `${HERE}mailq-mta/${name}` });
  return [
    { path: "usr/sbin/sendmail", content: { link: "../bin/mailq" } },
    { path: "usr/lib/sendmail", content: { link: "../sbin/sendmail" } },
    { path: "usr/bin/newaliases", content: { link: "mailq" } },
    { path: "lib/systemd/system/mailq.service", content: bytes(await unit()) },
    { path: "usr/lib/sysusers.d/mailq.conf", content: own("sysusers") },
    { path: "usr/lib/tmpfiles.d/mailq.conf", content: own("tmpfiles") },
    { path: "etc/cron.d/mailq-mta", content: own("cron") },
    ...await documents("mailq-mta"),
  ];
}

/** The unit that `mailq init systemd` prints, for the program where it will be. */
async function unit(): Promise<string> {
  const text = await mailq("init", "systemd", "--user", "mailq");
  return text.replace(/^# .*\n/, "").replaceAll(PROGRAM, INSTALLED);
}

async function documents(name: string): Promise<PackedFile[]> {
  const date = await run("date", ["--utc", "--rfc-email", `--date=@${time}`]);
  const changes = `${name} (${version}) unstable; urgency=medium

  * CHANGELOG.md of the source says what is new.

 -- The mailq authors <mailq@users.noreply.github.com>  ${date}`;
  const copyright = `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/

Files: *
Copyright: 2026 The mailq authors
License: Expat
${
    (await Deno.readTextFile("LICENSE")).split("\n").slice(4).map((line) =>
      line === "" ? " ." : ` ${line}`
    ).join("\n").replace(/( \.\n?)+$/, "")
  }
`;
  return [
    { path: `usr/share/doc/${name}/changelog.gz`, content: await gzip(changes) },
    { path: `usr/share/doc/${name}/copyright`, content: bytes(copyright) },
    {
      path: `usr/share/lintian/overrides/${name}`,
      content: { from: `${HERE}${name}/lintian-overrides` },
    },
  ];
}

async function sums(): Promise<string> {
  const names = [...Deno.readDirSync(TO)].map(({ name }) => name)
    .filter((name) => name !== "SHA256SUMS").sort();
  const { stdout } = await new Deno.Command("sha256sum", { args: names, cwd: TO }).output();
  return new TextDecoder().decode(stdout);
}

async function mailq(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(PROGRAM, {
    args,
    env: { PATH: Deno.env.get("PATH") ?? "", HOME: "/nonexistent", MAILQ_CONFIG: "/dev/null" },
    clearEnv: true,
  }).output();
  if (code === 0) return new TextDecoder().decode(stdout);
  throw new Error(`${PROGRAM} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
}

async function git(...args: string[]): Promise<string> {
  return await run("git", args);
}

/** As `gzip -9n`: without a name and a time. */
async function gzip(text: string): Promise<Uint8Array> {
  const child = new Deno.Command("gzip", { args: ["-9n"], stdin: "piped", stdout: "piped" })
    .spawn();
  const output = child.output();
  const writer = child.stdin.getWriter();
  await writer.write(bytes(text));
  await writer.close();
  return (await output).stdout;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
