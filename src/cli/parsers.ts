import { parseDuration } from "../queue/durations.ts";
import { MailqError } from "../queue/errors.ts";
import type { Context } from "./context.ts";

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

/** A point in time to come: ISO 8601, or `+15m`. */
export async function time(this: Context, text: string): Promise<number> {
  const { parseTime }: typeof import("../intake/times.ts") = await import(
    import.meta.resolve("../intake/times.ts")
  );
  return await parseTime(text, this.now());
}

/** A point in time gone by: ISO 8601, or `2h` for two hours ago. */
export async function pastTime(this: Context, text: string): Promise<number> {
  if (/^\d+(\.\d+)?[a-z]/.test(text)) return this.now() - parseDuration(text);
  const wrong = new MailqError(
    "usage",
    `Cannot read the time "${text}": expected 2h for two hours ago, or ISO 8601, such as ` +
      "2026-11-22T18:00",
  );
  if (text.startsWith("+")) throw wrong;
  const { parseTime }: typeof import("../intake/times.ts") = await import(
    import.meta.resolve("../intake/times.ts")
  );
  return await parseTime(text, this.now()).catch(() => {
    throw wrong;
  });
}
