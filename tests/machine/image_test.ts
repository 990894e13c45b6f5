import assert from "node:assert/strict";
import { runChild } from "../support/child.ts";
import { DebianRoot } from "./debian_root.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** What a Dockerfile says, by instruction, in order. */
async function readDockerfile(): Promise<(name: string) => string[]> {
  const text = await Deno.readTextFile(`${ROOT}.ci/package/image/Dockerfile`);
  const lines = text.replace(/\\\n\s*/g, " ").split("\n").filter((line) => /^[A-Z]/.test(line));
  return (name) =>
    lines.filter((line) => line.startsWith(`${name} `)).map((line) => line.slice(name.length + 1));
}

// There is no Docker where this runs: its instructions are done by hand in a root of Debian's, which
// is what the image begins with. The container is a chroot in namespaces of its own, its root
// read-only but for the volume.
Deno.test({
  name: "image: a user without rights runs the service on a read-only root, and is well",
  ignore: Deno.env.get("MAILQ_TEST_SYSTEM") === undefined ||
    Deno.env.get("MAILQ_TEST_PROGRAM") === undefined,
  async fn() {
    await using root = await DebianRoot.make();
    if (root === null) return;
    const says = await readDockerfile();
    assert.deepEqual(says("FROM"), ["debian:bookworm-slim"]);
    for (const copied of says("COPY")) {
      const [from = "", to = ""] = copied.split(" ");
      await Deno.copyFile(`${ROOT}${from}`, root.path(to));
      await Deno.chmod(root.path(to), 0o755);
    }
    for (const line of says("RUN")) await root.sh(line);
    const [uid = ""] = says("USER")[0]?.split(":") ?? [];
    const [volume = ""] = says("VOLUME");
    const env = Object.fromEntries(
      says("ENV").flatMap((line) => line.split(" ")).map((one) => one.split("=", 2)),
    );
    const entry: string[] = JSON.parse(says("ENTRYPOINT")[0] ?? "");
    const [, health = "[]"] = /CMD (\[.*\])$/.exec(says("HEALTHCHECK")[0] ?? "") ?? [];
    // The root read-only, the volume not; then the user, in a user namespace without any right.
    const enter = `mount --rbind ${root.path("")} ${root.path("")} &&
      mount --bind ${root.path(volume)} ${root.path(volume)} &&
      mount -o remount,ro,bind ${root.path("")} &&
      exec setpriv --reuid ${uid} --regid ${uid} --clear-groups --bounding-set=-all \
        unshare --user --map-current-user --root=${root.path("")} --wd=/ "$@"`;
    const inside = (...words: string[]) =>
      runChild(["unshare", "--mount", "sh", "-c", enter, "sh", ...words], {
        env: { ...env, MAILQ_TRANSPORT: "null:", PATH: "/usr/bin:/bin:/usr/sbin:/sbin" },
        clearEnv: true,
      });
    const who = await inside("id", "-u");
    assert.equal(who.stdout, `${uid}\n`, who.stderr);
    assert.match((await inside("touch", "/usr/x")).stderr, /Read-only file system/);
    const queued = await inside("sh", "-c", `echo hi | ${entry[0]} compose bob@example.net`);
    assert.equal(queued.code, 0, queued.stderr);
    const run = await inside(...entry, "run", "--once");
    assert.equal(run.code, 0, run.stderr);
    const sent = await inside(...entry, "list", "--status", "sent");
    assert.match(sent.stdout, /bob@example\.net/);
    const well = await inside(...JSON.parse(health));
    assert.equal(well.code, 0, well.stdout + well.stderr);
  },
});
