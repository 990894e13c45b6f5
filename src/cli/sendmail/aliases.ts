// `newaliases` and `sendmail -bi`: checks the aliases, of which mailq needs no database. Loaded by
// call.ts when it is asked for; what is wrong in the file is src/intake/aliases' to say.

import { intakeSettings } from "../../app/enqueue/options.ts";
import { sanitise } from "../../display/sanitise.ts";
import { checkAliases } from "../../intake/aliases/local_mail.ts";
import type { Context } from "../frame/context.ts";

/** Prints a line for each thing that is wrong in the aliases; that is no failure, since installers of
 *  programs call this. Throws `input_unreadable` where the file cannot be read. */
export async function newaliases(context: Context): Promise<void> {
  const { app, output } = context;
  const settings = await context.settings("intake");
  const checked = await checkAliases(intakeSettings(app, settings));
  const { path } = settings.aliases;
  if (checked === null) {
    output.detail(`${path}: there is no such file, and there need be none`);
    return;
  }
  for (const { line, text } of checked.problems) output.line(sanitise(`${path}:${line}: ${text}`));
  const { names, problems } = checked;
  const wrong = problems.length === 0 ? "nothing wrong" : `${problems.length} wrong`;
  output.detail(`${path}: ${names} ${names === 1 ? "name" : "names"}, ${wrong}`);
}
