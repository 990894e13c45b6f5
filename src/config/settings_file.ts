// Reads a settings file into a layer, and notes everything in it that is unknown, misplaced or
// wrong, each with its line. Called by load.ts, and loaded only where there is a file, since the
// TOML parser costs time at start.

import type { Route } from "../queue/policy/route.ts";
import type { Rule } from "../queue/policy/rule.ts";
import { parse, TomlError } from "smol-toml";
import { type Definition, definitionOf, RELAY_KEYS, SETTINGS } from "./definitions.ts";
import { findKeyLines } from "./key_lines.ts";
import { emptyLayer, type HookTable, type Layer, type Sourced, takeValue } from "./layers.ts";
import { RETIRED, retiredWarning } from "./retired.ts";
import { readRule } from "./tables/rules.ts";
import { suggestName } from "./suggest.ts";

type Table = Readonly<Record<string, unknown>>;

interface FileSource {
  readonly text: string;
  /** As complaints name it. */
  readonly path: string;
  /** What `~` stands for. */
  readonly home: string | undefined;
}

/** Reads a settings file's text. What is wrong in it is noted in the layer, in the file's order;
 *  nothing throws. */
export function readSettingsFile(source: FileSource): Layer {
  return new SettingsFile(source).layer;
}

const TABLE_NAMES: readonly string[] = [
  "relay",
  "route",
  "rule",
  "hook",
  ...tablesOf(SETTINGS),
];
const RETIRED_TABLES = tablesOf(RETIRED);
const ROUTE_KEYS: readonly string[] = ["sender", "recipient", "relays"];
const RELAY_KEYS_OF_FILES = Object.entries<Definition>(RELAY_KEYS)
  .filter(([, definition]) => !definition.isSecret).map(([key]) => key);
/** Tables in a relay's, and a key of each. */
const RELAY_TABLES: Readonly<Record<string, string>> = {
  tls: "tls.mode",
  oauth: "oauth.provider and oauth.client_id",
};
const NOT_PASSWORD = "expected password_file or password_command";

function tableOf(name: string): string {
  return name.slice(0, name.lastIndexOf("."));
}

/** The tables that hold settings with these dotted names. */
function tablesOf(settings: Readonly<Record<string, unknown>>): readonly string[] {
  return [...new Set(Object.keys(settings).filter((name) => name.includes(".")).map(tableOf))];
}

/** What can be shown of a line that is no TOML, and what is probably wrong with it. Of a value nothing:
 *  it may be a secret. */
