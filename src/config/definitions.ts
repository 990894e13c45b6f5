// The table of all settings: kind, default, one line of documentation. Everything else that knows
// a setting's name, its variable or its flag reads it here: layers.ts, settings.ts, the settings
// file that `mailq init config` prints. How a value is read is kinds.ts's affair.

import type { Bounds, Kind, KindValues } from "./kinds.ts";
import { BOUNCE_SETTINGS } from "./tables/bounce.ts";
import { LISTEN_SETTINGS } from "./tables/listen_settings.ts";
import { OAUTH_KEYS } from "./tables/oauth.ts";
import { TUI_SETTINGS } from "./tables/tui.ts";

/** What is known of one setting. */
export interface Definition extends Bounds {
  /** Null = unset, written `none`. Read already: reading texts costs a millisecond at start. */
  readonly default: KindValues[Kind] | null;
  /** One line of documentation. */
  readonly doc: string;
  /** Whether taking mail in depends on it: only then does a wrong value stop `enqueue`. */
  readonly isForIntake?: boolean;
  /** Shown as `***`, and refused in files. */
  readonly isSecret?: boolean;
}

const MINUTE_MS = 60_000;

/** Every setting outside tables and arrays, in the order in which people are shown them. */
export const SETTINGS = {
  "queue": {
    kind: "queue",
    default: null,
    doc: "The queue's path or URL; else /var/lib/mailq/queue.db if that folder exists, " +
      "else mailq/queue.db in $XDG_STATE_HOME",
    isForIntake: true,
  },
  "spool": {
    kind: "bool",
    default: false,
    doc:
      "Whether mail waits on this machine while a queue on PostgreSQL cannot be reached, for send " +
      "or run here to take it in",
    isForIntake: true,
  },
  "transport": {
    kind: "url",
    default: "smtp://localhost:25",
    doc: "The default relay's URL (short for relay.default.url): smtp, smtps, lmtp, sendmail, " +
      "exec, maildir, file, console or null",
  },
  "hostname": {
    kind: "hostname",
    default: null,
    doc: "This machine's name in HELO, Message-ID and bare addresses; else /etc/mailname, " +
      "else its full name (hostname -f)",
    isForIntake: true,
  },
  "from": {
    kind: "address",
    default: null,
    doc: "The envelope sender of mail that names none",
    isForIntake: true,
  },
  "force_from": {
    kind: "address",
    default: null,
    doc: "The envelope sender of all mail, whatever it names itself",
    isForIntake: true,
  },
  "admin_address": {
    kind: "address",
    default: null,
    doc: "Who gets the mail for local names such as root that have no alias",
    isForIntake: true,
  },
  "aliases": {
    kind: "path",
    default: "/etc/aliases",
    doc: "Who gets the mail for which local name, as Sendmail writes it; /dev/null for none",
  },
  "header_from": {
    kind: "choice",
    choices: ["keep", "qualify", "force"],
    default: "qualify",
    doc:
      "Bare names in the address fields of mail by sendmail: keep, qualify (they get @hostname " +
      "or their alias) or force (and From is force_from)",
  },
  "long_lines": {
    kind: "choice",
    choices: ["encode", "keep"],
    default: "encode",
    doc: "Text with lines over 998 bytes, which relays may refuse: encode (as quoted-printable) " +
      "or keep; what is signed always stays",
  },
  "max_size": {
    kind: "size",
    default: 50 * 1024 * 1024,
    doc: "The largest message taken in; KB, MB and GB are powers of 1024",
    isForIntake: true,
    min: 1,
  },
  "redirect_to": {
    kind: "address",
    default: null,
    doc: "Test mode: all mail goes to this address alone",
    isForIntake: true,
  },
  "concurrency": {
    kind: "int",
    default: 10,
    doc: "Messages sent at the same time",
    min: 1,
  },
  "max_batch": { kind: "int", default: null, doc: "The most messages one pass sends" },
  "max_deferred": {
    kind: "int",
    default: null,
    doc: "A pass ends after this many messages deferred or failed",
  },
  "throttle": { kind: "duration", default: 0, doc: "The pause after each attempt" },
  "rate_per_domain": {
    kind: "rate",
    default: null,
    doc: "The most messages to one recipient domain, such as 100/m",
  },
  "retry.max": {
    kind: "int",
    default: null,
    doc: "Retries after the first attempt: none = no limit by count, 0 = never",
  },
  "retry.lifetime": {
    kind: "duration",
    default: 5 * 24 * 60 * MINUTE_MS,
    doc: "How long a message is tried before it fails",
  },
  "retry.schedule": {
    kind: "durations",
    default: [5, 10, 20, 40, 80, 160, 240].map((minutes) => minutes * MINUTE_MS),
    doc: "The waits before each retry; the last one repeats",
  },
  "uncertain": {
    kind: "choice",
    choices: ["retry", "hold"],
    default: "retry",
    doc:
      "What may have been delivered since the relay's reply or the sending process was lost: retry " +
      "(after an hour at the earliest; what a dead process had in hand, at once), or hold for a " +
      "person to look at",
  },
  "keep_bodies": {
    kind: "bool",
    default: true,
    doc: "Whether a message's bytes are kept once it is sent",
  },
  "retention.sent": {
    kind: "duration",
    default: null,
    doc: "Sent mail is purged after this time",
  },
  "retention.failed": {
    kind: "duration",
    default: null,
    doc: "Failed and partial mail is purged after this time",
  },
  "retention.events": {
    kind: "duration",
    default: 30 * 24 * 60 * MINUTE_MS,
    doc: "Events are deleted after this time, whether they were read or not",
  },
  ...BOUNCE_SETTINGS,
  "error_handler": {
    kind: "command",
    default: null,
    doc: "A command that may decide what a failure means",
  },
  "on.stalled": {
    kind: "command",
    default: null,
    doc: "A command, or an https URL, that is told when the queue stands still and when it moves " +
      "again: a hook of queue.stalled and queue.moving",
  },
  "stalled_after": {
    kind: "duration",
    default: 60 * MINUTE_MS,
    doc: "The queue stands still when mail could go and none was sent for so long",
  },
  "log": {
    kind: "choice",
    choices: ["text", "json", "postfix"],
    default: null,
    doc: "The log of run and send on standard error, a line an event: text, json or postfix (as " +
      "Postfix's, for pflogsumm and its like); else run logs text and send nothing",
  },
  "interval": { kind: "duration", default: 30_000, doc: "The service's pause between rounds" },
  "shutdown": {
    kind: "duration",
    default: null,
    doc: "How long what is being sent may take once mailq is told to stop; else 60s, or 8s as " +
      "process 1 of a container",
  },
  "lock": {
    kind: "bool",
    default: true,
    doc: "Whether only one pass runs at a time, by a lock beside the queue",
  },
  "lock_path": { kind: "path", default: null, doc: "The lock's file, else beside the queue" },
  ...LISTEN_SETTINGS,
  ...TUI_SETTINGS,
} as const satisfies Readonly<Record<string, Definition>>;

