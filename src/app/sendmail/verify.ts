import { sanitise } from "../../display/sanitise.ts";
import { readEnvelope } from "../../intake/address/envelope.ts";
import { scanHeader } from "../../intake/header/headers.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import type { Context } from "../../cli/frame/context.ts";
import { intakeSettings } from "../enqueue/enqueue.ts";
import { queueExists } from "../../cli/frame/queue_path.ts";

/** `sendmail -bv`: says of each address where its mail would go, and queues none. Throws
 *  `bad_address` if one of them could get no mail. */
export async function verifyAddresses(
  context: Context,
  addresses: readonly string[],
): Promise<void> {
  if (addresses.length === 0) {
    throw new MailqError("usage", "Cannot verify nothing: give at least one address after -bv");
  }
  const { machine, output } = context;
  const settings = await context.settings("intake");
  const store = queueExists(settings.queue) ? await context.store(settings, false) : null;
  const empty = new Uint8Array(0);
  let refused = 0;
  for (const address of addresses) {
    try {
      const { recipients } = await readEnvelope(empty, scanHeader(empty), {
        to: [address],
        from: "",
        headerRecipients: "never",
        settings: intakeSettings(settings, machine),
        now: context.now(),
        random: machine.random,
      });
      const suppressed = new Set(await store?.suppressedAmong(recipients));
      for (const recipient of recipients) {
        const fate = suppressed.has(recipient) ? "on the do-not-send list" : "deliverable";
        const goesTo = recipient === address ? "" : ` to ${recipient}`;
        output.line(sanitise(`${address}... ${fate}${goesTo}`));
      }
    } catch (error) {
      if (!(error instanceof MailqError) || error.code !== "bad_address") throw error;
      refused++;
      output.line(sanitise(`${address}... ${errorText(error)}`));
    }
  }
  if (refused === 0) return;
  throw new MailqError("bad_address", `Cannot send to ${refused} of ${addresses.length} addresses`);
}
