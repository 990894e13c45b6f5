// The check "database": whether the server of a queue on PostgreSQL is one that keeps what it has
// acknowledged, and whether this program and this role can work with it. Whether the queue opens at all
// is told by queue.ts.

import { formatDuration } from "../../../queue/durations.ts";
import { MailqError } from "../../../queue/errors.ts";
import { type Check, fault, type Finding, ok, warning } from "../check.ts";

type DatabaseFacts = Awaited<
  ReturnType<typeof import("../../../store/postgres/look_over.ts").lookOver>
>;

/** What is found out, or why nothing is. */
type Facts = { readonly look: DatabaseFacts } | { readonly error: string | null };

/** The oldest PostgreSQL that is tested. */
const OLDEST = 140_000;
/** Due times and leases go by the database's clock. */
const SKEW_MS = 2_000;
/** Claims become slower the longer it is. */
const OPEN_SECONDS = 3_600;

export const check: Check<Facts> = {
  async gather({ settings: { queue }, app: { clock } }) {
    const { lookOver }: typeof import("../../../store/postgres/look_over.ts") = await import(
      import.meta.resolve("../../../store/postgres/look_over.ts")
    );
    try {
      return { look: await lookOver(queue, clock) };
    } catch (error) {
      if (!(error instanceof MailqError)) throw error;
      // What opening the queue meets, too, is told there, but for wrong settings.
      return { error: error.code === "config_invalid" ? error.message : null };
    }
  },
  judge(facts) {
    if ("error" in facts) {
      const { error } = facts;
      return error === null ? [] : [fault(error, "mailq config queue  (see where it comes from)")];
    }
    return [...judgeServer(facts.look), ...judgeWay(facts.look), ...judgeUse(facts.look)];
  },
};

function judgeServer(look: DatabaseFacts): Finding[] {
  const { name, version, versionNumber, isStandby, unsafeSettings } = look;
  if (versionNumber < OLDEST) {
    return [fault(`${name} is PostgreSQL ${version}`, "move it to PostgreSQL 14 or newer")];
  }
  if (isStandby) {
    return [fault(`${name} is a standby, which nobody can write to`, "name its primary in queue")];
  }
  if (unsafeSettings.length > 0) {
    return [fault(
      `${name} may lose mail that it has acknowledged: ${unsafeSettings.join(", ")}`,
      "set it on in postgresql.conf, or for this role and database",
    )];
  }
  return [ok(`PostgreSQL ${version}, as ${look.role}`)];
}

function judgeWay({ tls, isLocal, isPooled, isHeard }: DatabaseFacts): Finding[] {
  const way = tls === null
    ? isLocal ? [ok("on this machine, without TLS", { name: "TLS" })] : [warning(
      "mail and password go over the network in clear",
      "take sslmode=disable out of the queue's URL",
      { name: "TLS" },
    )]
    : [ok(`${tls}, verified`, { name: "TLS" })];
  if (!isPooled) return way;
  return [
    ...way,
    isHeard ? ok("a pooler, with a way around it to listen by", { name: "pooler" }) : warning(
      "a pooler lets nobody listen: new mail is seen once a second",
      "add listen=HOST:PORT of the database itself to the queue's URL",
      { name: "pooler" },
    ),
  ];
}

function judgeUse(look: DatabaseFacts): Finding[] {
  const { schema, rights, role, skewMs, isVacuumed, oldestSeconds } = look;
  const found: Finding[] = [];
  const missing = schema.known - schema.version;
  if (missing > 0) {
    const text = schema.version === 0
      ? "there is no queue yet"
      : `it lacks ${missing} of its steps`;
    found.push(fault(text, "mailq migrate  (as the owner)", { name: "schema" }));
  } else found.push(ok(`up to date (${schema.version})`, { name: "schema" }));
  if (schema.version > 0) {
    found.push(
      rights.read && rights.write ? ok(`${role} may send and act`, { name: "rights" }) : warning(
        `${role} may ${rights.read ? "only look" : "neither look nor send"}`,
        `mailq grant operate ${role}  (as the owner, where it is to send)`,
        { name: "rights" },
      ),
    );
  }
  if (Math.abs(skewMs) > SKEW_MS) {
    found.push(warning(
      `it is ${skewMs > 0 ? "ahead of" : "behind"} this machine by ` +
        formatDuration(Math.round(Math.abs(skewMs) / 1_000) * 1_000),
      "set one of the clocks right (NTP)",
      { name: "its clock" },
    ));
  }
  if (!isVacuumed) {
    found.push(
      fault("autovacuum is off", "autovacuum = on in postgresql.conf", { name: "vacuum" }),
    );
  } else if (oldestSeconds > OPEN_SECONDS) {
    found.push(warning(
      `a transaction is open for ${
        formatDuration(oldestSeconds * 1_000)
      }: what is sent meanwhile is ` +
        "not cleaned up, and claims become slower",
      "SELECT pid, xact_start, query FROM pg_stat_activity ORDER BY xact_start  (end the oldest)",
      { name: "vacuum" },
    ));
  } else found.push(ok("autovacuum is on", { name: "vacuum" }));
  return found;
}
