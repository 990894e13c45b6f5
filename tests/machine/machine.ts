import assert from "node:assert/strict";
import { childOk, collect, type Ended, startChild } from "../support/child.ts";
import { PROGRAM } from "../support/mailq.ts";
import { require } from "./requirements.ts";

const UNSHARE = "/usr/bin/unshare";
const CRON = "/usr/sbin/cron";

/** Folders of the machine that are written in freely: nobody else sees it. */
const OWN = ["etc", "var", "home", "usr/local", "usr/sbin", "usr/bin"];

/** A machine of its own in what root sees of this one: other files in /etc, /var and the like, its own
 *  /run, processes and cron, and mailq as its sendmail. The network is the real one. */
export class TestMachine implements AsyncDisposable {
  #steps = 0;
  readonly #ended: Promise<Ended>;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array>;
  readonly #files: Deno.FsWatcher;

  private constructor(readonly folder: string, readonly child: Deno.ChildProcess) {
    this.#stdin = child.stdin.getWriter();
    this.#ended = collect(child);
    this.#files = Deno.watchFs(folder, { recursive: false });
  }

  /** With `like`, whose files it begins with. */
  static async make({ like }: { readonly like?: TestMachine } = {}): Promise<TestMachine> {
    require(UNSHARE, CRON);
    const folder = await Deno.makeTempDir({ prefix: "mailq-machine-" });
    if (like !== undefined) await childOk(["/usr/bin/cp", "-a", `${like.folder}/up`, folder]);
    for (const name of OWN) {
      for (const part of ["up", "work"]) {
        await Deno.mkdir(`${folder}/${part}/${name}`, { recursive: true });
      }
    }
    await Deno.writeTextFile(`${folder}/prelude`, PRELUDE);
    const child = startChild(
      [UNSHARE, "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "--propagation"]
        .concat(["private", "/bin/sh"]),
      { stdin: "", clearEnv: true, env: environment(folder), cwd: "/" },
    );
    const machine = new TestMachine(folder, child);
    const mounts = OWN.map((name) =>
      `mount -t overlay overlay -o ${
        ["lowerdir=/", "upperdir=up/", "workdir=work/"]
          .map((part) => part.replace(/(up|work)\//, `${folder}/$1/`) + name).join(",")
      } /${name}`
    );
    const setUp = like === undefined ? SET_UP : "";
    await machine.ok(`${mounts.join("\n")}\nmount -t tmpfs run /run\n${setUp}cron`);
    return machine;
  }

  /** Runs lines of a shell, with -e. */
  async run(script: string): Promise<{ code: number; stdout: string; stderr: string }> {
    const step = `${this.folder}/step-${++this.#steps}`;
    await Deno.writeTextFile(step, `. ${this.folder}/prelude\n${script}\n`);
    await this.#stdin.write(new TextEncoder().encode(
      `/bin/sh -e ${step} > ${step}.out 2> ${step}.err < /dev/null; echo $? > ${step}.new; ` +
        `mv ${step}.new ${step}.end\n`,
    ));
    const code = Number(await this.#content(`${step}.end`));
    const read = (end: string) => Deno.readTextFile(`${step}.${end}`);
    return { code, stdout: await read("out"), stderr: await read("err") };
  }

  async ok(script: string): Promise<string> {
    const { code, stdout, stderr } = await this.run(script);
    assert.equal(code, 0, `${script}\n${stdout}${stderr}`);
    return stdout;
  }

  /** The text of a file as soon as it is there; throws if the machine's shell ends before that. */
  async #content(path: string): Promise<string> {
    const changes = this.#files[Symbol.asyncIterator]();
    const ended = this.#ended.then(({ stderr }) => {
      throw new Error(`the machine has ended: ${stderr}`);
    });
    ended.catch(() => {});
    for (;;) {
      try {
        return await Deno.readTextFile(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
      await Promise.race([changes.next(), ended]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stdin.close().catch(() => {});
    await this.#ended;
    this.#files.close();
    await Deno.remove(this.folder, { recursive: true });
  }
}

function environment(folder: string): Record<string, string> {
  return {
    PATH: "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
    HOME: "/home/root",
    MACHINE: folder,
    OWN: PROGRAM.length === 1 ? PROGRAM[0] ?? "" : "/usr/local/lib/mailq",
    DENO_DIR: Deno.env.get("DENO_DIR") ?? `${Deno.env.get("HOME")}/.cache/deno`,
    PROGRAM: PROGRAM.map((word) => `'${word}'`).join(" "),
    TZ: "UTC",
  };
}

/** What people type besides programs: root needs no sudo, and edits by what a test says. */
const PRELUDE = `sudo() {
  if [ "$1" = -u ]; then shift 2; fi
  "$@"
}
# A list of mounts of its own can be had by one process alone: it becomes mailq.
mailq() {
  if [ -e "$MACHINE/mountinfo" ]; then
    sh -c 'mount --bind "$MACHINE/mountinfo" /proc/$$/mountinfo; exec mailq "$@"' mailq "$@"
  else
    command mailq "$@"
  fi
}
`;

/** A machine on which all is well, but for its settings. */
const SET_UP = `umask 022
mkdir -p /home/root /var/spool/cron/crontabs
rm -rf /var/lib/mailq /etc/cron.d/* /var/spool/postfix /var/spool/cron/crontabs/* /etc/mailq.toml
if [ "$OWN" = /usr/local/lib/mailq ]; then
  printf '#!/bin/sh\\nexec %s "$@"\\n' "$PROGRAM" > "$OWN"
  chmod 755 "$OWN"
fi
ln -sf "$OWN" /usr/local/bin/mailq
for name in /usr/sbin/sendmail /usr/bin/newaliases; do rm -f $name; ln -s /usr/local/bin/mailq $name; done
echo web1.sender.test > /etc/mailname
echo '127.0.0.1 localhost relay.test mail.test' > /etc/hosts
echo 'root: ops@receiver.test' > /etc/aliases
`;
