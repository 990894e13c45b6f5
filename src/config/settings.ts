// The typed settings, made of the merged layers, and the list of them that `mailq config` prints.
// Called by load.ts; what it makes is what commands and use cases read. Where values come from is
// left to the layers.

import { MailqError } from "../queue/errors.ts";
import type { RetryPolicy } from "../queue/policy/retry.ts";
import {
  definitionOf,
  RELAY_KEYS,
  type SettingName,
  SETTINGS,
  type SettingValue,
} from "./definitions.ts";
import type { Rate } from "../queue/policy/rate.ts";
import type { Route } from "../queue/policy/route.ts";
import type { Rule } from "../queue/policy/rule.ts";
import type { HookSettings } from "./tables/hooks.ts";
import { readValue } from "./kinds.ts";
import { Machine, type MachineName } from "./machine.ts";
import { showValue, type Sourced } from "./layers.ts";
import type { ListenSettings } from "./tables/listen.ts";
import { type BounceSettings, bounceSettings } from "./tables/bounce.ts";
import { buildRelay, type RelaySettings } from "./tables/relays.ts";

/** The settings in force. Durations are in ms; null = unset. */
export interface Settings {
  readonly queue: string;
  /** Looked up when it is first asked for. */
  /** The file beside whose place mail waits while the queue cannot be reached; null where it does not:
   *  `enqueue` ends with 75 then. */
  readonly spoolBeside: string | null;
  readonly hostname: string;
  readonly machine: MachineName;
  readonly from: string | null;
  readonly forceFrom: string | null;
  readonly adminAddress: string | null;
  readonly aliases: AliasesSetting;
  readonly headerFrom: SettingValue<"header_from">;
  readonly longLines: SettingValue<"long_lines">;
  readonly maxSizeBytes: number;
  readonly redirectTo: string | null;
  /** `default` first, then as the files name them. */
  readonly relays: readonly RelaySettings[];
  readonly routes: readonly Route[];
  /** The first that matches a reply says what it means. */
  readonly rules: readonly Rule[];
  readonly hooks: readonly HookSettings[];
  readonly concurrency: number;
  readonly maxBatch: number | null;
  readonly maxDeferred: number | null;
  readonly throttleMs: number;
  readonly ratePerDomain: Rate | null;
  readonly retry: RetryPolicy;
  /** Mail that may have been delivered is held, not tried again. */
  readonly isUncertainHeld: boolean;
  readonly keepsBodies: boolean;
  readonly retention: {
    readonly sentMs: number | null;
    readonly failedMs: number | null;
    readonly eventsMs: number;
  };
  readonly bounce: BounceSettings;
  readonly errorHandler: string | null;
  /** The queue stands still when mail could go and none was sent for so long. */
  readonly stalledAfterMs: number;
  readonly log: SettingValue<"log">;
  readonly intervalMs: number;
  /** So long after it was told to stop the process has ended. */
  readonly shutdownMs: number;
  readonly usesLock: boolean;
  readonly lockPath: string | null;
  /** Null where nothing of it is set, and where the settings are for taking mail in. */
  readonly listen: ListenSettings | null;
  /** The socket that a service takes mail by of those who can leave it nowhere else. */
  readonly submitSocket: string | null;
  /** The operator's screen; its words are as they were written. */
  readonly tui: {
    readonly keys: string | null;
    readonly colours: string | null;
    readonly hasMouse: boolean;
  };
  /** What was wrong and passed over, one line each. */
  readonly warnings: readonly string[];
  /** Every setting in force, in a stable order, secrets as `***`. */
  entries(): SettingEntry[];
}

/** Where the aliases are. */
interface AliasesSetting {
  readonly path: string;
  /** Somebody wrote the path down: a file that is not there is then a mistake. */
  readonly isGiven: boolean;
}

export interface SettingEntry {
  readonly name: string;
  /** As it would be written; `none` where it is unset. */
  readonly value: string;
  readonly origin: string;
}

/** The machine the settings are for. */
export interface Surroundings {
  readonly env: Readonly<Record<string, string>>;
  readonly readFile: (path: string) => string;
  readonly isFolder: (path: string) => boolean;
  readonly systemHostname: () => string;
}

/** All sources, merged. */
export interface Merged {
  readonly values: Map<string, Sourced>;
  readonly relayNames: readonly string[];
  readonly routes: readonly Sourced<Route>[];
  readonly rules: readonly Sourced<Rule>[];
  readonly listen: ListenSettings | null;
  readonly hooks: readonly Sourced<HookSettings>[];
  readonly warnings: readonly string[];
}

const SYSTEM_QUEUE_FOLDER = "/var/lib/mailq";

