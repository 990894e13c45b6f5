// One layer of settings is what one source gives: a file, the environment, the flags. This file
// has the layer itself, how a value comes into it, and the layers of environment and flags. Files
// are read by settings_file.ts; load.ts lays the layers over each other.

import { errorText } from "../queue/errors.ts";
import type { Route } from "../queue/policy/route.ts";
import type { Rule } from "../queue/policy/rule.ts";
import { type Definition, definitionOf, type SettingName, SETTINGS } from "./definitions.ts";
import {
  FILE_VARIABLES,
  flagName,
  OTHER_VARIABLES,
  RELAY_VARIABLES,
  variableName,
} from "./variables.ts";
import { formatValue, Mismatch, readValue, type Value } from "./kinds.ts";
import { maskUrl } from "./tables/relay_url.ts";

/** One value and where it came from: `default`, `/etc/mailq.toml:12`, `MAILQ_RETRY_MAX` or
 *  `--queue`. */
export interface Sourced<T = Value | null> {
  readonly value: T;
  readonly origin: string;
}

/** Something wrong with the settings, in one line. */
export interface Problem {
  readonly text: string;
  /** Whether taking mail in depends on what is wrong. */
  readonly isForIntake: boolean;
  /** A wrong flag is a wrong command line, not a wrong setting. */
  readonly isFlag?: boolean;
}

/** What one source gives: `null` as a value unsets. Relays' keys are named `relay.NAME.key`, but
 *  for the default relay's `url`, which is `transport`. */
export interface Layer {
  readonly values: Map<string, Sourced>;
  /** Names of the relays it has a table for, and where. */
  readonly relays: Map<string, string>;
  routes: readonly Sourced<Route>[] | null;
  rules: readonly Sourced<Rule>[] | null;
  hooks: readonly HookTable[] | null;
  readonly problems: Problem[];
  readonly warnings: string[];
}

/** A [[hook]] table that was not looked into yet: taking mail in needs none. */
export interface HookTable {
  readonly table: Readonly<Record<string, unknown>>;
  /** `file:line` of a key; of the table itself for "". */
  readonly origin: (key: string) => string;
}

export function emptyLayer(): Layer {
  return {
    values: new Map(),
    relays: new Map(),
    routes: null,
    rules: null,
    hooks: null,
    problems: [],
    warnings: [],
  };
}

/** A value as a source gives it. */
interface RawValue {
  readonly name: string;
  readonly definition: Definition;
  readonly raw: unknown;
  readonly origin: string;
  /** What `~` stands for. */
  readonly home: string | undefined;
}

/** Reads one raw value into `layer`, or notes there what is wrong with it. */
export function takeValue(layer: Layer, given: RawValue): void {
  const { name, definition, raw, origin, home } = given;
  if (raw === "none" && definition.default === null) {
    layer.values.set(name, { value: null, origin });
    return;
  }
  const value = isReadable(raw) ? readValue(raw, definition) : new Mismatch("UTF-8 text");
  if (!(value instanceof Mismatch)) {
    layer.values.set(name, { value: expandHome(value, definition, home), origin });
    return;
  }
  const part = value.part === null ? "" : `${value.part} in `;
  layer.problems.push({
    text: `Cannot use ${part}${name} = ${quoteRaw(raw, definition)} (${origin}): ` +
      `expected ${value.expected}`,
    isForIntake: definition.isForIntake === true,
    isFlag: origin.startsWith("--"),
  });
}

/** Whether a raw value is made of UTF-8: U+FFFD stands for other bytes. */
function isReadable(raw: unknown): boolean {
  return Array.isArray(raw)
    ? raw.every(isReadable)
    : typeof raw !== "string" || !raw.includes("\ufffd");
}

// No shell has looked at what stands in a file or a crontab.
function expandHome(value: Value, { kind }: Definition, home: string | undefined): Value {
  return (kind === "path" || kind === "queue") && typeof value === "string" && home
    ? value.replace(/^~(?=\/)/, () => home)
    : value;
}

const QUOTED_LENGTH = 80;

/** A raw value as a message quotes it: short, and without its secrets. A URL is masked wherever
 *  it stands, since it may stand in the wrong setting. */
function quoteRaw(raw: unknown, { kind, isSecret }: Definition): string {
  if (isSecret) return "***";
  if (raw instanceof Date) return raw.toISOString();
  if (Array.isArray(raw)) {
    const items: readonly unknown[] = raw;
    return kind === "durations" && items.every((item) => typeof item !== "object")
      ? shorten(items.join(" "))
      : "a list";
  }
  if (typeof raw === "object") return "a table";
  return typeof raw === "string" ? shorten(raw) : String(raw);
}

