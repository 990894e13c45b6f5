// The checks "sending", "cron" and "service": whether anybody sends what is queued, by cron or as a
// service, whether that runs, and when a pass ended last.

import { formatSpan } from "../../../display/ages.ts";
import { programPath } from "../../setup/program_path.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";
import { askProgram, readIfAny, realPathIfAny, whereIs } from "../look.ts";
import { type CronLine, cronLines, isCronRunning, retries, sends } from "./cron_lines.ts";

/** A service of the service manager. */
interface UnitFacts {
  /** As systemd says: `active`, `inactive`, `failed` …; null where it is not the one at work. */
  readonly active: string | null;
  /** Whether it is started with the machine; null where that is not known. */
  readonly isEnabled: boolean | null;
}

interface Facts {
  readonly now: number;
  /** When a pass or round ended last; null = never. */
  readonly lastRoundAt: number | null;
  /** Of services that live: when each last showed that it goes round. */
  readonly heartbeats: readonly { readonly pid: number; readonly at: number }[];
  readonly lines: readonly (CronLine & { readonly isThere: boolean })[];
  readonly isCronRunning: boolean | null;
  /** Null where there is no unit called mailq. */
  readonly unit: UnitFacts | null;
  readonly hasSystemd: boolean;
  readonly isRoot: boolean;
  /** The login name of who should send. */
  readonly owner: string;
  readonly waiting: number;
}

const MINUTE_MS = 60_000;
/** Cron's lines run every minute; a long pass may take some. */
const LATE_MS = 30 * MINUTE_MS;
const UNIT_FILES = ["/etc/systemd/system", "/lib/systemd/system", "/usr/lib/systemd/system"];

export const check: Check<Facts | null> = {
  async gather(patient) {
    const { status } = await patient.opened();
    if (!patient.isOwner || (status === null && patient.queueOwner !== null)) return null;
    const hasSystemd = realPathIfAny("/run/systemd/system") !== null;
    const lines = await Promise.all((await cronLines(patient)).map(async (line) => ({
      ...line,
      isThere: await whereIs(line.program) !== null,
    })));
    return {
      now: patient.now,
      lastRoundAt: status?.lastRoundAt ?? null,
      heartbeats: (status?.workers ?? []).filter(({ kind }) => kind === "run")
        .map(({ pid, heartbeatAt }) => ({ pid, at: heartbeatAt })),
      lines,
      isCronRunning: isCronRunning(),
      unit: await unitFacts(hasSystemd),
      hasSystemd,
      isRoot: patient.isRoot,
      owner: patient.queueOwner?.name ?? patient.app.user(),
      waiting: status === null ? 0 : status.queued + status.sending + status.deferred,
    };
  },
  judge(facts) {
    if (facts === null) return [];
    const cron = judgeCron(facts);
    const service = judgeService(facts);
    return [...judgeSending(facts, [...cron, ...service]), ...cron, ...service];
  },
};

function judgeSending(facts: Facts, others: readonly Finding[]): Finding[] {
  const { now, lastRoundAt, heartbeats, lines, unit, hasSystemd, isRoot, owner, waiting } = facts;
  const name = { name: "sending" };
  const isSent = lines.some(sends) || heartbeats.length > 0 || unit !== null;
  if (!isSent) {
    const mend = !isRoot
      ? "(crontab -l; mailq init cron) | crontab -"
      : hasSystemd
      ? `mailq init systemd --user ${owner} | sudo tee /etc/systemd/system/mailq.service && ` +
        "sudo systemctl enable --now mailq"
      : `mailq init cron --user ${owner} | sudo tee /etc/cron.d/mailq`;
    return [fault("nobody sends what is queued: no line of cron and no service", mend, name)];
  }
  const last = lastRoundAt === null
    ? "no pass has ended yet"
    : `a pass ended ${formatSpan(Math.max(0, now - lastRoundAt))} ago`;
  const isLate = now - (lastRoundAt ?? 0) > LATE_MS && heartbeats.length === 0;
  // Why, the others tell.
  if (
    isLate && (waiting > 0 || lastRoundAt !== null) && others.every(({ level }) => level === "ok")
  ) {
    return [
      fault(`${waiting} messages wait, and ${last}`, `sudo -u ${owner} mailq send --verbose`, name),
    ];
  }
  return [ok(last, name)];
}

