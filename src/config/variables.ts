// The variables of the environment that say something: one for each setting, those of the default
// relay, and those that are no setting's. Read by layers.ts; `mailq init config` names them.

import type { RelayKey, SettingName } from "./definitions.ts";

/** Variables of the default relay, for machines without a settings file such as containers, by the key
 *  that each sets. Its URL is MAILQ_TRANSPORT. */
export const RELAY_VARIABLES: Readonly<Record<string, RelayKey>> = {
  MAILQ_USER: "user",
  MAILQ_PASSWORD: "password",
  MAILQ_PASSWORD_FILE: "password_file",
  MAILQ_PASSWORD_COMMAND: "password_command",
  MAILQ_AUTH: "auth",
  MAILQ_TLS_MODE: "tls.mode",
  MAILQ_TLS_CA: "tls.ca",
  MAILQ_TLS_FINGERPRINT: "tls.fingerprint",
  MAILQ_RATE: "rate",
  MAILQ_RECIPIENT_LIMIT: "recipient_limit",
};

/** Variables that name a file with a setting's value on its first line, for URLs with a password. */
export const FILE_VARIABLES: Readonly<Record<string, SettingName>> = {
  MAILQ_QUEUE_FILE: "queue",
  MAILQ_TRANSPORT_FILE: "transport",
};

/** Variables that are no setting's: the settings file, the passwords of the default relay and of a
 *  queue on PostgreSQL, the batch
 *  that `mailq tx` hands to the commands inside it, what the programs of sendmail: and exec: are
 *  told of their message, and what .ci/compile.ts is told. */
export const OTHER_VARIABLES: readonly string[] = [
  "MAILQ_CONFIG",
  ...Object.keys(RELAY_VARIABLES),
  ...Object.keys(FILE_VARIABLES),
  "MAILQ_QUEUE_PASSWORD",
  "MAILQ_QUEUE_PASSWORD_FILE",
  "MAILQ_TX",
  "MAILQ_HOOK",
  "MAILQ_ID",
  "MAILQ_SENDER",
  "MAILQ_RECIPIENTS",
  "MAILQ_SIZE",
  "MAILQ_RELAYING",
  "MAILQ_CHECK_BUILD",
];

/** The environment's name for a setting: `retry.max` is `MAILQ_RETRY_MAX`. */
export function variableName(name: string): string {
  return `MAILQ_${name.replaceAll(".", "_").toUpperCase()}`;
}

/** The flag's name for a setting, as it was given: `max_batch` is `--max-batch`, and `lock` that
 *  is false is `--no-lock`. */
export function flagName(name: string, raw: unknown): string {
  return `--${raw === false ? "no-" : ""}${name.replace(/[._]/g, "-")}`;
}
