import assert from "node:assert/strict";
import { childOk, runChild } from "../support/child.ts";
import { DebianRoot } from "./debian_root.ts";
import { require } from "./requirements.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const SETTINGS = `transport = "maildir:/var/lib/mailq/out"
hostname = "web1.example.org"
admin_address = "ops@example.org"
`;

function systemTest(behaviour: string, fn: () => Promise<void>): void {
  // Only what is built can be packed.
  const ignore = Deno.env.get("MAILQ_TEST_SYSTEM") === undefined ||
    Deno.env.get("MAILQ_TEST_PROGRAM") === undefined;
  Deno.test({ name: `package: ${behaviour}`, ignore, fn });
}

const PACKED = new Map<string, Promise<string[]>>();

/** The packages of dist/mailq by this version, packed once. */
function packed(version: string): Promise<string[]> {
  const known = PACKED.get(version);
  if (known !== undefined) return known;
  const paths = pack(ROOT, version).then(keep);
  PACKED.set(version, paths);
  return paths;
}

/** The next packing begins by clearing the folder. */
async function keep(paths: readonly string[]): Promise<string[]> {
  const folder = await Deno.makeTempDir({ prefix: "mailq-packed-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  return await Promise.all(paths.map(async (path) => {
    const kept = `${folder}/${path.split("/").at(-1)}`;
    await Deno.copyFile(path, kept);
    return kept;
  }));
}

/** The packages of the program in a folder's dist, packed into it. */
async function pack(folder: string, version: string): Promise<string[]> {
  // Each is packed as it was then.
  const deno = [Deno.execPath(), "run", "-A", "--quiet", `${folder}/.ci/package/package.ts`];
  await childOk(deno, {
    cwd: folder,
    env: { MAILQ_CHECK_BUILD: "1", COMPRESSION: "none", VERSION: version },
  });
  const names = [...Deno.readDirSync(`${folder}/dist/packages`)].map(({ name }) => name).sort();
  return names.map((name) => `${folder}/dist/packages/${name}`);
}

async function copyDebs(root: DebianRoot, paths: readonly string[]): Promise<string[]> {
  const debs = paths.filter((path) => path.endsWith(".deb"));
  return await Promise.all(debs.map(async (path) => {
    const inside = `/var/tmp/${path.split("/").at(-1)}`;
    await Deno.copyFile(path, root.path(inside));
    return inside;
  }));
}

/** Resolves with the text of all mail that went out once it has a match. */
async function delivered(root: DebianRoot, wanted: RegExp): Promise<string> {
  const folder = root.path("/var/lib/mailq");
  using watch = Deno.watchFs(folder);
  const changes = watch[Symbol.asyncIterator]();
  for (;;) {
    const { stdout } = await root.try("cat /var/lib/mailq/out/new/* 2>/dev/null");
    if (wanted.test(stdout)) return stdout;
    await changes.next();
  }
}

systemTest(
  "two debs, a list of what is inside, and the sums of all; lintian finds nothing that is not explained",
  async () => {
    require("/usr/bin/dpkg-deb", "/usr/bin/lintian");
    const paths = await pack(ROOT, "0.1.0~test1");
    const names = paths.map((path) => path.split("/").at(-1));
    assert.deepEqual(names.map((name) => name?.replace(/_[a-z0-9]+\.deb/, "")), [
      "SHA256SUMS",
      "mailq-mta_0.1.0~test1",
      "mailq.cdx.json",
      "mailq_0.1.0~test1",
    ]);
    await childOk(["sha256sum", "--check", "--strict", "SHA256SUMS"], {
      cwd: `${ROOT}dist/packages`,
    });
    const debs = paths.filter((path) => path.endsWith(".deb"));
    // They are packed without compression here, for speed alone.
    const suppressed = ["control", "data"].map((part) => `uses-no-compression-for-${part}-tarball`);
    const lint = await runChild([
      "lintian",
      ...["--fail-on", "error,warning", "--suppress-tags", suppressed.join(",")],
      ...debs,
    ]);
    assert.equal(lint.code, 0, lint.stdout);
    const bom = JSON.parse(await Deno.readTextFile(`${ROOT}dist/packages/mailq.cdx.json`));
    assert.deepEqual([bom.bomFormat, bom.specVersion], ["CycloneDX", "1.6"]);
    const held = bom.components.map(({ name }: { name: string }) => name);
    for (
      const name of [
        "deno",
        "sqlite",
        "@stricli/core",
        "ink",
        "react",
        "scheduler",
        "pg",
        "entities",
      ]
    ) {
      assert.ok(held.includes(name), name);
    }
    for (const name of ["fast-check", "smtp-server", "@types/react", "esbuild", "type-fest"]) {
      assert.ok(!held.includes(name), name);
    }
  },
);

systemTest("what is packed twice is the same, byte for byte", async () => {
  require("/usr/bin/dpkg-deb");
  await pack(ROOT, "0.1.0~test1");
  const first = await Deno.readTextFile(`${ROOT}dist/packages/SHA256SUMS`);
  await pack(ROOT, "0.1.0~test1");
  assert.equal(await Deno.readTextFile(`${ROOT}dist/packages/SHA256SUMS`), first);
});

systemTest(
  "on a fresh Debian cron, PHP and logwatch mail, an upgrade keeps what waits, and purge keeps mail",
  async () => {
    require("/usr/bin/dpkg-deb");
    await using root = await DebianRoot.make();
    if (root === null) return;
    // logwatch wants a mail server: mailq-mta is one.
    await root.install(...await copyDebs(root, await packed("0.1.0~test1")), "logwatch");
    await Deno.writeTextFile(root.path("/etc/mailq.toml"), SETTINGS);
    await root.sh("useradd --create-home ann");
    await root.sh('echo "* * * * * echo cron says hello" | crontab -', { user: "ann" });
    await root.sh('php -r \'mail("bob@example.net", "From PHP", "hi") || exit(1);\'', {
      user: "ann",
    });
    await root.sh(
      "logwatch --output mail --mailto root --range all --detail high --service zz-disk_space",
    );
    await root.sh("service cron start");
    const sent = await delivered(root, /cron says hello[^]*Logwatch for|Logwatch for[^]*cron says/);
    assert.match(sent, /^From: ann@web1\.example\.org$/m);
    assert.match(sent, /^Subject: From PHP\r?$/m);
    assert.match(sent, /^Delivered-To: ops@example\.org$/m);
    await root.sh("kill $(cat /run/crond.pid); rm /run/crond.pid");

    await root.sh("echo waits | mailq compose --hold -s Waiting bob@example.net", { user: "ann" });
    await root.install(...await copyDebs(root, await packed("0.1.0~test2")));
    assert.match(await root.sh("dpkg-query -W -f '${Version}' mailq-mta"), /test2/);
    assert.equal(await Deno.readTextFile(root.path("/etc/mailq.toml")), SETTINGS);
    await root.sh("mailq send", { user: "mailq" });
    assert.match(await root.sh("mailq list --status held"), /Waiting/);

    const said = await root.sh("apt-get purge -y mailq-mta mailq logwatch");
    assert.match(said, /the queue is kept in \/var\/lib\/mailq/);
    assert.equal(
      (await root.try("ls /usr/sbin/sendmail /etc/mailq.toml /usr/bin/mailq")).stdout,
      "",
    );
    assert.match(await root.sh("ls /var/lib/mailq"), /^queue\.db$/m);
  },
);

systemTest("an upgrade from the commit before sends what waited", async () => {
  require("/usr/bin/dpkg-deb", "/usr/bin/git");
  await using root = await DebianRoot.make();
  if (root === null) return;
  const before = await Deno.makeTempDir({ prefix: "mailq-before-" });
  try {
    // A clone without history has no commit before.
    const known = await runChild(["git", "rev-parse", "--verify", "HEAD~1"], { cwd: ROOT });
    const commit = known.code === 0 ? "HEAD~1" : "HEAD";
    await childOk(["git", "worktree", "add", "--detach", `${before}/tree`, commit], { cwd: ROOT });
    const tree = `${before}/tree`;
    await childOk([Deno.execPath(), "task", "compile"], {
      cwd: tree,
      env: { MAILQ_CHECK_BUILD: "1" },
    });
    await root.install(...await copyDebs(root, await pack(tree, "0.1.0~test1")));
    await Deno.writeTextFile(root.path("/etc/mailq.toml"), SETTINGS);
    await root.sh("useradd ann");
    await root.sh("echo in | mailq compose -s Queued bob@example.net", { user: "ann" });
    await root.sh("mailq send", { user: "mailq" });
    await root.sh("echo out | mailq compose -s Dropped bob@example.net", { user: "ann" });
    await root.install(...await copyDebs(root, await packed("0.1.0~test2")));
    await root.sh("mailq send", { user: "mailq" });
    const subjects = await root.sh("grep -h ^Subject: /var/lib/mailq/out/new/*");
    assert.deepEqual(subjects.trim().split(/\r?\n/).sort(), [
      "Subject: Dropped",
      "Subject: Queued",
    ]);
  } finally {
    await runChild(["git", "worktree", "remove", "--force", `${before}/tree`], { cwd: ROOT });
    await Deno.remove(before, { recursive: true });
  }
});

systemTest("purge deletes mail where it is asked to", async () => {
  await using root = await DebianRoot.make();
  if (root === null) return;
  await root.install(...await copyDebs(root, await packed("0.1.0~test1")));
  await root.sh("echo hi | mailq compose bob@example.net");
  await root.sh("PURGE_MAIL=yes apt-get purge -y mailq-mta");
  assert.equal((await root.try("ls -d /var/lib/mailq")).code, 2);
});

systemTest("the program stands beside another mail server, whose mailq is mailq.mta", async () => {
  await using root = await DebianRoot.make();
  if (root === null) return;
  await root.sh("mkdir -p /x/DEBIAN /x/usr/bin; echo '#!/bin/sh\necho other' > /x/usr/bin/mailq");
  await root.sh(
    "chmod 755 /x/usr/bin/mailq; printf 'Package: other\nVersion: 1\n" +
      "Architecture: all\nMaintainer: a <a@b.c>\nDescription: x\n' > /x/DEBIAN/control",
  );
  await root.sh("dpkg-deb --build /x /var/tmp/other.deb; dpkg -i /var/tmp/other.deb");
  const [, program = ""] = await copyDebs(root, await packed("0.1.0~test1"));
  await root.sh(`dpkg -i ${program}`);
  assert.match(await root.sh("mailq --version"), /^mailq 0\.1\.0/m);
  assert.equal(await root.sh("mailq.mta"), "other\n");
  await root.sh("dpkg -r mailq");
  assert.equal(await root.sh("mailq"), "other\n");
});
