// Loads the settings: reads the files, lays the layers over each other, and throws what is wrong.
// Called once by every command, so nothing is imported here that a call without a settings file
// does not need. What the merged values mean is in settings.ts.

import type { Route } from "../queue/policy/route.ts";
import type { Rule } from "../queue/policy/rule.ts";
import { MailqError } from "../queue/errors.ts";
import {
  emptyLayer,
  environmentLayer,
  flagLayer,
  type Layer,
  type Problem,
  type Sourced,
} from "./layers.ts";
import { SETTINGS } from "./definitions.ts";
import type { ListenSettings } from "./tables/listen.ts";
import { checkRelays } from "./tables/relays.ts";
import { buildSettings, type Merged, type Settings, type Surroundings } from "./settings.ts";

const SYSTEM_FILE = "/etc/mailq.toml";

/** What settings are wanted for: taking mail in depends on a few of them only. */
export type Purpose = "intake" | "all";

export interface LoadOptions extends Surroundings {
  readonly isRoot: boolean;
  /** By the settings' dotted names, as the command line gave them. */
  readonly flags: Readonly<Record<string, string | number | boolean | undefined>>;
  /** `--config`: replaces the default files. */
  readonly configFile: string | null;
  readonly purpose: Purpose;
}

/** Merges defaults, settings files, the environment and flags; later wins. What is wrong throws
 *  `config_invalid`, or `usage` in a flag, with the place and what would be right; for `intake` a
 *  wrong setting that taking mail in does not use is a warning instead, so that a typo loses no
 *  mail. Throws `permission` where a settings file may not be read; for `intake` that is a warning
 *  too, unless the file was named. */
export async function loadSettings(options: LoadOptions): Promise<Settings> {
  const { env } = options;
  const layers = await fileLayers(options);
  layers.push(await environmentLayer(env, options.readFile));
  layers.push(flagLayer(options.flags, env.HOME));
  return buildSettings(await mergeLayers(layers, options.purpose), options);
}

async function fileLayers(options: LoadOptions): Promise<Layer[]> {
  const { env } = options;
  const given = options.configFile ?? (env.MAILQ_CONFIG || null);
  const paths = given === null ? defaultFiles(options) : [given];
  const layers: Layer[] = [];
  for (const path of paths) {
    const text = readFileOrWarn(path, { ...options, isRequired: given !== null }, layers);
    if (text === null) continue;
    // Only now, since most calls have no file and the parser costs as much as all the rest.
    const { readSettingsFile }: typeof import("./settings_file.ts") = await import(
      import.meta.resolve("./settings_file.ts")
    );
    layers.push(readSettingsFile({ text, path, home: env.HOME }));
  }
  return layers;
}

/** Null where there is nothing to read. For intake a file that nobody named may be out of reach,
 *  such as that of another user's HOME: that is a warning. */
function readFileOrWarn(
  path: string,
  options: Pick<LoadOptions, "readFile" | "purpose"> & { readonly isRequired: boolean },
  layers: Layer[],
): string | null {
  try {
    return readFileIfAny(path, options);
  } catch (error) {
    const isFatal = options.isRequired || options.purpose !== "intake";
    if (isFatal || !(error instanceof MailqError)) throw error;
    layers.push({ ...emptyLayer(), warnings: [error.message] });
    return null;
  }
}

function defaultFiles({ env, isRoot }: LoadOptions): string[] {
  // Root's settings are the machine's: sudo may have kept the caller's HOME.
  if (isRoot) return [SYSTEM_FILE];
  const folder = env.XDG_CONFIG_HOME?.startsWith("/")
    ? env.XDG_CONFIG_HOME
    : env.HOME
    ? `${env.HOME}/.config`
    : null;
  return folder === null ? [SYSTEM_FILE] : [SYSTEM_FILE, `${folder}/mailq/config.toml`];
}

const MISSING: readonly string[] = ["NotFound", "NotADirectory"];
const FORBIDDEN: readonly string[] = ["PermissionDenied", "NotCapable"];