/** Makes the typed settings. Throws `config_invalid` where no queue can be chosen. */
export function buildSettings(merged: Merged, surroundings: Surroundings): Settings {
  const values = withDefaults(merged.values);
  // What a setting's kind reads is of the setting's type, and each has a value or a default.
  const get = <N extends SettingName>(name: N) => values.get(name)?.value as SettingValue<N>;

  const queue = get("queue") ?? defaultQueue(surroundings);
  const machine = new Machine(surroundings);
  let hostname: Sourced<string> | null = null;
  const lookUpHostname = (): Sourced<string> => {
    const given = get("hostname");
    hostname ??= given === null
      ? defaultHostname(surroundings, machine)
      : { value: given, origin: values.get("hostname")?.origin ?? "default" };
    return hostname;
  };
  let relays: readonly RelaySettings[] | null = null;
  const buildRelays = () =>
    relays ??= ["default", ...merged.relayNames.filter((name) => name !== "default")]
      .map((name) => buildRelay(name, values)).filter((relay) => relay !== null);

  return {
    queue,
    spoolBeside: get("spool") && /^postgres/i.test(queue) ? defaultQueue(surroundings) : null,
    get hostname() {
      return lookUpHostname().value;
    },
    machine,
    from: get("from"),
    forceFrom: get("force_from"),
    adminAddress: get("admin_address"),
    aliases: { path: get("aliases"), isGiven: values.get("aliases")?.origin !== "default" },
    headerFrom: get("header_from"),
    longLines: get("long_lines"),
    maxSizeBytes: get("max_size"),
    redirectTo: get("redirect_to"),
    // Not before it is asked for: taking mail in needs none.
    get relays() {
      return buildRelays();
    },
    routes: merged.routes.map((route) => route.value),
    rules: merged.rules.map((rule) => rule.value),
    hooks: merged.hooks.map((hook) => hook.value),
    concurrency: get("concurrency"),
    maxBatch: get("max_batch"),
    maxDeferred: get("max_deferred"),
    throttleMs: get("throttle"),
    ratePerDomain: get("rate_per_domain"),
    retry: {
      max: get("retry.max"),
      lifetimeMs: get("retry.lifetime"),
      scheduleMs: get("retry.schedule"),
    },
    isUncertainHeld: get("uncertain") === "hold",
    keepsBodies: get("keep_bodies"),
    retention: {
      sentMs: get("retention.sent"),
      failedMs: get("retention.failed"),
      eventsMs: get("retention.events"),
    },
    bounce: bounceSettings(get, get("admin_address")),
    errorHandler: get("error_handler"),
    stalledAfterMs: get("stalled_after"),
    log: get("log"),
    intervalMs: get("interval"),
    shutdownMs: get("shutdown") ?? (Deno.pid === 1 ? 8_000 : 60_000),
    usesLock: get("lock"),
    lockPath: get("lock_path"),
    listen: merged.listen,
    submitSocket: get("listen.submit"),
    tui: { keys: get("tui.keys"), colours: get("tui.colours"), hasMouse: get("tui.mouse") },
    warnings: merged.warnings,
    entries() {
      const known = new Map(values);
      known.set("queue", { value: queue, origin: values.get("queue")?.origin ?? "default" });
      known.set("hostname", lookUpHostname());
      return listEntries(known, buildRelays(), merged);
    },
  };
}

function withDefaults(given: ReadonlyMap<string, Sourced>): Map<string, Sourced> {
  const values = new Map(given);
  for (const [name, { default: value }] of Object.entries(SETTINGS)) {
    if (!values.has(name)) values.set(name, { value, origin: "default" });
  }
  return values;
}

function defaultQueue({ env, isFolder }: Surroundings): string {
  if (isFolder(SYSTEM_QUEUE_FOLDER)) return `${SYSTEM_QUEUE_FOLDER}/queue.db`;
  // A relative folder is to be ignored, says the XDG base directory specification.
  if (env.XDG_STATE_HOME?.startsWith("/")) return `${env.XDG_STATE_HOME}/mailq/queue.db`;
  if (env.HOME) return `${env.HOME}/.local/state/mailq/queue.db`;
  throw new MailqError(
    "config_invalid",
    "Cannot choose a queue: neither HOME nor XDG_STATE_HOME is set; set MAILQ_QUEUE or give --queue",
  );
}

function defaultHostname({ readFile }: Surroundings, machine: MachineName): Sourced<string> {
  for (
    const [origin, look] of [
      ["/etc/mailname", () => readFile("/etc/mailname").trim().split("\n")[0]],
      ["default", () => machine.full],
    ] as const
  ) {
    try {
      const name = readValue(look(), SETTINGS.hostname);
      if (typeof name === "string") return { value: name, origin };
    } catch {
      // The next one answers where this one is missing or may not be asked.
    }
  }
  return { value: "localhost", origin: "default" };
}

function listEntries(
  values: ReadonlyMap<string, Sourced>,
  relays: readonly RelaySettings[],
  { routes, rules, hooks }: Merged,
): SettingEntry[] {
  const entries: SettingEntry[] = [];
  const add = (name: string) => {
    const sourced = values.get(name);
    const definition = definitionOf(name);
    if (sourced === undefined || definition === null) return;
    // A setting that stands for a hook is shown as one: there may be a secret in it.
    const hook = hooks.find(({ value }) => value.name === name);
    const value = hook?.value.shown ?? showValue(sourced.value, definition);
    entries.push({ name, value, origin: sourced.origin });
  };
  for (const name of Object.keys(SETTINGS)) add(name);
  for (const relay of relays) {
    for (const key of Object.keys(RELAY_KEYS)) add(`relay.${relay.name}.${key}`);
  }
  for (const [index, { value: route, origin }] of routes.entries()) {
    const { sender, recipient, relays } = route;
    entries.push({
      name: `route.${index + 1}`,
      value: (sender === null ? "" : `sender ${sender} `) +
        (recipient === null ? "" : `recipient ${recipient} `) + `→ ${relays.join(", ")}`,
      origin,
    });
  }
  for (const [index, { value, origin }] of rules.entries()) {
    entries.push({ name: `rule.${index + 1}`, value: showRule(value), origin });
  }
  for (const { value: { name, shown }, origin } of hooks) {
    if (!values.has(name)) entries.push({ name: `hook.${name}`, value: shown, origin });
  }
  return entries;
}

/** A rule as the settings' listing shows it. */
function showRule({ code, enhanced, text, action }: Rule): string {
  const parts = [code, enhanced, text === null ? null : JSON.stringify(text)];
  return `${parts.filter((part) => part !== null).join(" ")} → ${action}`;
}
