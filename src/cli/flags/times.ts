// Builders of flags whose value is a point in time. Called by commands and the filter. What ISO
// 8601 may look like is src/intake/times.ts's, which is loaded only when a time is given.

import { parseDuration } from "../../queue/durations.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { type Now, parsed, type ParsedFlag } from "./builders.ts";

/** A flag of a time. It is named here too: the library says which flag is wrong only where reading
 *  it does not wait. */
interface AboutTime {
  readonly flag: `--${string}`;
  readonly brief: string;
}

/** A time to come, in ms since 1970: ISO 8601, or `+15m`. */
export function timeToCome({ flag, brief }: AboutTime): ParsedFlag<number> {
  return parsed({ brief, placeholder: "TIME" }, async function (text) {
    return await readTimeToCome(flag, text, this);
  });
}

/** Reads what `timeToCome` reads. */
export async function readTimeToCome(
  flag: AboutTime["flag"],
  text: string,
  context: Now,
): Promise<number> {
  return await isoTime(text, context.now()).catch((error) => {
    throw new MailqError("usage", `${flag}: ${errorText(error)}`);
  });
}

/** A time gone by, in ms since 1970: ISO 8601, or `2h` for two hours ago. */
export function timeGoneBy({ flag, brief }: AboutTime): ParsedFlag<number> {
  return parsed({ brief, placeholder: "TIME" }, async function (text) {
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
  });
}

async function isoTime(text: string, now: number): Promise<number> {
  const { parseTime }: typeof import("../../intake/times.ts") = await import(
    import.meta.resolve("../../intake/times.ts")
  );
  return await parseTime(text, now);
}
