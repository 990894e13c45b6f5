// Opens the log of a command that sends: `run` and `send`. Which format it has is the setting `log`'s
// to say, or --json; what its lines look like is the formats'.

import type { Settings } from "../../config/settings.ts";
import { isJournal } from "../../system/service/journal.ts";
import type { Context } from "../frame/context.ts";
import { JSON_FORMAT } from "./json_format.ts";
import { Log } from "./log.ts";
import { TEXT_FORMAT } from "./text_format.ts";

/** From now on the command's events are logged, and what it says itself with them. Without the
 *  setting `log` there is one only if `isOnByDefault`. */
export async function openLog(
  { output, machine }: Context,
  settings: Pick<Settings, "log" | "hostname">,
  { isOnByDefault }: { readonly isOnByDefault: boolean },
): Promise<void> {
  if (settings.log === null && !isOnByDefault) return;
  const isOfJournal = isJournal(machine.env);
  const name = output.isJson ? "json" : settings.log ?? "text";
  let format = name === "json" ? JSON_FORMAT : TEXT_FORMAT;
  if (name === "postfix") {
    const { postfixFormat }: typeof import("./postfix_format.ts") = await import(
      import.meta.resolve("./postfix_format.ts")
    );
    const [host = "localhost"] = settings.hostname.split(".", 1);
    format = postfixFormat({ host, pid: Deno.pid, uid: Deno.uid() ?? 0, isBare: isOfJournal });
  }
  output.useLog(new Log(format, machine.clock, isOfJournal), { hasTexts: true });
}