function lineWithoutValue(line: string): string {
  const [, key, value = ""] = /^\s*([\w.-]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
  if (key === undefined) return "";
  const isBare = /^[^"'\d[{+-]/.test(value) && !/^(true|false)\b/.test(value);
  return ` in \`${key} = …\`` + (isBare ? `; text stands in quotes: ${key} = "…"` : "");
}

function isTable(value: unknown): value is Table {
  return typeof value === "object" && value !== null && !Array.isArray(value) &&
    !(value instanceof Date);
}

class SettingsFile {
  readonly layer = emptyLayer();
  readonly path: string;
  readonly home: string | undefined;
  readonly #lines: ReadonlyMap<string, number>;

  readonly #text: string;

  constructor({ text, path, home }: FileSource) {
    this.#text = text;
    this.path = path;
    this.home = home;
    this.#lines = findKeyLines(text);
    try {
      this.#readTop(parse(text));
    } catch (error) {
      if (!(error instanceof TomlError)) throw error;
      this.#noteSyntax(error);
    }
  }

  /** `file:line` of a name, or of the nearest table above it that has a line of its own. */
  #origin(name: string): string {
    for (let at = name; at !== ""; at = at.includes(".") ? tableOf(at) : "") {
      const line = this.#lines.get(at);
      if (line !== undefined) return `${this.path}:${line}`;
    }
    return this.path;
  }

  #take(name: string, definition: Definition, raw: unknown): void {
    const origin = this.#origin(name);
    takeValue(this.layer, { name, definition, raw, origin, home: this.home });
  }

  #note(text: string, name: string, expected: string): void {
    this.layer.problems.push({
      text: `${text} (${this.#origin(name)}): ${expected}`,
      isForIntake: false,
    });
  }

  #noteSyntax(error: TomlError): void {
    // The parser's message goes on with lines of the file, which may hold secrets.
    const reason = error.message.split("\n")[0]?.replace(/^Invalid TOML document: /, "");
    const isForIntake = [...this.#lines.keys()].some((name) => definitionOf(name)?.isForIntake);
    const where = lineWithoutValue(this.#text.split("\n")[error.line - 1] ?? "");
    this.layer.problems.push({
      text: `Cannot read the settings (${this.path}:${error.line}): ${reason}${where}`,
      isForIntake,
    });
  }

  #readTop(top: Table): void {
    for (const [name, raw] of Object.entries(top)) {
      const isTables = name === "route" || name === "rule" || name === "hook";
      // A pattern that is another one would match nothing, in silence.
      if (isTables && JSON.stringify(raw).includes("\ufffd")) {
        this.#note(`Cannot use [[${name}]]`, name, "expected UTF-8 text");
      }
      if (name === "relay") this.#readRelays(raw);
      else if (name === "route") this.layer.routes = this.#readArray(name, raw, this.#readRoute);
      else if (name === "rule") this.layer.rules = this.#readArray(name, raw, this.#readRule);
      else if (name === "hook") {
        const hooks = this.#readArray(name, raw, this.#readHook);
        this.layer.hooks = hooks && hooks.map(({ value }) => value);
      } else this.#readEntry(name, raw);
    }
  }

  #readEntry(name: string, raw: unknown): void {
    const definition = Object.hasOwn(SETTINGS, name) ? definitionOf(name) : null;
    const retired = retiredWarning(name, this.#origin(name));
    if (definition !== null) {
      this.#take(name, definition, raw);
    } else if (isTable(raw) && [...TABLE_NAMES, ...RETIRED_TABLES].includes(name)) {
      for (const [key, value] of Object.entries(raw)) this.#readEntry(`${name}.${key}`, value);
    } else if (retired !== null) {
      this.layer.warnings.push(retired);
    } else if (TABLE_NAMES.includes(name)) {
      this.#note(`Cannot use ${name} as a setting`, name, `expected a table [${name}]`);
    } else if (isTable(raw)) {
      const near = suggestName(name, TABLE_NAMES);
      this.#note(
        `Unknown table [${name}]`,
        name,
        near === null ? `expected one of ${TABLE_NAMES.join(", ")}` : `did you mean [${near}]?`,
      );
    } else {
      this.#noteUnknownSetting(name);
    }
  }

  #noteUnknownSetting(name: string): void {
    const near = suggestName(name, Object.keys(SETTINGS));
    const isMisplaced = near !== null && !near.includes(".") && name.endsWith(`.${near}`);
    this.#note(
      `Unknown setting ${name}`,
      name,
      near === null
        ? "mailq init config prints all there are"
        : `did you mean ${near}?${isMisplaced ? " It belongs above the first [table]" : ""}`,
    );
  }

  #readRelays(relays: unknown): void {
    if (!isTable(relays)) {
      this.#note("Cannot use relay as a setting", "relay", "expected a table [relay.NAME]");
      return;
    }
    for (const [relay, table] of Object.entries(relays)) {
      const name = `relay.${relay}`;
      if (!isTable(table)) {
        this.#note(`Cannot use ${name} as a setting`, name, `expected a table [relay.NAME]`);
      } else if (!/^[\w-]+$/.test(relay)) {
        this.#note(
          `Cannot use the relay name ${JSON.stringify(relay)}`,
          name,
          "expected letters, digits, - and _",
        );
      } else {
        this.layer.relays.set(relay, this.#origin(name));
        this.#readRelay(name, table);
      }
    }
  }

  #readRelay(name: string, table: Table): void {
    for (const [key, raw] of Object.entries(table)) {
      const example = RELAY_TABLES[key];
      if (example === undefined) {
        this.#readRelayKey(name, key, raw);
      } else if (isTable(raw)) {
        for (const [inner, value] of Object.entries(raw)) {
          this.#readRelayKey(name, `${key}.${inner}`, value);
        }
      } else {
        this.#note(
          `Cannot use ${name}.${key} as a setting`,
          `${name}.${key}`,
          `expected ${example}`,
        );
      }
    }
  }

  #readRelayKey(relay: string, key: string, raw: unknown): void {
    const name = `${relay}.${key}`;
    const definition = definitionOf(name);
    if (definition === null) {
      const near = suggestName(key, Object.keys(RELAY_KEYS));
      this.#note(
        `Unknown setting ${name}`,
        name,
        near === null
          ? `expected one of ${RELAY_KEYS_OF_FILES.join(", ")}`
          : near === "password"
          ? NOT_PASSWORD
          : `did you mean ${relay}.${near}?`,
      );
    } else if (definition.isSecret) {
      this.#note(
        `Cannot keep ${name} in a settings file`,
        name,
        NOT_PASSWORD,
      );
    } else if (name !== "relay.default.url") {
      this.#take(name, definition, raw);
    } else if (this.#lines.has("transport")) {
      this.#note("Cannot use both transport and relay.default.url", name, "expected one of them");
    } else {
      takeValue(this.layer, {
        name: "transport",
        definition: SETTINGS.transport,
        raw,
        origin: this.#origin(name),
        home: this.home,
      });
    }
  }

  /** Reads the tables of an array, leaving out those that `read` cannot make anything of. */
  #readArray<T>(
    array: string,
    raw: unknown,
    read: (table: Table, name: string) => T | null,
  ): Sourced<T>[] | null {
    if (!Array.isArray(raw) || !raw.every(isTable)) {
      this.#note(`Cannot use ${array} as a setting`, array, `expected tables [[${array}]]`);
      return null;
    }
    return raw.flatMap((table, index) => {
      const name = `${array}.${index}`;
      const value = read.call(this, table, name);
      return value === null ? [] : { value, origin: this.#origin(name) };
    });
  }

  #readRule(table: Table, name: string): Rule | null {
    return readRule(
      table,
      (text, key, expected) => this.#note(text, `${name}.${key}`, expected),
    );
  }

  #readHook(table: Table, name: string): HookTable {
    return { table, origin: (key) => this.#origin(key === "" ? name : `${name}.${key}`) };
  }

  #readRoute(table: Table, name: string): Route | null {
    for (const key of Object.keys(table)) {
      if (ROUTE_KEYS.includes(key)) continue;
      const near = suggestName(key, ROUTE_KEYS);
      this.#note(
        `Unknown setting ${key} of a route`,
        `${name}.${key}`,
        near === null ? `expected one of ${ROUTE_KEYS.join(", ")}` : `did you mean ${near}?`,
      );
      return null;
    }
    const pattern = (key: "sender" | "recipient"): string | null => {
      const raw = table[key];
      if (raw === undefined) return null;
      if (typeof raw === "string" && /^[^\s\p{Cc}]+$/u.test(raw)) return raw;
      this.#note(
        `Cannot use the ${key} of a route`,
        `${name}.${key}`,
        'expected a pattern such as "*@example.org"',
      );
      return null;
    };
    const relays: unknown = table.relays;
    if (!isNameList(relays)) {
      this.#note(
        "Cannot use the relays of a route",
        `${name}.relays`,
        'expected names in order, such as ["default", "backup"]',
      );
      return null;
    }
    return { sender: pattern("sender"), recipient: pattern("recipient"), relays };
  }
}

function isNameList(raw: unknown): raw is readonly string[] {
  return Array.isArray(raw) && raw.length > 0 && raw.every((name) => typeof name === "string");
}
