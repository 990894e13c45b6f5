// How a setting of each kind is read from a raw value and written as text again: durations, sizes,
// rates, addresses. Called by layers.ts for every value given, by settings.ts and by the settings
// file that `mailq init config` prints. Which setting has which kind is in definitions.ts.

import type { Rate } from "../queue/policy/rate.ts";
import { formatDuration, parseDuration } from "../queue/durations.ts";
import { maskUrl, parseRelayUrl } from "./tables/relay_url.ts";

/** What a setting of each kind is once it has been read. */
export interface KindValues {
  readonly string: string;
  /** As it is: its blanks count. */
  readonly secret: string;
  readonly path: string;
  /** One or more, with a blank between them. */
  readonly words: string;
  readonly command: string;
  readonly queue: string;
  readonly hostname: string;
  readonly url: string;
  readonly address: string;
  /** One of the choices, or an address. */
  readonly receiver: string;
  readonly fingerprint: string;
  readonly choice: string;
  readonly bool: boolean;
  readonly int: number;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly durations: readonly number[];
  readonly rate: Rate;
}
export type Kind = keyof KindValues;
export type Value = KindValues[Kind];

/** The bounds a setting puts on its kind. */
export interface Bounds {
  readonly kind: Kind;
  readonly min?: number;
  readonly choices?: readonly string[];
}

/** A raw value that its kind cannot read: what would be right and, where only a part of the
 *  value is wrong, that part. */
export class Mismatch {
  constructor(readonly expected: string, readonly part: string | null = null) {}
}

// Not \p{L}: compiling it costs a millisecond at start.
const HOST_LETTER = "[a-zA-Z0-9\\u00a1-\\uffff]";
const KIBI = 1024;
const SIZE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  B: 1,
  K: KIBI,
  M: KIBI ** 2,
  G: KIBI ** 3,
};
const RATE_UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
// A password in a URL of these is masked, though there is no such queue yet.
const QUEUE_SCHEMES: readonly string[] = ["sqlite", "file", "postgres", "postgresql"];
const TRUE_WORDS: readonly string[] = ["true", "yes", "on", "1"];
const FALSE_WORDS: readonly string[] = ["false", "no", "off", "0"];

type Reader<T> = (raw: unknown, bounds: Bounds) => T | Mismatch;

/** Reads any text without control characters that `isRight` takes. */
function textReader(
  expected: string,
  isRight: (text: string) => boolean = () => true,
): (raw: unknown) => string | Mismatch {
  return (raw) => {
    if (typeof raw !== "string") return new Mismatch(expected);
    const text = raw.trim();
    // deno-lint-ignore no-control-regex -- controls are what is looked for
    return text !== "" && !/[\0-\x1f\x7f]/.test(text) && isRight(text)
      ? text
      : new Mismatch(expected);
  };
}

function readSecret(raw: unknown): string | Mismatch {
  // deno-lint-ignore no-control-regex -- controls are what is looked for
  return typeof raw === "string" && raw !== "" && !/[\0-\x1f\x7f]/.test(raw)
    ? raw
    : new Mismatch("a text without control characters");
}

function readInt(raw: unknown, { min = 0 }: Bounds): number | Mismatch {
  const count = typeof raw === "string" && /^\s*\d+\s*$/.test(raw) ? Number(raw) : raw;
  return typeof count === "number" && Number.isSafeInteger(count) && count >= min
    ? count
    : new Mismatch(`a whole number, ${min} or more`);
}

function readBool(raw: unknown): boolean | Mismatch {
  if (typeof raw === "boolean") return raw;
  const word = typeof raw === "string" ? raw.trim().toLowerCase() : "";
  if (TRUE_WORDS.includes(word)) return true;
  return FALSE_WORDS.includes(word) ? false : new Mismatch("true or false");
}

/** KB, MB and GB are powers of 1024, as mail providers count their limits. */
function readSize(raw: unknown, { min = 0 }: Bounds): number | Mismatch {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([KMG]?)(i?)B?\s*$/i.exec(
    typeof raw === "number" ? String(raw) : typeof raw === "string" ? raw : "",
  );
  const bytes = Number(match?.[1]) * (SIZE_UNITS[match?.[2]?.toUpperCase() ?? ""] ?? NaN);
  return Number.isSafeInteger(bytes) && bytes >= min
    ? bytes
    : new Mismatch("a size such as 50MB, 512KB or a number of bytes");
}

function readDuration(raw: unknown): number | Mismatch {
  try {
    if (typeof raw === "string") return parseDuration(raw);
    if (raw === 0) return 0;
  } catch {
    // The mismatch below says the same in the words of a setting.
  }
  return new Mismatch("a duration such as 90s, 15m, 4h or 7d");
}

