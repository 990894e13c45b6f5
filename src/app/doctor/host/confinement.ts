// The checks "SELinux" and "AppArmor": whether the kernel keeps mailq from its files, or from the
// network, whatever modes say.

import { type Check, type Finding, ok, warning } from "../check.ts";
import { askProgram, readIfAny, realPathIfAny } from "../look.ts";

interface Facts {
  /** Null where the kernel has no SELinux. */
  readonly selinux: {
    readonly isEnforcing: boolean;
    /** The type of our process, such as `unconfined_t`. */
    readonly ownType: string;
    /** The type of the queue's file; null where it has none. */
    readonly queueType: string | null;
  } | null;
  /** The profile that confines us, with its mode; null where none does. */
  readonly appArmor: string | null;
  readonly queue: string | null;
}

/** What the policy lets mail programs keep their queues in. */
const QUEUE_TYPES =
  /^(mail_spool_t|mqueue_spool_t|var_lib_t|system_mail_\w+|mailq_\w+|user_home_t|data_home_t)$/;

export const check: Check<Facts> = {
  async gather({ queueFile }) {
    const queue = queueFile === null ? null : realPathIfAny(queueFile);
    const enforce = readIfAny("/sys/fs/selinux/enforce");
    const label = readIfAny("/proc/self/attr/current")?.replace(/\0/g, "").trim() ?? "";
    const own = readIfAny("/proc/self/attr/apparmor/current")?.trim() ?? label;
    const isConfined = / \((enforce|kill|complain)\)$/.test(own);
    return {
      selinux: enforce === null ? null : {
        isEnforcing: enforce.trim() === "1",
        ownType: typeOf(label) ?? "unknown",
        queueType: queue === null
          ? null
          : typeOf(await askProgram("stat", "-c", "%C", queue) ?? ""),
      },
      appArmor: isConfined ? own : null,
      queue,
    };
  },
  judge: (facts) => [judgeSelinux(facts), judgeAppArmor(facts)],
};

function judgeSelinux({ selinux, queue }: Facts): Finding {
  const name = { name: "SELinux" };
  if (selinux === null) return ok("not in use", name);
  const { isEnforcing, ownType, queueType } = selinux;
  if (!isEnforcing) return ok("it lets all pass (permissive)", name);
  const isFree = /^(unconfined_|initrc_t$|unconfined_service_t$)/.test(ownType);
  if (!isFree && queueType !== null && !QUEUE_TYPES.test(queueType)) {
    return warning(
      `${queue} is of type ${queueType}, which ${ownType} may not write`,
      `sudo semanage fcontext -a -t mail_spool_t "${
        folderPattern(queue)
      }" && sudo restorecon -Rv ` +
        `${queue}`,
      name,
    );
  }
  return ok(`enforcing; we run as ${ownType}`, name);
}

function folderPattern(queue: string | null): string {
  return `${(queue ?? "/").replace(/\/[^/]*$/, "")}(/.*)?`;
}

function judgeAppArmor({ appArmor }: Facts): Finding {
  const name = { name: "AppArmor" };
  if (appArmor === null) return ok("no profile confines us", name);
  if (appArmor.endsWith("(complain)")) return ok(`${appArmor}: it lets all pass`, name);
  const profile = appArmor.replace(/ \(\w+\)$/, "");
  return warning(
    `the profile ${appArmor} confines us, and may keep us from queue, settings or relay`,
    `sudo aa-complain ${profile} && journalctl -k -g apparmor  (then allow what it names)`,
    name,
  );
}

function typeOf(label: string): string | null {
  return /^[^:\s]+:[^:\s]+:([^:\s]+)/.exec(label.trim())?.[1] ?? null;
}
