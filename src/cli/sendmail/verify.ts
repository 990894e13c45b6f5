// `sendmail -bv`: prints of each address where its mail would go. Loaded by call.ts when it is
// asked for; the judging is src/app/sendmail/verify.ts's.

import { hostnameWarning } from "../../config/hostname_warning.ts";
import { sanitise } from "../../display/sanitise.ts";
import { MailqError } from "../../queue/errors.ts";
import { verifyAddresses } from "../../app/sendmail/verify.ts";
import type { Context } from "../frame/context.ts";

/** Prints a line for each address and recipient. Throws `bad_address` if one of the addresses could
 *  get no mail. */
export async function verify(context: Context, addresses: readonly string[]): Promise<void> {
  if (addresses.length === 0) {
    throw new MailqError("usage", "Cannot verify nothing: give at least one address after -bv");
  }
  const { app, output } = context;
  const settings = await context.settings("intake");
  const warning = hostnameWarning(settings.hostname);
  if (warning !== null) output.warn(warning);
  let refused = 0;
  for await (const one of verifyAddresses(app, settings, addresses)) {
    const { address } = one;
    if ("refusal" in one) {
      refused++;
      output.line(sanitise(`${address}... ${one.refusal}`));
      continue;
    }
    for (const warning of one.warnings) output.warn(warning);
    for (const { recipient, way, isSuppressed } of one.recipients) {
      const fate = isSuppressed ? "on the do-not-send list" : "deliverable";
      const goesTo = recipient === address ? "" : ` to ${recipient}`;
      // The two ends of it have been told.
      const by = way === null || way.split(" → ").length < 3 ? "" : ` (${way})`;
      output.line(sanitise(`${address}... ${fate}${goesTo}${by}`));
    }
  }
  if (refused === 0) return;
  throw new MailqError("bad_address", `Cannot send to ${refused} of ${addresses.length} addresses`);
}
