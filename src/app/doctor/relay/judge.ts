// Judges what a relay said when it was asked: its addresses, TLS and certificate, login, size, sender,
// and its clock. Pure; ask_relays.ts gathers.

import { readRefusal } from "../../../queue/policy/refusals.ts";
import type { AskReport } from "../../../queue/ports/transport.ts";
import { hintFor } from "../../pause/hints.ts";
import type { TlsMode } from "../../../queue/relay_target.ts";
import { fault, type Finding, ok, warning } from "../check.ts";
import type { Reach } from "./reach.ts";

export interface RelayFacts {
  readonly relay: string;
  readonly host: string;
  readonly port: number;
  readonly user: string | null;
  readonly tlsMode: TlsMode;
  /** Its host is this machine. */
  readonly isLoopback: boolean;
  readonly reach: Reach;
  /** Why nothing can be asked: its settings contradict each other; null if it could. */
  readonly unusable: string | null;
  /** Null where nobody was there to ask. */
  readonly report: AskReport | null;
  readonly sender: string;
  readonly maxSizeBytes: number;
  readonly now: number;
}

const TOLD_ELSEWHERE =
  /cannot read password_file|password_command ended with status 12[67]|the login (has ended|cannot be)|nobody has logged in/;
const DAY_MS = 24 * 60 * 60_000;
const EXPIRES_SOON_MS = 14 * DAY_MS;
const CLOCK_SLACK_MS = 5 * 60_000;
const SLOW_MS = 2_000;

/** Findings about one relay: what is wrong first ends the rest, which nobody could ask. */
export function judgeRelay(facts: RelayFacts): Finding[] {
  const { relay, unusable, report, sender } = facts;
  const name = { name: `relay ${relay}` };
  if (unusable !== null) return [fault(unusable, `mailq config | grep relay.${relay}`, name)];
  const place = judgeAddresses(facts);
  if (report === null) return [place];
  if (report.session === null) {
    // An address that was reached and then did not answer tells no more, and what is wrong with the
    // password's file the check "passwords" tells.
    if (report.phase === "connect") return [failed(facts, report)];
    return TOLD_ELSEWHERE.test(report.text) ? [place] : [place, failed(facts, report)];
  }
  return [
    place,
    judgeTls(facts, report),
    ...judgeLogin(facts, report),
    ...judgeSize(facts, report),
    ...judgeClock(facts, report),
    isTaken(report) ? ok(`${sender} may send`, part(facts, "sender")) : failed(facts, report),
  ];
}

const part = ({ relay }: RelayFacts, what: string) => ({
  name: relay === "default" ? what : `${relay} ${what}`,
});

function judgeAddresses({ relay, host, port, reach }: RelayFacts): Finding {
  const name = { name: `relay ${relay}` };
  const { lookUpError, lookUpMs, addresses } = reach;
  const place = `${host}:${port}`;
  if (lookUpError !== null) {
    return fault(
      `${place}: ${lookUpError}`,
      `getent ahosts ${host}  (see to its name in relay.${relay}.url, or to /etc/resolv.conf)`,
      name,
    );
  }
  const told = addresses.map(({ address, ms, error }) =>
    error === null ? `${address} in ${ms} ms` : `${address}: ${error}`
  );
  const text = `${place}: name in ${lookUpMs} ms, ${told.join(", ")}`;
  if (addresses.every(({ error }) => error !== null)) {
    return fault(
      text,
      `nc -vz ${host} ${port}  (see to host and port in relay.${relay}.url, and to firewalls)`,
      name,
    );
  }
  const slow = addresses.find(({ error, ms }) => error !== null && ms > SLOW_MS);
  if (slow === undefined) return ok(text, name);
  return warning(text, `ip route get ${slow.address}  (packets to it are lost)`, name);
}

function judgeTls(facts: RelayFacts, { tls, session }: AskReport): Finding {
  const { tlsMode, isLoopback, now, host } = facts;
  const name = part(facts, "TLS");
  if (tls === null) {
    if (isLoopback) return ok("in clear, on this machine", name);
    if (tlsMode === "off") return ok("in clear, as tls.mode says", name);
    return ok("in clear: the relay offers none", name);
  }
  const certificate = session?.certificate ?? null;
  if (certificate === null) return ok(tls, name);
  const until = new Date(certificate.validTo).toISOString().slice(0, 10);
  const names = certificate.names.replaceAll(/\b(DNS|IP Address):/g, "") || "nobody";
  const text = `${tls}, certificate for ${names} until ${until}`;
  if (certificate.validTo - now < EXPIRES_SOON_MS) {
    return warning(
      `${text}: mail waits from then on`,
      `have the certificate of ${host} renewed`,
      name,
    );
  }
  return ok(text, name);
}

