// Says of addresses whether mail for them would be taken and where it would go (`sendmail -bv`).
// It queues nothing and prints nothing: the command prints what is yielded.

import type { Settings } from "../../config/settings.ts";
import { readEnvelope } from "../../intake/address/envelope.ts";
import { scanHeader } from "../../intake/header/headers.ts";
import { errorText, MailqError } from "../../queue/errors.ts";
import { queueExists } from "../../store/open.ts";
import type { App } from "../app.ts";
import { intakeOptions, type OptionsApp } from "../enqueue/options.ts";

/** What mail for one address would come to. */
type Verified =
  | {
    readonly address: string;
    readonly recipients: readonly VerifiedRecipient[];
    readonly warnings: readonly string[];
  }
  | { readonly address: string; readonly refusal: string };

/** Who would get the mail; settings may redirect it. */
interface VerifiedRecipient {
  readonly recipient: string;
  /** How it came of a local name, such as `root → adm → ops@example.org`; null if it did not. */
  readonly way: string | null;
  /** It is on the do-not-send list. */
  readonly isSuppressed: boolean;
}

/** Verifies addresses, one by one and in their order. */
export async function* verifyAddresses(
  app: OptionsApp & Pick<App, "openQueue">,
  settings: Settings,
  addresses: readonly string[],
): AsyncGenerator<Verified> {
  const store = queueExists(settings.queue)
    ? await app.openQueue(settings, { create: false })
    : null;
  const empty = new Uint8Array(0);
  for (const address of addresses) {
    const options = intakeOptions(app, settings, {
      to: [address],
      from: "",
      headerRecipients: "never",
    });
    try {
      const { recipients, ways, warnings } = await readEnvelope(empty, scanHeader(empty), options);
      const suppressed = new Set(await store?.suppressedAmong(recipients));
      yield {
        address,
        recipients: recipients.map((recipient) => ({
          recipient,
          way: ways.get(recipient) ?? null,
          isSuppressed: suppressed.has(recipient),
        })),
        warnings,
      };
    } catch (error) {
      if (!(error instanceof MailqError) || error.code !== "bad_address") throw error;
      yield { address, refusal: errorText(error) };
    }
  }
}