function shorten(text: string): string {
  const shown = maskUrl(text);
  return JSON.stringify(
    shown.length > QUOTED_LENGTH ? `${shown.slice(0, QUOTED_LENGTH)}…` : shown,
  );
}

/** What the environment gives, and the files that its `_FILE` variables name. An empty variable is as
 *  good as none; names that begin with `MAILQ_TEST_` belong to test suites and are passed over. */
export async function environmentLayer(
  env: Readonly<Record<string, string>>,
  readFile: (path: string) => string,
): Promise<Layer> {
  const layer = emptyLayer();
  const given = Object.entries(env).filter(([name, raw]) =>
    name.startsWith("MAILQ_") && raw !== ""
  );
  if (given.length === 0) return layer;
  const names = new Map(Object.keys(SETTINGS).map((name) => [variableName(name), name]));
  for (const [variable, key] of Object.entries(RELAY_VARIABLES)) {
    names.set(variable, `relay.default.${key}`);
  }
  const home = env.HOME;
  for (const [variable, raw] of given) {
    const name = names.get(variable);
    const definition = name === undefined ? null : definitionOf(name);
    const ofFile = FILE_VARIABLES[variable];
    if (!isReadable(raw) && variable in RELAY_VARIABLES) {
      layer.problems.push({
        text: `Cannot use ${variable}: expected UTF-8 text`,
        isForIntake: false,
      });
    } else if (variable === "MAILQ_PASSWORD") {
      // Whatever it is: no other word for "none".
      layer.values.set("relay.default.password", { value: raw, origin: variable });
    } else if (name !== undefined && definition !== null) {
      takeValue(layer, { name, definition, raw, origin: variable, home });
    } else if (ofFile !== undefined) {
      takeFromFile(layer, { name: ofFile, path: raw, variable, home, readFile });
    } else if (!isReadable(raw)) {
      layer.problems.push({
        text: `Cannot use ${variable}: expected UTF-8 text`,
        isForIntake: true,
      });
    } else if (!OTHER_VARIABLES.includes(variable) && !variable.startsWith("MAILQ_TEST_")) {
      const { variableWarning }: typeof import("./unknown_variable.ts") = await import(
        import.meta.resolve("./unknown_variable.ts")
      );
      layer.warnings.push(variableWarning(variable, [...names.keys(), ...OTHER_VARIABLES]));
    }
  }
  refuseTwice(layer, env);
  const ofRelay = given.find(([variable]) => variable in RELAY_VARIABLES);
  if (ofRelay !== undefined) layer.relays.set("default", ofRelay[0]);
  return layer;
}

/** Takes a setting's value from the first line of a file. */
function takeFromFile(
  layer: Layer,
  { name, path, variable, home, readFile }: {
    readonly name: SettingName;
    readonly path: string;
    readonly variable: string;
    readonly home: string | undefined;
    readonly readFile: (path: string) => string;
  },
): void {
  const definition: Definition = SETTINGS[name];
  try {
    const raw = readFile(path).split("\n")[0]?.trim() ?? "";
    takeValue(layer, { name, definition, raw, origin: variable, home });
  } catch (error) {
    const reason = error instanceof Error && error.name === "NotFound"
      ? "there is no such file"
      : errorText(error);
    layer.problems.push({
      text: `Cannot read ${JSON.stringify(path)} (${variable}): ${reason}`,
      isForIntake: definition.isForIntake === true,
    });
  }
}

/** A secret and the file it is in: which of them is meant cannot be told. */
function refuseTwice(layer: Layer, env: Readonly<Record<string, string>>): void {
  for (const file of ["MAILQ_PASSWORD_FILE", ...Object.keys(FILE_VARIABLES)]) {
    const variable = file.slice(0, -"_FILE".length);
    if (!env[file] || !env[variable]) continue;
    layer.problems.push({
      text: `Cannot use both ${variable} and ${file}: expected one of them`,
      isForIntake: variable === "MAILQ_QUEUE",
    });
  }
}

/** What the command line gives, by the settings' dotted names. */
export function flagLayer(
  flags: Readonly<Record<string, string | number | boolean | undefined>>,
  home: string | undefined,
): Layer {
  const layer = emptyLayer();
  for (const [name, raw] of Object.entries(flags)) {
    const definition = definitionOf(name);
    if (raw !== undefined && definition !== null) {
      takeValue(layer, { name, definition, raw, origin: flagName(name, raw), home });
    }
  }
  return layer;
}

/** A value as the settings' listing shows it. Of a command only the program is told: what follows may
 *  be a secret. */
export function showValue(value: Value | null, { kind, isSecret }: Definition): string {
  if (value === null) return "none";
  if (isSecret) return "***";
  const text = formatValue(value, kind);
  return kind === "command" || /^exec:/i.test(text) ? text.replace(/(?<=\S)\s+\S.*$/s, " …") : text;
}