/** The keys of a `[relay.NAME]` table. */
export const RELAY_KEYS = {
  "url": { kind: "url", default: null, doc: "Where the relay is" },
  "user": { kind: "string", default: null, doc: "The login's user, else the URL's" },
  "password": {
    kind: "secret",
    default: null,
    doc: "The login's password, of MAILQ_PASSWORD or the URL",
    isSecret: true,
  },
  "password_file": { kind: "path", default: null, doc: "A file whose first line is the password" },
  "password_command": {
    kind: "command",
    default: null,
    doc: "A command that prints the password or token",
  },
  "auth": {
    kind: "choice",
    choices: ["password", "oauth", "scram-sha-256", "plain", "login", "oauthbearer", "xoauth2"],
    default: null,
    doc: "What the secret is: password, oauth (a token), or the one mechanism to log in by; " +
      "else what the relay offers is tried in turn",
  },
  ...OAUTH_KEYS,
  "tls.mode": {
    kind: "choice",
    choices: ["required", "opportunistic", "off"],
    default: null,
    doc: "required, opportunistic or off; else off on loopback, required with a login, " +
      "opportunistic otherwise",
  },
  "tls.ca": { kind: "path", default: null, doc: "A PEM file of the authorities to trust" },
  "tls.fingerprint": {
    kind: "fingerprint",
    default: null,
    doc: "The SHA-256 fingerprint of the one certificate to trust",
  },
  "rate": { kind: "rate", default: null, doc: "The most messages, such as 100/m" },
  "concurrency": {
    kind: "int",
    default: null,
    doc: "Connections at the same time, else the setting concurrency",
    min: 1,
  },
  "recipient_limit": {
    kind: "int",
    default: null,
    doc: "The most recipients in one transaction",
    min: 1,
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type SettingName = keyof typeof SETTINGS;
export type RelayKey = keyof typeof RELAY_KEYS;

type ValueOf<D extends Definition> =
  | (D extends { readonly kind: "choice"; readonly choices: readonly (infer C)[] } ? C
    : KindValues[D["kind"]])
  | (D["default"] extends null ? null : never);
/** What each setting is once it has been read. */
export type SettingValue<N extends SettingName> = ValueOf<typeof SETTINGS[N]>;
/** What each key of a relay's table is once it has been read. */
export type RelayValue<K extends RelayKey> = ValueOf<typeof RELAY_KEYS[K]>;

function isSettingName(name: string): name is SettingName {
  return Object.hasOwn(SETTINGS, name);
}

function isRelayKey(key: string): key is RelayKey {
  return Object.hasOwn(RELAY_KEYS, key);
}

/** What is known of `name`, be it a setting or `relay.NAME.key`; null where it is neither. */
export function definitionOf(name: string): Definition | null {
  if (isSettingName(name)) return SETTINGS[name];
  const key = /^relay\.[^.]+\.(.+)$/.exec(name)?.[1] ?? "";
  return isRelayKey(key) ? RELAY_KEYS[key] : null;
}