function readDurations(raw: unknown): readonly number[] | Mismatch {
  const parts: readonly unknown[] = typeof raw === "string"
    ? raw.split(/[\s,]+/).filter((part) => part !== "")
    : Array.isArray(raw)
    ? raw
    : [];
  const list: number[] = [];
  for (const part of parts) {
    const ms = readDuration(part);
    if (typeof ms === "number") list.push(ms);
  }
  return list.length > 0 && list.length === parts.length
    ? list
    : new Mismatch('durations such as "5m 15m 1h"');
}

function readRate(raw: unknown): Rate | Mismatch {
  const match = /^\s*(\d+)\s*\/\s*([smhd])\s*$/.exec(typeof raw === "string" ? raw : "");
  const count = Number(match?.[1]);
  const perMs = RATE_UNIT_MS[(match?.[2] ?? "s") as keyof typeof RATE_UNIT_MS]; // the pattern's
  return Number.isSafeInteger(count) && count > 0
    ? { count, perMs }
    : new Mismatch("a rate such as 10/s, 100/m, 5000/h or 20000/d");
}

function readWords(raw: unknown): string | Mismatch {
  const words = Array.isArray(raw) && raw.every((word) => /^[^\s,]+$/.test(String(word)))
    ? raw.join(" ")
    : raw;
  const text = textReader("a text, or a list of texts")(words);
  return typeof text === "string" ? text.replace(/[\s,]+/g, " ") : text;
}

function readQueue(raw: unknown): string | Mismatch {
  const text = textReader("the path or URL of a queue")(raw);
  const scheme = typeof text === "string" ? /^([\w+.-]+):\/\//.exec(text)?.[1] : undefined;
  return scheme === undefined || QUEUE_SCHEMES.includes(scheme.toLowerCase())
    ? text
    : new Mismatch("a path, sqlite:PATH or postgres://HOST/DATABASE", `the scheme "${scheme}"`);
}

function readUrl(raw: unknown): string | Mismatch {
  const text = textReader("a URL such as smtp://user@host:587")(raw);
  if (typeof text !== "string") return text;
  const target = parseRelayUrl(text);
  return target.kind === "wrong" ? new Mismatch(target.expected, target.part) : text;
}

function readChoice(raw: unknown, { choices = [] }: Bounds): string | Mismatch {
  const word = typeof raw === "string" ? raw.trim().toLowerCase() : "";
  return choices.includes(word) ? word : new Mismatch(
    `${choices.slice(0, -1).join(", ")} or ${choices.at(-1)}`,
  );
}

const readAddress = textReader(
  "an address such as name@example.org",
  (text) => /^("[^"\\]+"|[^\s@<>,;"\\]+)@[^\s@<>,;"\\]+$/.test(text),
);

function readReceiver(raw: unknown, bounds: Bounds): string | Mismatch {
  const word = readChoice(raw, bounds);
  if (typeof word === "string") return word;
  const address = readAddress(raw);
  return typeof address === "string"
    ? address
    : new Mismatch(`${bounds.choices?.join(", ")} or ${address.expected}`);
}

const READERS: { readonly [K in Kind]: Reader<KindValues[K]> } = {
  string: textReader("a text"),
  secret: readSecret,
  path: textReader("a path"),
  words: readWords,
  command: textReader("a command"),
  queue: readQueue,
  hostname: textReader(
    "a host name such as mail.example.org",
    (text) =>
      text.length <= 253 && new RegExp(`^${HOST_LETTER}([._-]*${HOST_LETTER})*$`).test(text),
  ),
  url: readUrl,
  address: readAddress,
  receiver: readReceiver,
  fingerprint: textReader(
    "a SHA-256 fingerprint of 64 hex digits",
    (text) => /^(sha256:)?([\da-f]{2}:?){31}[\da-f]{2}$/i.test(text),
  ),
  choice: readChoice,
  bool: readBool,
  int: readInt,
  size: readSize,
  duration: readDuration,
  durations: readDurations,
  rate: readRate,
};

/** Reads what a file, a variable or a flag gave for a setting. */
export function readValue(raw: unknown, bounds: Bounds): Value | Mismatch {
  return READERS[bounds.kind](raw, bounds);
}

function isRate(value: Value): value is Rate {
  return typeof value === "object" && "perMs" in value;
}

/** The shortest text that reads as this size. */
function formatSize(bytes: number): string {
  for (const unit of ["G", "M", "K"]) {
    const size = SIZE_UNITS[unit] ?? 1;
    if (bytes >= size && bytes % size === 0) return `${bytes / size}${unit}B`;
  }
  return String(bytes);
}

/** The text that reads as this value again, with a URL's password as `***`. */
export function formatValue(value: Value, kind: Kind): string {
  if (isRate(value)) {
    const unit = Object.entries(RATE_UNIT_MS).find(([, ms]) => ms === value.perMs)?.[0];
    return `${value.count}/${unit}`;
  }
  if (typeof value === "object") return value.map(formatDuration).join(" ");
  if (typeof value === "number" && kind === "duration") return formatDuration(value);
  if (typeof value === "number" && kind === "size") return formatSize(value);
  return typeof value === "string" && (kind === "url" || kind === "queue")
    ? maskUrl(value)
    : String(value);
}
