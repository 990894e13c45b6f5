// Reads the [[hook]] tables of a settings file. Called by load.ts, which loads this file only where there
// are such tables. What hooks are told, and when, is src/app/hooks'.

import { parseDuration } from "../../queue/durations.ts";
import { typesOf } from "../../queue/event.ts";
import { isLoopback } from "../../queue/relay_target.ts";
import type { HookTable, Sourced } from "../layers.ts";
import { suggestName } from "../suggest.ts";

/** Who is told of events, and how. */
export interface HookSettings {
  readonly name: string;
  /** Types of events. */
  readonly events: readonly string[];
  readonly way: HookWay;
  /** Events told at once, at most. */
  readonly batch: number;
  readonly timeoutMs: number;
  /** As the settings' listing shows it, without secrets. */
  readonly shown: string;
}

type HookWay =
  | { readonly kind: "command"; readonly command: string }
  | { readonly kind: "url"; readonly url: string; readonly secretFile: string | null };

const KEYS: readonly string[] = [
  "name",
  "events",
  "command",
  "url",
  "secret_file",
  "batch",
  "timeout",
];
/** Not a process a message. */
const COMMAND_BATCH = 100;
const MOST_BATCH = 1_000;
const TIMEOUT_MS = 30_000;
const LONGEST_TIMEOUT_MS = 60 * 60_000;

/** What is wrong with a key of a hook. */
type Note = (text: string, key: string, expected: string) => void;

/** Reads the hooks of a settings file; what is wrong is noted, and that hook left out. */
export function readHooks(tables: readonly HookTable[], note: NoteOf): Sourced<HookSettings>[] {
  const hooks: Sourced<HookSettings>[] = [];
  for (const table of tables) {
    const noteKey: Note = (text, key, expected) =>
      note(`${text} (${table.origin(key)}): ${expected}`);
    const hook = readHook(table.table, noteKey);
    if (hook === null) continue;
    if (hooks.some(({ value }) => value.name === hook.name)) {
      noteKey(`Cannot use the hook name "${hook.name}" twice`, "name", "expected another name");
    } else hooks.push({ value: hook, origin: table.origin("") });
  }
  return hooks;
}

/** The hook that the setting on.stalled stands for; null where its URL cannot be used, which is noted. */
export function stallHook({ value, origin }: Sourced, note: NoteOf): Sourced<HookSettings> | null {
  const name = "on.stalled";
  const events = [...typesOf("queue.stalled"), ...typesOf("queue.moving")];
  const text = String(value);
  const way = /^https?:\/\//i.test(text)
    ? urlWay(text, null)
    : { kind: "command", command: text } as const;
  if (way === null) {
    note(`Cannot use the URL of ${name} (${origin}): ${URL_EXPECTED}`);
    return null;
  }
  const shown = show(way, events);
  // One at a time: who is told of a stall is told of nothing else.
  return { value: { name, events, way, batch: 1, timeoutMs: TIMEOUT_MS, shown }, origin };
}

/** Told of each thing that is wrong, in one line. */
type NoteOf = (text: string) => void;

function readHook(table: Readonly<Record<string, unknown>>, note: Note): HookSettings | null {
  const unknown = Object.keys(table).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) {
    const near = suggestName(unknown, KEYS);
    const expected = near === null ? `expected one of ${KEYS.join(", ")}` : `did you mean ${near}?`;
    note(`Unknown setting ${unknown} of a hook`, unknown, expected);
    return null;
  }
  const { name } = table;
  if (typeof name !== "string" || !/^[\w-]{1,64}$/.test(name)) {
    const given = name === undefined ? "a hook without a name" : `name = ${quoted(name)} of a hook`;
    note(`Cannot use ${given}`, "name", "expected letters, digits, - and _");
    return null;
  }
  const wrong = (key: string, expected: string) => {
    note(`Cannot use ${key} = ${quoted(table[key])} of the hook ${name}`, key, expected);
    return null;
  };
  const events = readEvents(table.events, wrong);
  const way = readWay(table, { name, note, wrong });
  const batch = table.batch ?? (way?.kind === "url" ? 1 : COMMAND_BATCH);
  const isCount = typeof batch === "number" && Number.isInteger(batch) && batch >= 1 &&
    batch <= MOST_BATCH;
  if (!isCount) wrong("batch", `expected a whole number, 1 to ${MOST_BATCH}`);
  const timeoutMs = readTimeout(table.timeout);
  if (timeoutMs === null) wrong("timeout", 'expected a duration such as "30s", an hour at most');
  if (events === null || way === null || !isCount || timeoutMs === null) return null;
  return { name, events, way, batch, timeoutMs, shown: show(way, events) };
}