function readFileIfAny(
  path: string,
  { isRequired, readFile }: Pick<LoadOptions, "readFile"> & { readonly isRequired: boolean },
): string | null {
  try {
    return readFile(path);
  } catch (cause) {
    const name = cause instanceof Error ? cause.name : "";
    if (MISSING.includes(name) && !isRequired) return null;
    const isForbidden = FORBIDDEN.includes(name);
    const reason = isForbidden
      ? "permission denied; --config FILE names another"
      : MISSING.includes(name)
      ? "there is no such file"
      : cause instanceof Error
      ? cause.message
      : String(cause);
    throw new MailqError(
      isForbidden ? "permission" : "config_invalid",
      `Cannot read the settings file ${JSON.stringify(path)}: ${reason}`,
      { cause },
    );
  }
}

async function mergeLayers(layers: readonly Layer[], purpose: Purpose): Promise<Merged> {
  const values = new Map<string, Sourced>();
  const tables = new Map<string, string>();
  let routes: readonly Sourced<Route>[] = [];
  let rules: readonly Sourced<Rule>[] = [];
  let hooks: Merged["hooks"] = [];
  const problems: Problem[] = [];
  const warnings: string[] = [];
  for (const layer of layers) {
    problems.push(...layer.problems);
    warnings.push(...layer.warnings);
    for (const [name, origin] of layer.relays) {
      tables.set(name, origin);
      const file = `relay.${name}.password_file`;
      const command = `relay.${name}.password_command`;
      const isSet = (key: string) => (layer.values.get(key)?.value ?? null) !== null;
      // The later source's way to the password stands for the earlier one's.
      if (isSet(file)) values.delete(command);
      if (isSet(command)) values.delete(file);
      if (isSet(file) && isSet(command)) {
        problems.push({
          text: `Cannot use both ${file} and ${command} (${layer.values.get(command)?.origin}): ` +
            "expected one of them",
          isForIntake: false,
        });
      }
    }
    for (const [name, sourced] of layer.values) values.set(name, sourced);
    routes = layer.routes ?? routes;
    rules = layer.rules ?? rules;
    if (layer.hooks === null) continue;
    const { readHooks } = await loadHooks();
    hooks = readHooks(layer.hooks, (text) => problems.push({ text, isForIntake: false }));
  }
  const onStalled = values.get("on.stalled");
  if (onStalled !== undefined && onStalled.value !== null) {
    const { stallHook } = await loadHooks();
    const hook = stallHook(onStalled, (text) => problems.push({ text, isForIntake: false }));
    if (hook !== null) hooks = [...hooks, hook];
  }
  problems.push(...checkRelays(tables, values, routes));
  const headerFrom = values.get("header_from");
  if (headerFrom?.value === "force" && (values.get("force_from")?.value ?? null) === null) {
    problems.push({
      text: `Cannot use header_from = "force" (${headerFrom.origin}) without force_from: ` +
        "expected the address that all mail is from",
      isForIntake: false,
    });
  }
  // Taking mail in needs none of it but the path of listen.submit.
  const listen = purpose === "all" ? await mergeListen(values, problems) : null;
  for (const { text, isForIntake, isFlag } of problems) {
    if (isFlag) throw new MailqError("usage", text);
    if (isForIntake || purpose === "all") throw new MailqError("config_invalid", text);
    warnings.push(text);
  }
  return { values, relayNames: [...tables.keys()], routes, rules, hooks, listen, warnings };
}

function loadHooks(): Promise<typeof import("./tables/hooks.ts")> {
  return import(import.meta.resolve("./tables/hooks.ts"));
}

/** The table [listen]; what is wrong with it goes to `problems`. */
async function mergeListen(
  values: ReadonlyMap<string, Sourced>,
  problems: Problem[],
): Promise<ListenSettings | null> {
  if (![...values.keys()].some((name) => name.startsWith("listen."))) return null;
  const { readListen }: typeof import("./tables/listen.ts") = await import(
    import.meta.resolve("./tables/listen.ts")
  );
  const read = readListen(values, SETTINGS["listen.max_connections"].default);
  problems.push(...read.problems);
  return read.listen;
}
