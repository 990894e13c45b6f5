// The check "other queues": whether mail waits in queues that nobody sends from any more. A user's own
// queue is left behind when the machine gets one for all.

import { isThere } from "../../../system/files.ts";
import { type Check, ok, warning } from "../check.ts";
import { readIfAny, realPathIfAny } from "../look.ts";

interface Facts {
  /** The user's own queue, where another is in use; null where there is none. */
  readonly own: {
    readonly path: string;
    /** Messages that are to be sent still. */
    readonly open: number;
    /** When a pass ended last; null = never. */
    readonly lastRoundAt: number | null;
  } | null;
  /** Other users' own queues. What is in them, root is not to open: anybody can put anything there. */
  readonly others: readonly { readonly user: string; readonly path: string }[];
  readonly now: number;
}

const DAY_MS = 24 * 60 * 60_000;
const OWN_QUEUE = ".local/state/mailq/queue.db";

export const check: Check<Facts> = {
  async gather(patient) {
    const { app, settings, isRoot, queueFile, now } = patient;
    const inUse = queueFile === null ? null : realPathIfAny(queueFile);
    const path = realPathIfAny(`${app.env.HOME ?? ""}/${OWN_QUEUE}`);
    let own: Facts["own"] = null;
    if (path !== null && path !== inUse) {
      const store = await app.openQueue({ ...settings, queue: path }, { create: false });
      const { queued, sending, deferred, lastRoundAt } = await store.status();
      own = { path, open: queued + sending + deferred, lastRoundAt };
    }
    const others = (isRoot ? homes() : []).map(({ user, home }) => ({
      user,
      path: `${home}/${OWN_QUEUE}`,
    })).filter(({ path: other }) => isThere(other) && ![path, inUse].includes(other));
    return { own, others, now };
  },
  judge({ own, others, now }) {
    if (own !== null && own.open > 0 && now - (own.lastRoundAt ?? 0) > DAY_MS) {
      return [warning(
        `${own.path} holds ${own.open} messages that nobody sends`,
        `mailq --queue ${own.path} send`,
      )];
    }
    if (others.length === 0) return [ok("no mail is stranded in another")];
    return [ok(`users' own: ${others.map((one) => one.path).join(", ")}; theirs to look into`)];
  },
};

function homes(): { readonly user: string; readonly home: string }[] {
  return (readIfAny("/etc/passwd") ?? "").split("\n").flatMap((line) => {
    const [user = "", , , , , home = ""] = line.split(":");
    return home.length > 1 ? [{ user, home }] : [];
  });
}
