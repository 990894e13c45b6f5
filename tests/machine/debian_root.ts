import { runChild } from "../support/child.ts";

const CACHE = `${Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME")}/.cache`}/mailq-debian`;
const BASE = `${CACHE}/bookworm`;
const MIRROR = "http://deb.debian.org/debian";
/** What the tests use of Debian; no mail server. */
const PACKAGES = "cron,php-cli,ca-certificates";

/** A fresh Debian in a root of its own. What is done to it is gone with it. */
export class DebianRoot implements AsyncDisposable {
  private constructor(readonly folder: string) {}

  /** Null, and a line says why, where none can be made: there is no debootstrap, no Debian to be
   *  reached, or nothing may be mounted. The first one takes minutes; it is kept in a cache. */
  static async make(): Promise<DebianRoot | null> {
    if (!await isThere(`${BASE}/bin/sh`)) {
      await Deno.mkdir(CACHE, { recursive: true });
      const made = `${CACHE}/new-${Deno.pid}`;
      const args = ["--variant=minbase", `--include=${PACKAGES}`, "bookworm", made, MIRROR];
      const { code } = await runChild(["debootstrap", ...args]).catch(() => ({ code: 127 }));
      if (code !== 0) return cannot(`debootstrap ended with ${code}`);
      await Deno.rename(made, BASE);
    }
    const folder = await Deno.makeTempDir({ prefix: "mailq-debian-" });
    await Deno.chmod(folder, 0o711);
    for (const name of ["upper", "work", "root"]) await Deno.mkdir(`${folder}/${name}`);
    const options = `lowerdir=${BASE},upperdir=${folder}/upper,workdir=${folder}/work`;
    const mount = ["mount", "-t", "overlay", "overlay", "-o", options, `${folder}/root`];
    if ((await runChild(mount)).code !== 0) return cannot("overlayfs cannot be mounted");
    const root = new DebianRoot(folder);
    await runChild(["mount", "-t", "proc", "proc", root.path("/proc")]);
    await runChild(["mount", "--rbind", "/dev", root.path("/dev")]);
    await runChild(["mount", "--make-rslave", root.path("/dev")]);
    await Deno.copyFile("/etc/resolv.conf", root.path("/etc/resolv.conf"));
    return root;
  }

  path(inside: string): string {
    return `${this.folder}/root${inside}`;
  }

  /** Runs a line of sh as root, or as another user, and returns what it said on both streams. Throws if
   *  it fails. */
  async sh(line: string, { user = "root" }: { readonly user?: string } = {}): Promise<string> {
    const { code, stdout, stderr } = await this.try(line, { user });
    if (code === 0) return stdout + stderr;
    throw new Error(`${line} ended with ${code}:\n${stdout}${stderr}`);
  }

  try(line: string, { user = "root" }: { readonly user?: string } = {}) {
    const command = user === "root"
      ? ["/bin/sh", "-c", line]
      : ["su", user, "-s", "/bin/sh", "-c", line];
    return runChild(["chroot", this.path(""), ...command], {
      env: {
        PATH: "/usr/sbin:/usr/bin:/sbin:/bin",
        HOME: "/root",
        LC_ALL: "C.UTF-8",
        DEBIAN_FRONTEND: "noninteractive",
      },
      clearEnv: true,
    });
  }

  async install(...packages: string[]): Promise<string> {
    return await this.sh(`apt-get install -y --no-install-recommends ${packages.join(" ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A daemon is known by the file it leaves.
    await this.sh("[ ! -e /run/crond.pid ] || kill $(cat /run/crond.pid)").catch(() => {});
    await runChild(["umount", "--recursive", "--lazy", this.path("")]);
    await Deno.remove(this.folder, { recursive: true });
  }
}

function cannot(why: string): null {
  console.log(`no root of Debian's can be made here: ${why}`);
  return null;
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
