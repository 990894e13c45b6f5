// Builders by which a command declares its flags: `{ limit: count("At most so many") }`. The type
// of what the command gets follows from the declaration: `FlagsOf<typeof FLAGS>`. Called by every
// file of src/cli/commands; times have a file of their own. No flag is ever required.

import { parseDuration } from "../../queue/durations.ts";
import { MailqError } from "../../queue/errors.ts";

/** What help says of a flag with a value: its meaning, and what stands for the value. */
interface About {
  readonly brief: string;
  readonly placeholder: string;
}

/** A flag, or an argument, whose text becomes a value. */
export interface ParsedFlag<T> extends About {
  readonly kind: "parsed";
  readonly optional: true;
  readonly parse: (this: Now, text: string) => T | Promise<T>;
}

/** Of the command's context only the time is asked for. */
export interface Now {
  now(): number;
}

/** One that may be repeated. */
interface ParsedFlags<T> extends ParsedFlag<T> {
  readonly variadic: true;
}

interface ToggleFlag {
  readonly kind: "boolean";
  readonly optional: true;
  readonly withNegated: false;
  readonly brief: string;
}

interface ChoiceFlag<T extends string> extends About {
  readonly kind: "enum";
  readonly optional: true;
  readonly values: readonly T[];
}

/** What a command gets of the flags it declared; one that is not given is not there. */
export type FlagsOf<Declared> = {
  readonly [Name in keyof Declared]?: ValueOf<Declared[Name]>;
};

type ValueOf<Flag> = Flag extends ToggleFlag ? boolean
  : Flag extends ChoiceFlag<infer T> ? T
  : Flag extends ParsedFlags<infer T> ? readonly T[]
  : Flag extends ParsedFlag<infer T> ? T
  : never;

/** What a command without flags gets. */
export type NoFlags = Readonly<Record<never, never>>;

/** A switch. */
export function toggle(brief: string): ToggleFlag {
  return { kind: "boolean", optional: true, withNegated: false, brief };
}

/** A text that is not empty. */
export function text(about: About): ParsedFlag<string> {
  return parsed(about, readText);
}

/** Texts that are not empty. */
export function texts(about: About): ParsedFlags<string> {
  return { ...text(about), variadic: true };
}

/** A text as it is, be it empty. */
export function anyText(about: About): ParsedFlag<string> {
  return parsed(about, readAnyText);
}

/** A duration such as `90s` or `4h`, in ms. */
export function span(
  { brief, placeholder = "DURATION" }: Pick<About, "brief"> & Partial<About>,
): ParsedFlag<number> {
  return parsed({ brief, placeholder }, parseDuration);
}

/** A whole number, 0 or more. */
export function count(brief: string): ParsedFlag<number> {
  return parsed({ brief, placeholder: "N" }, readCount);
}

/** One of a few words, which help lists. */
export function oneOf<const T extends string>(
  values: readonly T[],
  about: About,
): ChoiceFlag<T> {
  return { kind: "enum", optional: true, values, ...about };
}

/** A value that `parse` reads; it throws `usage` where it cannot. */
export function parsed<T>(about: About, parse: ParsedFlag<T>["parse"]): ParsedFlag<T> {
  return { kind: "parsed", optional: true, parse, ...about };
}

/** A command's only argument: a text that is not empty. */
export function oneArgument(about: About) {
  return { kind: "tuple", parameters: [{ ...about, parse: readText }] } as const;
}

/** A command's only argument, which may be left out. */
export function maybeOneArgument(about: About) {
  return { kind: "tuple", parameters: [{ ...about, parse: readAnyText, optional: true }] } as const;
}

/** Any number of arguments; each as it is, unless `parse` says otherwise. */
export function manyArguments(about: About, parse = readAnyText) {
  return { kind: "array", parameter: { ...about, parse } } as const;
}

/** At least one argument. */
export function someArguments(about: About) {
  return { ...manyArguments(about), minimum: 1 } as const;
}

/** Reads a text that is not empty. Throws `usage` for one that is. */
export function readText(text: string): string {
  if (text.trim() !== "") return text;
  throw new MailqError("usage", "Cannot use an empty value: expected a text");
}

function readAnyText(text: string): string {
  return text;
}

function readCount(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new MailqError(
    "usage",
    `Cannot read the number "${text}": expected a whole number, 0 or more`,
  );
}