type Wrong = (key: string, expected: string) => null;

function readEvents(raw: unknown, wrong: Wrong): readonly string[] | null {
  const patterns: readonly unknown[] = typeof raw === "string"
    ? [raw]
    : Array.isArray(raw)
    ? raw
    : [];
  if (raw === undefined) return typesOf("*");
  const types = patterns.map((pattern) => typeof pattern === "string" ? typesOf(pattern) : []);
  return types.length > 0 && types.every(({ length }) => length > 0)
    ? [...new Set(types.flat())]
    : wrong(
      "events",
      `expected types such as "recipient.failed" or "relay.*": ${typesOf("*").join(", ")}`,
    );
}

function readWay(
  table: Readonly<Record<string, unknown>>,
  { name, note, wrong }: { readonly name: string; readonly note: Note; readonly wrong: Wrong },
): HookWay | null {
  const { command, url, secret_file: secretFile = null } = table;
  if ((command === undefined) === (url === undefined)) {
    const what = command === undefined ? "neither command nor url" : "both command and url";
    note(`Cannot use the hook ${name} with ${what}`, "name", "expected one of them");
    return null;
  }
  const isPath = typeof secretFile === "string" && secretFile.trim() !== "";
  if (secretFile !== null && !isPath) return wrong("secret_file", "expected a path");
  if (url === undefined) {
    if (secretFile !== null) {
      return wrong("secret_file", "expected it beside a url, which it signs");
    }
    return typeof command === "string" && command.trim() !== "" && !command.includes("\0")
      ? { kind: "command", command }
      : wrong("command", "expected a command for /bin/sh");
  }
  const found = urlWay(url, isPath ? secretFile : null);
  if (found === null) note(`Cannot use the url of the hook ${name}`, "url", URL_EXPECTED);
  return found;
}

const URL_EXPECTED =
  "expected https://HOST/…, or http:// on this machine, without a user or password";

function urlWay(url: unknown, secretFile: string | null): HookWay | null {
  const parsed = typeof url === "string" && URL.canParse(url) ? new URL(url) : null;
  const isSafe = parsed?.protocol === "https:" ||
    (parsed?.protocol === "http:" && isLoopback(parsed.hostname.replace(/^\[|\]$/g, "")));
  if (parsed === null || !isSafe || parsed.username !== "" || parsed.password !== "") return null;
  return { kind: "url", url: parsed.href, secretFile };
}

function readTimeout(raw: unknown): number | null {
  if (raw === undefined) return TIMEOUT_MS;
  try {
    const ms = typeof raw === "string" ? parseDuration(raw) : 0;
    return ms > 0 && ms <= LONGEST_TIMEOUT_MS ? ms : null;
  } catch {
    return null;
  }
}

function quoted(raw: unknown): string {
  return typeof raw === "object" ? "a table or list" : JSON.stringify(raw);
}

/** What stands in the listing. Of a command only the program is told, of a URL not what follows its host:
 *  there may be a secret in it. */
function show(way: HookWay, events: readonly string[]): string {
  const to = way.kind === "url"
    ? `${new URL(way.url).origin}/…`
    : way.command.replace(/(?<=\S)\s+\S.*$/s, " …");
  return `${events.length === typesOf("*").length ? "all events" : events.join(" ")} → ${to}`;
}
