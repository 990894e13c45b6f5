// Makes the relays of the merged settings, and checks that relays and routes fit together. Called
// by settings.ts and load.ts. Reading single keys is kinds.ts's work.

import {
  isLoopback,
  type PasswordSource,
  type RelayRequest,
  type RelayTarget,
  type TlsMode,
} from "../../queue/relay_target.ts";
import type { RelayKey, RelayValue } from "../definitions.ts";
import type { Rate } from "../../queue/policy/rate.ts";
import type { Route } from "../../queue/policy/route.ts";
import type { Problem, Sourced } from "../layers.ts";
import { oauthSource } from "./oauth.ts";
import { parseRelayUrl } from "./relay_url.ts";

export interface RelaySettings extends RelayRequest {
  readonly rate: Rate | null;
  /** Connections at the same time; null = the setting `concurrency`. */
  readonly concurrency: number | null;
}

type Values = ReadonlyMap<string, Sourced>;

/** Makes one relay of its merged keys; null where it has no URL. */
export function buildRelay(name: string, values: Values): RelaySettings | null {
  const read = <K extends RelayKey>(key: K) =>
    // What a key's kind reads is of the key's type.
    (values.get(`relay.${name}.${key}`)?.value ?? null) as RelayValue<K>;

  const url = name === "default" ? values.get("transport")?.value : read("url");
  const target = parseRelayUrl(typeof url === "string" ? url : "");
  if (target.kind === "wrong") return null;
  const login = target.kind === "smtp" ? target.login : null;
  const user = read("user") ?? login?.user ?? null;
  const password = oauthSource(read) ?? passwordSource(read, login?.password ?? null);
  const mode = read("tls.mode");
  const fingerprint = read("tls.fingerprint");
  return {
    name,
    target,
    user,
    password,
    auth: read("auth") ?? (password?.kind === "oauth" ? "oauth" : null),
    tls: {
      // Who names a certificate wants no mail to go to another, on this machine either.
      mode: mode ?? (fingerprint === null ? defaultTlsMode(target, user) : "required"),
      isModeWritten: mode !== null,
      ca: read("tls.ca"),
      fingerprint,
    },
    rate: read("rate"),
    concurrency: read("concurrency"),
    recipientLimit: read("recipient_limit"),
  };
}

function passwordSource(
  read: (key: "password" | "password_file" | "password_command") => string | null,
  ofUrl: string | null,
): PasswordSource | null {
  const text = read("password");
  const command = read("password_command");
  const path = read("password_file");
  if (text !== null) return { kind: "text", text };
  if (command !== null) return { kind: "command", command };
  if (path !== null) return { kind: "file", path };
  return ofUrl === null ? null : { kind: "text", text: ofUrl };
}

function defaultTlsMode(target: RelayTarget, user: string | null): TlsMode {
  if (target.kind === "smtp" && target.isImplicitTls) return "required";
  if (!("host" in target) || isLoopback(target.host)) return "off";
  return user === null ? "opportunistic" : "required";
}

/** What is wrong with relays and routes once all sources are merged. */
export function checkRelays(
  tables: ReadonlyMap<string, string>,
  values: Values,
  routes: readonly Sourced<Route>[],
): Problem[] {
  const problems: Problem[] = [];
  for (const [name, origin] of tables) {
    if (name === "default" || values.has(`relay.${name}.url`)) continue;
    problems.push({
      text: `Cannot use the relay ${name} (${origin}): expected a url`,
      isForIntake: false,
    });
  }
  for (const name of ["default", ...tables.keys()]) {
    const keys = [...values.keys()].filter((key) =>
      key.startsWith(`relay.${name}.`) && (values.get(key)?.value ?? null) !== null
    );
    const oauth = keys.find((key) => key.startsWith(`relay.${name}.oauth.`));
    const password = keys.find((key) => key.startsWith(`relay.${name}.password`));
    if (oauth === undefined || password === undefined) continue;
    problems.push({
      text: `Cannot use both ${oauth} and ${password} (${values.get(password)?.origin}): ` +
        "expected one of them",
      isForIntake: false,
    });
  }
  const known = ["default", ...[...tables.keys()].filter((name) => name !== "default")];
  for (const { value: { relays }, origin } of routes) {
    const unknown = relays.find((name) => !known.includes(name));
    if (unknown === undefined) continue;
    problems.push({
      text: `Unknown relay ${JSON.stringify(unknown)} in a route (${origin}): ` +
        `expected one of ${known.join(", ")}`,
      isForIntake: false,
    });
  }
  return problems;
}