function judgeCron({ lines, isCronRunning }: Facts): Finding[] {
  const name = { name: "cron" };
  if (lines.length === 0) return [ok("no line runs mailq", name)];
  const missing = lines.find(({ isThere }) => !isThere);
  if (missing !== undefined) {
    const { file, line, program } = missing;
    return [fault(
      `${file}:${line} runs ${program}, which is not there`,
      `editor +${line} ${file}  (this program is ${programPath()})`,
      name,
    )];
  }
  // With cron's PATH it may be another's.
  const bare = lines.find(({ program }) => !program.includes("/"));
  if (bare !== undefined) {
    const { file, line } = bare;
    return [warning(
      `${file}:${line} runs mailq without its path: cron looks in /usr/bin and /bin alone`,
      `editor +${line} ${file}  (write ${programPath()})`,
      name,
    )];
  }
  if (isCronRunning === false) {
    return [
      fault(
        "cron is not running",
        "sudo systemctl enable --now cron  (or: service cron start)",
        name,
      ),
    ];
  }
  const [sending] = lines.filter(sends);
  if (sending !== undefined && !lines.some(retries)) {
    return [warning(
      `${sending.file} sends, but nothing tries deferred mail again`,
      "mailq init cron  (its second line)",
      name,
    )];
  }
  return [ok(lines.map(({ file, line }) => `${file}:${line}`).join(", "), name)];
}

function judgeService({ unit, heartbeats, now }: Facts): Finding[] {
  const name = { name: "service" };
  for (const { pid, at } of heartbeats) {
    if (now - at < LATE_MS) continue;
    const mend = unit?.active === "active"
      ? "sudo systemctl restart mailq"
      : `kill ${pid}; mailq run`;
    const since = formatSpan(now - at);
    return [fault(`the service (process ${pid}) has not moved for ${since}`, mend, name)];
  }
  if (unit === null) {
    const [live] = heartbeats;
    return [ok(live === undefined ? "none" : `process ${live.pid} is at work`, name)];
  }
  const { active, isEnabled } = unit;
  if (active === "failed") {
    return [fault(
      "systemd's unit mailq has failed",
      "journalctl -u mailq -n 20; sudo systemctl restart mailq",
      name,
    )];
  }
  if (
    active !== null && !/^(active|activating|reloading)$/.test(active) && heartbeats.length === 0
  ) {
    return [fault(`systemd's unit mailq is ${active}`, "sudo systemctl enable --now mailq", name)];
  }
  if (isEnabled === false) {
    return [warning(
      "the unit mailq is not started with the machine",
      "sudo systemctl enable mailq",
      name,
    )];
  }
  return [ok(active === null ? "a unit is there" : `systemd's unit mailq is ${active}`, name)];
}

async function unitFacts(hasSystemd: boolean): Promise<UnitFacts | null> {
  const file = UNIT_FILES.map((folder) => `${folder}/mailq.service`).find((path) =>
    readIfAny(path)
  );
  if (file === undefined) return null;
  const show = ["show", "mailq.service", "-p", "ActiveState,UnitFileState"];
  const said = hasSystemd ? await askProgram("systemctl", ...show) : null;
  if (said === null) return { active: null, isEnabled: null };
  const read = (key: string) => new RegExp(`^${key}=(.+)$`, "m").exec(said)?.[1] ?? null;
  const enabled = read("UnitFileState");
  return {
    active: read("ActiveState"),
    isEnabled: enabled === null ? null : enabled.startsWith("enabled"),
  };
}