function judgeLogin(facts: RelayFacts, { session }: AskReport): Finding[] {
  const offered = session?.extensions.get("AUTH");
  if (facts.user === null) return [];
  return [ok(`as ${facts.user}, among ${offered ?? "none"}`, part(facts, "login"))];
}

function judgeSize(facts: RelayFacts, { session }: AskReport): Finding[] {
  const limit = Number(session?.extensions.get("SIZE") ?? 0);
  const name = part(facts, "size");
  if (!Number.isSafeInteger(limit) || limit <= 0) return [ok("the relay names no limit", name)];
  const shown = (bytes: number) => `${Math.floor(bytes / 1_048_576)} MB`;
  const text = `the relay takes ${shown(limit)}, and max_size is ${shown(facts.maxSizeBytes)}`;
  if (limit >= facts.maxSizeBytes) return [ok(text, name)];
  return [warning(
    `${text}: what is larger is taken in, and then fails`,
    `set max_size = "${Math.max(1, Math.floor(limit / 1_048_576))}MB" in the settings`,
    name,
  )];
}

/** Some servers greet with the time. */
function judgeClock(facts: RelayFacts, { session }: AskReport): Finding[] {
  const [date] = /\b(?:\w{3}, )?\d{1,2} \w{3} \d{4} \d\d:\d\d:\d\d (?:[+-]\d{4}|GMT|UTC)/
    .exec(session?.greeting ?? "") ?? [];
  const then = Date.parse(date ?? "");
  if (Number.isNaN(then)) return [];
  const name = part(facts, "clock");
  const apartMs = Math.abs(then - facts.now);
  if (apartMs < CLOCK_SLACK_MS) return [ok("the relay's agrees with ours", name)];
  const minutes = Math.round(apartMs / 60_000);
  return [warning(
    `it is ${new Date(facts.now).toISOString()} here, ${minutes} minutes ` +
      `${then > facts.now ? "behind" : "ahead of"} the relay's clock`,
    "sudo timedatectl set-ntp true  (or: sudo chronyc makestep)",
    name,
  )];
}

const NAMES = {
  connect: null,
  greeting: "greeting",
  tls: "TLS",
  hello: "greeting",
  auth: "login",
} as const;

/** Where it ended, and what to do. What the transport or the table of refusals advises comes first. */
function failed(facts: RelayFacts, { phase, text }: AskReport): Finding {
  const { relay, host, port } = facts;
  const what = phase in NAMES ? NAMES[phase as keyof typeof NAMES] : "sender"; // one of the keys
  const name = what === null ? { name: `relay ${relay}` } : part(facts, what);
  const [, step, advice] = /^(.*?): ((?:use|set|have|see|write|remove|get)\b.*)$/s.exec(text) ?? [];
  if (step !== undefined && advice !== undefined) return fault(step, advice, name);
  const { hint: advised } = refusalOf({ phase, text });
  const hint = advised === null ? null : hintFor({ scope: "relay", value: relay }, advised);
  const fallback = phase === "auth"
    ? `see to user and password in [relay.${relay}] (mailq config)`
    : `nc -v ${host} ${port}  (and ask whoever runs it)`;
  return fault(text, hint ?? fallback, name);
}

function refusalOf({ phase, text }: Pick<AskReport, "phase" | "text">) {
  const [, code, enhanced, words] = /(?:^|: )(\d{3})[ -](?:([245]\.\d+\.\d+) )?(.*)$/s.exec(text) ??
    [];
  return readRefusal({
    code: code === undefined ? null : Number(code),
    enhanced: enhanced ?? null,
    text: words ?? "",
  }, phase);
}

/** That the recipient is none of the relay's is no fault of ours. */
function isTaken(report: AskReport): boolean {
  if (report.isAccepted) return true;
  const { about } = refusalOf(report);
  return report.phase === "rcpt" && (about === "recipient" || about === "message");
}
