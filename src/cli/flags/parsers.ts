import { parseDuration } from "../../queue/durations.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Context } from "../frame/context.ts";

/** A flag's duration, in ms. */
export function duration(text: string): number {
  return parseDuration(text);
}

/** A flag's whole number, 0 or more. */
export function count(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw new MailqError(
    "usage",
    `Cannot read the number "${text}": expected a whole number, 0 or more`,
  );
}

/** A flag's text, which may not be empty. */
export function word(text: string): string {
  if (text.trim() !== "") return text;
  throw new MailqError("usage", `Cannot use an empty value: expected a text`);
}

/** A flag's text, whatever it is. */
export function anyText(text: string): string {
  return text;
}

/** Reads a point in time to come: ISO 8601, or `+15m`. Names the flag where it fails, since the
 *  library does so for parsers alone that do not wait. */
export function timeOf(flag: string) {
  return async function (this: Context, text: string): Promise<number> {
    return await isoTime(text, this.now()).catch((error) => {
      throw new MailqError("usage", `${flag}: ${errorText(error)}`);
    });
  };
}

/** Reads a point in time gone by: ISO 8601, or `2h` for two hours ago. */
export function pastTimeOf(flag: string) {
  return async function (this: Context, text: string): Promise<number> {
    const wrong = () => {
      throw new MailqError(
        "usage",
        `${flag}: Cannot read the time "${text}": expected 2h for two hours ago, or ISO 8601, ` +
          "such as 2026-11-22T18:00",
      );
    };
    try {
      if (/^\d+(\.\d+)?[a-z]/.test(text)) return this.now() - parseDuration(text);
      return text.startsWith("+") ? wrong() : await isoTime(text, this.now());
    } catch {
      return wrong();
    }
  };
}

async function isoTime(text: string, now: number): Promise<number> {
  const { parseTime }: typeof import("../../intake/times.ts") = await import(
    import.meta.resolve("../../intake/times.ts")
  );
  return await parseTime(text, now);
}
