import { collect, endChild, type Ended, runChild, startChild } from "../support/child.ts";
import { require } from "./requirements.ts";

const CRON = "/usr/sbin/cron";
const UNSHARE = "/usr/bin/unshare";
const TAIL = "/usr/bin/tail";
const ROUNDS_MS = 150_000;

export interface CronOptions {
  /** A folder of the test's own, for what cron sees in place of the machine's files. */
  readonly folder: string;
  /** /etc/crontab: the only one there is. */
  readonly crontab: string;
  /** /etc/hosts. */
  readonly hosts: string;
  /** The command that is /usr/sbin/sendmail: a link to a program, else a script that calls it. */
  readonly sendmail: readonly string[];
  /** What cron is started with; it hands this on to sendmail, and hardly anything to its jobs. */
  readonly env: Readonly<Record<string, string>>;
}

/** Debian's cron with a crontab, a /usr/sbin/sendmail and an /etc/hosts of its own: the machine's
 *  are hidden from it, and nobody else sees these. */
export class Cron implements AsyncDisposable {
  readonly #ended: Promise<Ended>;

  private constructor(readonly child: Deno.ChildProcess) {
    this.#ended = collect(child);
  }

  static async start({ folder, crontab, hosts, sendmail, env }: CronOptions): Promise<Cron> {
    require(CRON, UNSHARE, TAIL);
    const root = `${folder}/cron`;
    for (const name of ["empty", "sbin"]) await Deno.mkdir(`${root}/${name}`, { recursive: true });
    await Deno.writeTextFile(`${root}/crontab`, crontab, { mode: 0o644 });
    await Deno.writeTextFile(`${root}/hosts`, hosts, { mode: 0o644 });
    await Deno.copyFile(CRON, `${root}/sbin/cron`);
    const [program = "", ...words] = sendmail;
    if (words.length === 0) {
      await Deno.symlink(program, `${root}/sbin/sendmail`);
    } else {
      const script = `#!/bin/sh\nexec ${sendmail.map((word) => `'${word}'`).join(" ")} "$@"\n`;
      await Deno.writeTextFile(`${root}/sbin/sendmail`, script, { mode: 0o755 });
    }
    const setup = `cd "$1"
mount --bind empty /etc/cron.d
mount --bind empty /var/spool/cron/crontabs
mount --bind crontab /etc/crontab
mount --bind hosts /etc/hosts
mount -t tmpfs mailq /run
mount --bind sbin /usr/sbin
exec /usr/sbin/cron -f`;
    const namespace = [UNSHARE, "--mount", "--propagation", "private"];
    const child = startChild([...namespace, "/bin/sh", "-ec", setup, "sh", root], {
      env,
      clearEnv: true,
      cwd: "/",
    });
    return new Cron(child);
  }

  /** Waits for what a job is to bring about; fails if cron ends before that, and after two rounds
   *  of its jobs. */
  async meanwhile(event: Promise<void>): Promise<void> {
    const rounds = Promise.withResolvers<void>();
    const timer = setTimeout(() => rounds.reject(new Error("no job has done it")), ROUNDS_MS);
    const end = this.#ended.then(({ code, stderr }) => {
      throw new Error(`cron ended with ${code}: ${stderr}`);
    });
    // Of an end that comes later nobody needs to know.
    end.catch(() => {});
    try {
      await Promise.race([event, end, rounds.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Resolves once all jobs that have begun are done, and what they printed has been mailed. */
  async jobsDone(): Promise<void> {
    const { pid } = this.child;
    for (;;) {
      const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
      const [job] = children.split(" ").filter((word) => word.trim() !== "");
      if (job === undefined) return;
      await runChild([TAIL, "-s", "0.1", `--pid=${job}`, "-f", "/dev/null"]);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.jobsDone().catch(() => {});
    await endChild(this.child);
    await this.#ended;
  }
}
